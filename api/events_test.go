package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// eventLine is an event line of the contract.
type eventLine struct {
	Seq      uint64         `json:"seq"`
	Time     time.Time      `json:"time"`
	ID       string         `json:"id"`
	Type     string         `json:"type"`
	ClientID string         `json:"client_id"`
	Token    string         `json:"initial_access_token"` // instead of a client
	Actor    actor          `json:"actor"`
	Data     map[string]any `json:"data"`
}

type actor struct {
	Kind domain.ActorKind `json:"kind"`
	ID   string           `json:"id"`
	IP   string           `json:"ip"`
}

// lines decodes an answer of one JSON object a line.
func lines[T any](tb testing.TB, got answer) []T {
	tb.Helper()
	expect(tb, got, http.StatusOK, "")
	if contentType := got.header.Get("Content-Type"); contentType != "application/x-ndjson" {
		tb.Errorf("Content-Type is %q", contentType)
	}
	var found []T
	for line := range bytes.Lines(got.body) {
		var value T
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&value); err != nil {
			tb.Fatalf("%v: %s", err, line)
		}
		found = append(found, value)
	}
	return found
}

func (s *service) events(path string, parts ...part) []eventLine {
	s.tb.Helper()
	return lines[eventLine](s.tb, s.do("GET", path, append(parts, asAdmin)...))
}

func sequences(events []eventLine) []uint64 {
	var found []uint64
	for _, e := range events {
		found = append(found, e.Seq)
	}
	return found
}

