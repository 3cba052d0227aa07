package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"roster/domain"
	"roster/eventstore"
)

// newer makes of an encoded event what only a newer program can read.
var newer = map[string]func(*eventstore.Encoded){
	"a type":    func(r *eventstore.Encoded) { r.Type = "ClientForgotten" },
	"a version": func(r *eventstore.Encoded) { r.Version = 99 },
	"a member": func(r *eventstore.Encoded) {
		r.Body = bytes.Replace(r.Body, []byte(`{"data":{`), []byte(`{"data":{"unheard_of":true,`), 1)
	},
}

func (h Harness) testNewer(t *testing.T, alter func(*eventstore.Encoded)) {
	log := h.Open(t)
	a, b := newAggregate(), newAggregate()
	registered, other := Registered(a), Registered(b)
	before := mustAppend(t, log, domain.Change{Events: []domain.Envelope{registered}})
	unknown, at := h.putNewer(t, log, Revoked(a), alter)
	after := mustAppend(t, log, domain.Change{Events: []domain.Envelope{other}})
	_, end := h.putNewer(t, log, Revoked(domain.RegistryAggregate()), alter)

	check := func() {
		t.Helper()
		wantUnknown := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, eventstore.ErrUnknownSchema) {
				t.Errorf("%s: %v, want ErrUnknownSchema", what, err)
				return
			}
			for _, want := range []string{fmt.Sprintf("sequence %d:", at), fmt.Sprintf("%q version %d", unknown.Type, unknown.Version)} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %q does not say %s", what, err, want)
				}
			}
		}
		history, _, err := History(t, log, a, 0)
		wantUnknown("Load", err)
		wantEqual(t, history, []domain.Envelope{registered})
		_, err = log.At(t.Context(), at)
		wantUnknown("At", err)

		sub := subscribe(t, log, 0)
		defer sub.Close()
		events, err := next(t, sub, 1000)
		if err != nil {
			t.Fatalf("Next for what is before it: %v", err)
		}
		wantEqual(t, events, []eventstore.Recorded{{Seq: before, Envelope: registered}})
		for range 2 {
			events, err = next(t, sub, 1000)
			wantUnknown("Next", err)
			wantEqual(t, events, nil)
		}
		again := subscribe(t, log, before)
		defer again.Close()
		_, err = next(t, again, 1000)
		wantUnknown("Next from where the first one stopped", err)

		// Everything about other events works as before.
		wantHistory(t, log, b, other)
		if last, err := log.Last(t.Context()); err != nil || last != end {
			t.Errorf("Last = %d, %v; want %d", last, err, end)
		}
		for seq, want := range map[uint64]domain.Envelope{before: registered, after: other} {
			if got, err := log.At(t.Context(), seq); err != nil || got.ID != want.ID {
				t.Errorf("At(%d) = %s, %v; want %s", seq, got.ID, err, want.ID)
			}
		}
		behind := subscribe(t, log, at)
		defer behind.Close()
		events, err = next(t, behind, 1)
		if err != nil {
			t.Fatalf("Next behind it: %v", err)
		}
		wantEqual(t, events, []eventstore.Recorded{{Seq: after, Envelope: other}})
	}
	check()
	if h.Reopen != nil {
		log = h.Reopen(t, log)
		check()
	}
	updated := Updated(b)
	mustAppend(t, log, domain.Change{Expected: after, Events: []domain.Envelope{updated}})
	wantHistory(t, log, b, other, updated)
}

// putNewer stores an event as a newer program wrote it.
func (h Harness) putNewer(t *testing.T, log eventstore.Log, e domain.Envelope, alter func(*eventstore.Encoded)) (r eventstore.Encoded, seq uint64) {
	t.Helper()
	r, err := eventstore.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	alter(&r)
	return r, h.Put(t, log, r)
}

// next is Next for an answer that must come.
func next(t *testing.T, sub eventstore.Subscription, max int) ([]eventstore.Recorded, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	return sub.Next(ctx, max)
}

// deadline is longer than anything takes.
const deadline = 30 * time.Second
