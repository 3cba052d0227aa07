package eventstore_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/jetstream"
	"roster/eventstore/memory"
	"roster/eventstore/storetest"
)

// A newer program writes an event, an older one stops there, and a newer one goes on where that stopped.
func TestNewerProgramGoesOn(t *testing.T) {
	for name, write := range map[string]func(t *testing.T, events ...domain.Envelope) (stored eventstore.Log){
		"memory": func(t *testing.T, events ...domain.Envelope) eventstore.Log {
			log := memory.New()
			for _, e := range events {
				r, err := eventstore.Encode(e)
				if err != nil {
					t.Fatal(err)
				}
				log.Put(r)
			}
			return log
		},
		"jetstream": func(t *testing.T, events ...domain.Envelope) eventstore.Log {
			dir := t.TempDir()
			log := openJetStream(t, dir)
			for _, e := range events {
				if _, err := log.Append(t.Context(), domain.Change{Events: []domain.Envelope{e}}); err != nil {
					t.Fatal(err)
				}
			}
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			return openJetStream(t, dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			known, behind := storetest.Registered(domain.ClientAggregate("c1")), storetest.Registered(domain.ClientAggregate("c3"))
			news := storetest.Revoked(domain.ClientAggregate("c2"))
			news.Event = eventstore.ClientForgotten{Note: "by a newer program"}

			forget := eventstore.LearnClientForgotten()
			log := write(t, known, news, behind)
			forget()

			read := func(after uint64) (ids []string, last uint64, err error) {
				sub, err := log.Subscribe(t.Context(), after)
				if err != nil {
					t.Fatal(err)
				}
				defer sub.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				for last = after; last < 3; {
					events, err := sub.Next(ctx, 1)
					if err != nil {
						return ids, last, err
					}
					ids, last = append(ids, events[0].ID), events[0].Seq
				}
				return ids, last, nil
			}
			ids, last, err := read(0)
			if diff := cmp.Diff([]string{known.ID}, ids); diff != "" || last != 1 || !errors.Is(err, eventstore.ErrUnknownSchema) {
				t.Fatalf("the older program came to %d: %v, %s", last, err, diff)
			}

			defer eventstore.LearnClientForgotten()()
			ids, last, err = read(last)
			if diff := cmp.Diff([]string{news.ID, behind.ID}, ids); diff != "" || last != 3 || err != nil {
				t.Errorf("the newer program came to %d: %v, %s", last, err, diff)
			}
			got, err := log.At(t.Context(), 2)
			if diff := cmp.Diff(news, got.Envelope); diff != "" || err != nil {
				t.Errorf("the event is not as it was written: %v, %s", err, diff)
			}
		})
	}
}

func openJetStream(t *testing.T, dir string) *jetstream.Log {
	log, err := jetstream.Open(t.Context(), jetstream.Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return log
}
