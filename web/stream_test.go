package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
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

func name(i int) string {
	return fmt.Sprintf(`{"client_name":"client %d","redirect_uris":["https://a.example.com/cb"]}`, i)
}

func TestTheStreamFollowsTheLog(t *testing.T) {
	r := newRegistry(t)
	r.register(t, name(1))
	r.register(t, name(2))
	feed := r.admin(t).follow("/admin/events/stream?after=1", "")
	if m := feed.want("entry", "2"); !strings.Contains(m.data, "client 2") || !strings.Contains(m.data, "<tr") {
		t.Errorf("entry %q", m.data)
	}
	r.register(t, `{"client_name":"`+hostile+`","redirect_uris":["https://a.example.com/cb"]}`)
	if m := feed.want("entry", "3"); strings.Contains(m.data, "<script") || !strings.Contains(m.data, "&lt;script&gt;") {
		t.Errorf("entry %q", m.data)
	}
	r.register(t, name(4))
	feed.want("entry", "4")
}

func TestAStreamResumesWhereItBroke(t *testing.T) {
	r := newRegistry(t)
	for i := range 5 {
		r.register(t, name(i))
	}
	feed := r.admin(t).follow("/admin/events/stream?after=1", "3")
	feed.want("entry", "4")
	feed.want("entry", "5")
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
	feed.want("entry", "4")
}

func TestAReaderFarBehindIsToldOfTheGap(t *testing.T) {
	r := newRegistry(t)
	for i := range 130 {
		r.register(t, name(i))
	}
	feed := r.admin(t).follow("/admin/events/stream?after=10", "")
	gap := feed.want("gap", "")
	if text := textOf(gap.data); !strings.Contains(text, "20 events are not shown here.") || linkTo(gap.data, "Show them") != "/admin/events?before=31" {
		t.Errorf("the gap says %q", gap.data)
	}
	for seq := 31; seq <= 130; seq++ {
		feed.want("entry", fmt.Sprint(seq))
	}

	filtered := r.admin(t).follow("/admin/events/stream?type=ClientRegistered&after=10", "").want("gap", "")
	if text := textOf(filtered.data); !strings.Contains(text, "20 events are not") || linkTo(filtered.data, "Show them") != "/admin/events?before=31&type=ClientRegistered" {
		t.Errorf("the gap of some events says %q", filtered.data)
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
	feed.want("entry", "2")
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
