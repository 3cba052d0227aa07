package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections"
)

// refusing is a projection that takes no event.
type refusing struct{}

func (refusing) Resume(context.Context, error) (uint64, error) { return 0, nil }

func (refusing) Apply(context.Context, []eventstore.Recorded) error { return errors.New("refused") }

func (refusing) Retries(error) bool { return false }

// Every follower of the log has its metrics, by its name.
func TestFollowerMetrics(t *testing.T) {
	log := memory.New()
	if _, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{{
		ID: "1", Aggregate: domain.ClientAggregate("a"), Event: domain.ClientDeleted{},
	}}}); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	var followers []*projections.Follower
	for _, name := range []string{"idle", "stopped"} {
		f, err := projections.Open(t.Context(), name, log, refusing{}, logger)
		if err != nil {
			t.Fatal(err)
		}
		followers = append(followers, f)
	}
	running := projections.Start(logger, followers[1])
	if err := followers[1].Wait(t.Context(), 1); err == nil {
		t.Fatal("it took the event")
	}
	if err := running.Stop(); err == nil {
		t.Error("nothing is said of what it stopped on")
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(followerMetrics{followers})
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`roster_follower_lag_events{follower="idle"} 1`, `roster_follower_lag_events{follower="stopped"} 1`,
		`roster_follower_stopped{follower="idle"} 0`, `roster_follower_stopped{follower="stopped"} 1`,
	} {
		if !strings.Contains(answer.Body.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, answer.Body)
		}
	}
}
