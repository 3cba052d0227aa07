package web_test

import (
	"bufio"
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web"
)

// A feed is a stream of live events as a browser reads it.
type feed struct {
	testing.TB
	header http.Header
	body   io.ReadCloser
	lines  *bufio.Scanner
}

// patience is how long a test waits for what a stream should send at once.
const patience = 30 * time.Second

// A message is one server-sent event.
type message struct{ event, id, data string }

// follow opens a stream. It fails the test when the stream is silent for long.
func (v *visitor) follow(path, lastEventID string) *feed {
	v.Helper()
	ctx, cancel := context.WithTimeout(v.Context(), patience)
	v.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, nil)
	if err != nil {
		v.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	if lastEventID != "" {
		req.Header.Set("Last-Event-ID", lastEventID)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		v.Fatal(err)
	}
	v.Cleanup(func() { resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		v.Fatalf("content type %q", got)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return &feed{v.TB, resp.Header, resp.Body, lines}
}

// next returns the next message; false at the end of the stream.
func (f *feed) next() (message, bool) {
	f.Helper()
	var m message
	for f.lines.Scan() {
		switch name, value, _ := strings.Cut(f.lines.Text(), ":"); name {
		case "":
			if m != (message{}) {
				return m, true
			}
		case "event":
			m.event = strings.TrimSpace(value)
		case "id":
			m.id = strings.TrimSpace(value)
		case "data":
			m.data += value
		}
	}
	if err := f.lines.Err(); err != nil && err != io.ErrUnexpectedEOF {
		f.Fatalf("the stream broke: %v", err)
	}
	return message{}, false
}

// want reads up to the next message that is no beat.
func (f *feed) want(event, id string) message {
	f.Helper()
	for {
		m, ok := f.next()
		if ok && m.event == "beat" {
			continue
		}
		if !ok || m.event != event || m.id != id {
			f.Fatalf("got %q with id %q (%t), want %q with id %q", m.event, m.id, ok, event, id)
		}
		return m
	}
}

// rows reads what the stream tells up to an event, as markup and as the sequences of the events that have rows of their own.
func (f *feed) rows(upTo int) (markup string, seqs []string) {
	f.Helper()
	for {
		m, ok := f.next()
		if ok && m.event == "beat" {
			continue
		}
		id, err := strconv.Atoi(m.id)
		if !ok || m.event != "rows" || err != nil {
			f.Fatalf("got %q with id %q (%t), want rows up to %d", m.event, m.id, ok, upTo)
		}
		markup += m.data
		if id >= upTo {
			for _, row := range eventRows.FindAllStringSubmatch(markup, -1) {
				seqs = append(seqs, row[1])
			}
			return markup, seqs
		}
	}
}

func name(i int) string {
	return fmt.Sprintf(`{"client_name":"client %d","redirect_uris":["https://a.example.com/cb"]}`, i)
}

func TestTheStreamFollowsTheLog(t *testing.T) {
	r := newRegistry(t)
	r.register(t, name(1))
	r.register(t, name(2))
	feed := r.admin(t).follow("/admin/events/stream?after=1", "")
	if rows, _ := feed.rows(2); !strings.Contains(rows, "client 2") || !strings.Contains(rows, "<tr") || strings.Contains(rows, "client 1") {
		t.Errorf("rows %q", rows)
	}
	r.register(t, `{"client_name":"`+hostile+`","redirect_uris":["https://a.example.com/cb"]}`)
	if rows, _ := feed.rows(3); strings.Contains(rows, "<script") || !strings.Contains(rows, "&lt;script&gt;") {
		t.Errorf("rows %q", rows)
	}
	r.register(t, name(4))
	if _, seqs := feed.rows(4); !slices.Equal(seqs, []string{"4"}) {
		t.Errorf("rows of %v", seqs)
	}
}

func TestAStreamResumesWhereItBroke(t *testing.T) {
	r := newRegistry(t)
	for i := range 5 {
		r.register(t, name(i))
	}
	feed := r.admin(t).follow("/admin/events/stream?after=1", "3")
	if _, seqs := feed.rows(5); !slices.Equal(seqs, []string{"4", "5"}) {
		t.Errorf("rows of %v", seqs)
	}
}

func TestAStreamSendsWhatWasAskedFor(t *testing.T) {
	r := newRegistry(t)
	a := r.register(t, name(1)).Client.ID
	b := r.register(t, name(2)).Client.ID
	admin := domain.Actor{Kind: domain.ActorAdmin, ID: adminName}
	feed := r.admin(t).follow("/admin/events/stream?type=ClientRevoked&client="+b, "")
	for _, id := range []string{a, b} {
		if err := r.registrar.Revoke(t.Context(), admin, id, ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, seqs := feed.rows(4); !slices.Equal(seqs, []string{"4"}) {
		t.Errorf("rows of %v", seqs)
	}
}

// More events than can be read have one row, which counts them and leads to them. What an administrator did meanwhile
// has its own.
func TestAFloodIsFolded(t *testing.T) {
	r := newRegistry(t)
	var last string
	for i := range 80 {
		last = r.register(t, name(i)).Client.ID
	}
	if err := r.registrar.Revoke(t.Context(), domain.Actor{Kind: domain.ActorAdmin, ID: adminName, IP: "192.0.2.1"}, last, "leaked"); err != nil {
		t.Fatal(err)
	}
	v := r.admin(t)
	rows, seqs := v.follow("/admin/events/stream?after=10", "").rows(81)
	if !slices.Equal(seqs, []string{"81"}) || !strings.Contains(textOf(rows), "70 registered by 192.0.2.7 in ") || !strings.Contains(rows, `data-new="70"`) {
		t.Fatalf("rows of %v: %s", seqs, textOf(rows))
	}
	path := html.UnescapeString(regexp.MustCompile(`class="told" href="([^"]*)"`).FindStringSubmatch(rows)[1])
	if path != "/admin/events?actor=client&events=11..80&ip=192.0.2.7&type=ClientRegistered" {
		t.Errorf("the fold leads to %s", path)
	}
	page := v.get(path)
	if found := sequences(page); len(found) != 50 || found[0] != "80" {
		t.Errorf("there are %v", found)
	}
	if found := sequences(v.get(linkTo(page.body, "Older events"))); len(found) != 20 || found[19] != "11" {
		t.Errorf("further on there are %v", found)
	}

	filtered, seqs := v.follow("/admin/events/stream?ip=192.0.2.0/24&type=ClientRegistered&after=10", "").rows(80)
	if len(seqs) > 0 || !strings.Contains(filtered, "/admin/events?actor=client&amp;events=11..80&amp;ip=192.0.2.7&amp;type=ClientRegistered") {
		t.Errorf("rows of %v: %s", seqs, filtered)
	}
}

// A reader who is too far behind for all events to be looked at is told how many were left out, and is led to them.
func TestAReaderFarBehindIsToldOfTheGap(t *testing.T) {
	r := newRegistry(t)
	for i := range 1020 {
		r.register(t, name(i))
	}
	for query, want := range map[string]struct{ text, link string }{
		"?after=5":                       {"15 more events are not shown here.", "/admin/events?events=6..20"},
		"?type=ClientRegistered&after=5": {"More events are not shown here.", "/admin/events?events=6..20&type=ClientRegistered"},
	} {
		rows, _ := r.admin(t).follow("/admin/events/stream"+query, "").rows(1020)
		if text := textOf(rows); !strings.Contains(text, want.text) || linkTo(rows, "Show them") != want.link ||
			!strings.Contains(text, "1,000 registered by 192.0.2.7 in ") {
			t.Errorf("%s: %s leads to %s", query, text, linkTo(rows, "Show them"))
		}
	}
}

func TestAStreamNeedsASession(t *testing.T) {
	r := newRegistry(t)
	r.register(t, name(1))
	feed := r.visitor(t).follow("/admin/events/stream?after=0", "")
	feed.want("signed-out", "")
	if m, ok := feed.next(); ok {
		t.Errorf("after that came %+v", m)
	}
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	feed := v.follow("/admin/events/stream", "")
	v.post("/admin/logout", url.Values{})
	r.register(t, name(1)) // wakes the stream, which must not send it
	feed.want("signed-out", "")
	if m, ok := feed.next(); ok {
		t.Errorf("after that came %+v", m)
	}
}

// broken is a read model that cannot be read beyond a sequence.
type broken struct {
	readmodel.Reader
	after uint64
}

func (b broken) Events(ctx context.Context, q readmodel.EventQuery) ([]readmodel.Event, error) {
	if q.After > b.after {
		return nil, readmodel.ErrUnavailable
	}
	return b.Reader.Events(ctx, q)
}

// A stream that fails ends in the middle, as a broken connection does: nobody takes it for one that ended.
func TestAStreamThatFailsIsBrokenOff(t *testing.T) {
	r := newRegistry(t, func(o *web.Options) { o.Reader = broken{o.Reader, 1} })
	r.register(t, name(1))
	r.register(t, name(2))
	feed := r.admin(t).follow("/admin/events/stream?after=1", "")
	feed.rows(2)
	r.register(t, name(3))
	if rest, err := io.ReadAll(feed.body); err != io.ErrUnexpectedEOF {
		t.Errorf("after that came %q and the stream ended with %v, want %v", rest, err, io.ErrUnexpectedEOF)
	}
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	r := newRegistry(t)
	feed := r.admin(t).follow("/admin/events/stream", "")
	for m, _ := feed.next(); m.event != "beat"; m, _ = feed.next() {
	}
	r.stop()
	for {
		if _, ok := feed.next(); !ok {
			break
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.server.Config.Shutdown(ctx); err != nil {
		t.Errorf("the server did not stop: %v", err)
	}
}
