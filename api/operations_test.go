package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/domain"
	"roster/projections/readmodel"
)

func TestHealth(t *testing.T) {
	s := checked(t)
	expect(t, s.do("GET", "/healthz"), http.StatusOK, "")
	expect(t, s.do("GET", "/readyz"), http.StatusOK, "")
	s.register(webClient)
	expect(t, s.do("GET", "/readyz"), http.StatusOK, "")
	s.stop()
	got := s.do("GET", "/readyz")
	expect(t, got, http.StatusServiceUnavailable, "")
	if diff := cmp.Diff(map[string]any{"status": "unavailable", "reasons": []any{"the read model has stopped; the service's log says why"}}, got.json(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	expect(t, s.do("GET", "/healthz"), http.StatusOK, "")
}

func TestNotReadyWithoutTheLog(t *testing.T) {
	s := checked(t, func(o *api.Options) {
		o.Ready = func(context.Context) error { return errors.New("dial tcp 10.0.0.7:4222: connection refused") }
	})
	got := s.do("GET", "/readyz")
	expect(t, got, http.StatusServiceUnavailable, "")
	if diff := cmp.Diff(map[string]any{"status": "unavailable", "reasons": []any{"the event log cannot be written"}}, got.json(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(s.logs.String(), "10.0.0.7") {
		t.Error("the cause is not in the log")
	}
}

// behind is a read model that has not applied the log's last event.
type behind struct{ readmodel.Reader }

func (behind) Health() readmodel.Health { return readmodel.Health{Applied: 4, Last: 7} }

func TestNotReadyBehindTheLog(t *testing.T) {
	s := checked(t, func(o *api.Options) { o.Reader = behind{o.Reader} })
	got := s.do("GET", "/readyz")
	expect(t, got, http.StatusServiceUnavailable, "")
	if !strings.Contains(string(got.body), "not caught up") {
		t.Errorf("answer is %s", got)
	}
	if metrics := string(s.do("GET", "/metrics").body); !strings.Contains(metrics, "\nroster_projector_lag_events 3\n") {
		t.Errorf("no lag of 3 in\n%s", metrics)
	}
}

// troubled is a read model that does not go on at present.
type troubled struct {
	readmodel.Reader
	by error
}

func (r troubled) Health() readmodel.Health {
	return readmodel.Health{Applied: 7, Last: 7, Trouble: r.by}
}

// What passes, or what somebody has to do something about, is said in plain words, and when to ask again.
func TestNotReadyInTrouble(t *testing.T) {
	ready := func(err error) func(*api.Options) {
		return func(o *api.Options) { o.Ready = func(context.Context) error { return err } }
	}
	trouble := func(err error) func(*api.Options) {
		return func(o *api.Options) { o.Reader = troubled{o.Reader, err} }
	}
	for want, change := range map[string]func(*api.Options){
		"the disk is full":                                 ready(fmt.Errorf("sync: %w", domain.ErrDiskFull)),
		"the event log cannot be written":                  ready(domain.ErrUnavailable),
		"the read model is being built from the event log": trouble(readmodel.ErrRebuilding),
		"the read model cannot go on at present":           trouble(errors.New("database or disk is full")),
	} {
		s := checked(t, change)
		got := s.do("GET", "/readyz")
		expect(t, got, http.StatusServiceUnavailable, "")
		if !strings.Contains(string(got.body), want) || got.header.Get("Retry-After") == "" {
			t.Errorf("want %q: Retry-After %q, %s", want, got.header.Get("Retry-After"), got)
		}
	}
}

func TestMetrics(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	s.do("GET", client.path, bearer(client.token))
	s.do("GET", "/no/such/path")
	s.do("BREW", clientsPath)
	s.do("GET", "/api/v1/clients", asAdmin) // which waits for the read model
	got := s.do("GET", "/metrics")
	expect(t, got, http.StatusOK, "")
	for _, line := range []string{
		`roster_registrations_total 1`,
		`roster_projector_lag_events 0`,
		`roster_projector_stopped 0`,
		`roster_http_requests_total{method="POST",route="/identity/register",status="201"} 1`,
		`roster_http_requests_total{method="GET",route="/identity/register/:client_id",status="200"} 1`,
		`roster_http_requests_total{method="GET",route="unknown",status="404"} 1`,
		`roster_http_requests_total{method="other",route="/identity/register",status="405"} 1`,
		`roster_http_request_duration_seconds_count{method="POST",route="/identity/register"} 1`,
	} {
		if !strings.Contains(string(got.body), line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	holdsNoSecret(t, string(got.body), client)
	if strings.Contains(string(got.body), client.id) {
		t.Error("a client's id is a label")
	}
}

func TestStoppedReadModel(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	s.do("GET", "/api/v1/clients", asAdmin) // which waits for the read model
	s.stop()
	// What is in the read model can still be read; what waits for it does not hang.
	expect(t, s.do("GET", client.path, bearer(client.token)), http.StatusOK, "")
	feed := s.follow("")
	feed.next()
	if feed.lines.Scan(); feed.lines.Err() == nil && feed.lines.Scan() {
		t.Errorf("a feed of a read model that has stopped goes on with %q", feed.lines.Text())
	}
	if metrics := string(s.do("GET", "/metrics").body); !strings.Contains(metrics, "\nroster_projector_stopped 1\n") {
		t.Error("the metrics don't say that the projector has stopped")
	}
	// It is durable all the same.
	s.register(webClient)
	if s.last() != 2 {
		t.Error("a registration was not recorded")
	}
}