// What happens to the registry itself is about no client and no token, and changes none.
func TestEventsOfTheRegistry(t *testing.T) {
	s := checked(t)
	c := s.client(webClient)
	seq, err := s.log.Append(t.Context(), domain.Change{Events: []domain.Envelope{
		{ID: "one", Time: time.Now(), Aggregate: domain.RegistryAggregate(), Actor: domain.Actor{Kind: domain.ActorSystem, ID: "roster"},
			Event: domain.SealingKeyIntroduced{KeyID: "3274d7afdf7001fa"}},
		{ID: "two", Time: time.Now(), Aggregate: domain.RegistryAggregate(), Actor: domain.Actor{Kind: domain.ActorSystem, ID: "roster"},
			Event: domain.LossAccepted{From: 7, To: 9}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.model.Wait(t.Context(), seq); err != nil {
		t.Fatal(err)
	}
	all := s.events("/api/v1/events")
	if len(all) != 3 || all[2].Type != "LossAccepted" || all[2].ClientID != "" || all[2].Token != "" || all[2].Data["to"] != 9.0 || all[2].Actor.Kind != domain.ActorSystem {
		t.Errorf("events %+v", all)
	}
	if only := s.events("/api/v1/events?type=SealingKeyIntroduced"); len(only) != 1 || only[0].Data["key_id"] != "3274d7afdf7001fa" {
		t.Errorf("events %+v", only)
	}
	if only := s.events("/api/v1/events?client_id=" + c.id); len(only) != 1 {
		t.Errorf("events of the client: %+v", only)
	}
	if clients := lines[map[string]any](t, s.do("GET", "/api/v1/registry?at=3", asAdmin)); len(clients) != 1 {
		t.Errorf("registry %v", clients)
	}
}

func TestEvents(t *testing.T) {
	s := checked(t)
	first, second := s.client(webClient), s.client(webClient)
	s.do("DELETE", first.path, bearer(first.token))

	all := s.events("/api/v1/events")
	if diff := cmp.Diff([]uint64{1, 2, 3}, sequences(all)); diff != "" {
		t.Fatalf("sequences (-want +got):\n%s", diff)
	}
	if e := all[2]; e.Type != "ClientDeleted" || e.ClientID != first.id || e.Actor != (actor{domain.ActorClient, first.id, "127.0.0.1"}) || e.ID == "" {
		t.Errorf("the deletion is %+v", e)
	}
	since := url.QueryEscape(all[1].Time.Format(time.RFC3339Nano))
	for query, want := range map[string][]uint64{
		"?after=1":                    {2, 3},
		"?after=99":                   nil,
		"?limit=2":                    {1, 2},
		"?client_id=" + second.id:     {2},
		"?client_id=none":             nil,
		"?type=ClientDeleted":         {3},
		"?actor=client":               {1, 2, 3},
		"?actor=admin":                nil,
		"?ip=127.0.0.1":               {1, 2, 3},
		"?ip=127.0.0.0/30":            {1, 2, 3},
		"?ip=::ffff:127.0.0.0/120":    {1, 2, 3},
		"?ip=2001:db8::/32":           nil,
		"?member=client_name":         nil,
		"?token=none":                 nil,
		"?since=" + since:             {2, 3},
		"?until=" + since:             {1, 2},
		"?since=2100-01-01T00:00:00Z": nil,
		"?after=1&limit=1&type=ClientRegistered&client_id=" + second.id: {2},
	} {
		if diff := cmp.Diff(want, sequences(s.events("/api/v1/events"+query))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	if diff := cmp.Diff([]uint64{1, 3}, sequences(s.events("/api/v1/clients/"+first.id+"/events"))); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	body := string(s.do("GET", "/api/v1/events", asAdmin).body)
	for _, client := range []registered{first, second} {
		for _, secret := range []string{client.token, client.text(t, "client_secret")} {
			if strings.Contains(body, secret) {
				t.Error("an event holds a secret or token in the clear")
			}
		}
	}
	head := s.do("HEAD", "/api/v1/events", asAdmin)
	if expect(t, head, http.StatusOK, ""); len(head.body) != 0 {
		t.Error("HEAD has a body")
	}
}

// More events than a query answers are read to their end.
func TestEventsBeyondOnePage(t *testing.T) {
	s := start(t)
	const count = 2500
	for i := range count {
		id := fmt.Sprintf("01890000-0000-7000-8000-%012d", i)
		_, err := s.log.Append(t.Context(), domain.Change{Events: []domain.Envelope{{
			ID: "e" + id, Time: time.Unix(int64(i), 0), Aggregate: domain.ClientAggregate(id),
			Actor: domain.Actor{Kind: domain.ActorClient, ID: id},
			Event: domain.ClientRegistered{Metadata: oauth.Metadata{}, IssuedAt: time.Unix(int64(i)+1, 0), RegistrationAccessToken: domain.DigestOf(id)},
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.model.Wait(t.Context(), count); err != nil {
		t.Fatal(err)
	}
	var want []uint64
	for seq := uint64(1); seq <= count; seq++ {
		want = append(want, seq)
	}
	if got := sequences(s.events("/api/v1/events")); !slices.Equal(got, want) {
		t.Errorf("read %d events", len(got))
	}
	if got := sequences(s.events("/api/v1/events?limit=2001")); !slices.Equal(got, want[:2001]) {
		t.Errorf("read %d events, want 2001", len(got))
	}
	if got := lines[map[string]any](t, s.do("GET", "/api/v1/registry?at=2100", asAdmin)); len(got) != 2100 {
		t.Errorf("the registry as of 2100 has %d clients", len(got))
	}
	feed := s.follow("")
	for seq := uint64(1); seq <= count; seq++ {
		if e := feed.next(); e.Seq != seq {
			t.Fatalf("followed to %d, want %d", e.Seq, seq)
		}
	}
}

// feed is a reader of server-sent events.
type feed struct {
	tb       testing.TB
	body     io.ReadCloser
	lines    *bufio.Scanner
	response *http.Response
}

func (s *service) follow(query string, parts ...part) *feed {
	s.tb.Helper()
	return s.subscribe("/api/v1/events"+query, append(parts, asAdmin)...)
}

func (s *service) subscribe(path string, parts ...part) *feed {
	s.tb.Helper()
	request, err := http.NewRequestWithContext(s.tb.Context(), "GET", s.URL+path, nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	for _, p := range append(parts, header("Accept", "text/event-stream")) {
		p(request)
	}
	response, err := s.Client().Do(request)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		s.tb.Fatalf("feed: %s, %v", response.Status, response.Header)
	}
	return &feed{tb: s.tb, body: response.Body, lines: bufio.NewScanner(response.Body), response: response}
}

// serverEvent is a server-sent event.
type serverEvent struct{ name, id, data string }

// nextServerEvent waits for the next event. The test's deadline bounds the wait.
func (f *feed) nextServerEvent() (e serverEvent) {
	f.tb.Helper()
	for f.lines.Scan() {
		name, value, _ := strings.Cut(f.lines.Text(), ": ")
		switch name {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
			return e
		}
	}
	f.tb.Fatalf("feed ended: %v", f.lines.Err())
	return e
}

// next waits for the next event of the log.
func (f *feed) next() (e eventLine) {
	f.tb.Helper()
	got := f.nextServerEvent()
	if err := json.Unmarshal([]byte(got.data), &e); err != nil {
		f.tb.Fatalf("%v: %s", err, got.data)
	}
	if got.id != strconv.FormatUint(e.Seq, 10) {
		f.tb.Errorf("id %s of event %d", got.id, e.Seq)
	}
	return e
}

func TestFollowEvents(t *testing.T) {
	s := start(t)
	first := s.client(webClient)
	feed := s.follow("")
	if e := feed.next(); e.Seq != 1 || e.ClientID != first.id {
		t.Errorf("history begins with %+v", e)
	}
	second := s.client(webClient)
	if e := feed.next(); e.Seq != 2 || e.ClientID != second.id {
		t.Errorf("then came %+v", e)
	}
	feed.body.Close()

	s.do("DELETE", first.path, bearer(first.token))
	resumed := s.follow("?after=0", header("Last-Event-ID", "1"))
	for _, want := range []uint64{2, 3} {
		if e := resumed.next(); e.Seq != want {
			t.Errorf("resumed with %d, want %d", e.Seq, want)
		}
	}
	if e := s.follow("?after=2").next(); e.Seq != 3 {
		t.Errorf("after 2 came %d", e.Seq)
	}
	filtered := s.follow("?type=ClientDeleted&after=3")
	s.client(webClient)
	s.do("DELETE", second.path, bearer(second.token))
	if e := filtered.next(); e.Seq != 5 {
		t.Errorf("of the deletions came %d first", e.Seq)
	}
	limited := s.follow("?limit=1")
	limited.next()
	if rest, err := io.ReadAll(limited.body); err != nil || strings.Contains(string(rest), "data") {
		t.Errorf("beyond the limit came %q, %v", rest, err)
	}
}

// A server that shuts down ends its feeds properly, or it would wait for them for ever.
func TestFeedsEndOnShutdown(t *testing.T) {
	s := start(t)
	s.client(webClient)
	feed := s.follow("")
	feed.next()
	if err := s.Config.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(feed.body); err != nil {
		t.Errorf("feed ended with %v after %q", err, rest)
	}
}

// failingReader fails in the middle of an answer.
type failingReader struct {
	readmodel.Reader
	after int
}

var errBroken = errors.New("disk on fire at /dev/sda")

func (r *failingReader) EachEvent(context.Context, readmodel.EventQuery, func(uint64) error, func(readmodel.Event) error) error {
	return errBroken
}

func (r *failingReader) RegistryAt(ctx context.Context, at readmodel.Moment, yield func(readmodel.StoredClient) error) error {
	metadata := oauth.Metadata{"client_name": oauth.Text(strings.Repeat("x", 1000))}.AppendJSON(nil)
	for range r.after {
		client := readmodel.Client{Client: domain.Client{ID: "x"}}
		if err := yield(readmodel.StoredClient{Undescribed: client, Metadata: metadata}); err != nil {
			return err
		}
	}
	return errBroken
}

// An answer that fails in the middle must not look complete, and one that fails before is an error like any.
func TestAnswersThatFail(t *testing.T) {
	for _, test := range []struct {
		path    string
		after   int
		aborted bool
	}{{"/api/v1/events", 0, false}, {"/api/v1/registry?at=1", 0, false}, {"/api/v1/registry?at=1", 1000, true}} {
		s := start(t, func(o *api.Options) { o.Reader = &failingReader{o.Reader, test.after} })
		s.register(publicClient)
		request, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL+test.path, nil)
		asAdmin(request)
		response, err := s.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		response.Body.Close()
		if strings.Contains(string(got), "sda") {
			t.Errorf("%s tells internals: %s", test.path, got)
		}
		if aborted := err != nil; aborted != test.aborted {
			t.Errorf("%s after %d: body ends with error %v", test.path, test.after, err)
		}
		if !test.aborted {
			expect(t, answer{response.StatusCode, response.Header, got}, http.StatusInternalServerError, "server_error")
		}
		s.Close()
		if !strings.Contains(s.logs.String(), "disk on fire") {
			t.Errorf("%s: nothing in the log: %s", test.path, s.logs)
		}
	}
}

func TestRegistryAt(t *testing.T) {
	s := checked(t)
	first, second := s.client(webClient), s.client(webClient)
	s.do("DELETE", first.path, bearer(first.token))
	events := s.events("/api/v1/events")
	for at, want := range map[string][]string{
		"0": nil,
		"1": {first.id},
		"2": {first.id, second.id},
		"3": {second.id},
		url.QueryEscape(events[1].Time.Format(time.RFC3339Nano)): {first.id, second.id},
		"2000-01-01T00:00:00Z": nil,
	} {
		got := s.do("GET", "/api/v1/registry?at="+at, asAdmin)
		var ids []string
		for _, client := range lines[map[string]any](t, got) {
			ids = append(ids, client["client_id"].(string))
		}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", at, diff)
		}
		holdsNoSecret(t, string(got.body), first)
	}
}
