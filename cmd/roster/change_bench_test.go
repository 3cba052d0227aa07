package main

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/domain/registrar"
)

type unsealed struct{}

func (unsealed) Seal(_, _ string) []byte { return nil }

// BenchmarkChange changes a client after so many earlier changes, and refuses a wrong token, without HTTP:
// what that costs must not depend on them.
func BenchmarkChange(b *testing.B) {
	for _, earlier := range []int{1, 100, 10_000} {
		c, err := startCore(b.Context(), storage{Data: b.TempDir(), NatsReplicas: 1}, nil, nil, slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		clients := registrar.New(registrar.Options{
			Log: c.log, Snapshots: c.model, Sealer: unsealed{}, Policy: oauth.DefaultPolicy,
		})
		document := func(text string) oauth.Document {
			parsed, err := oauth.ParseDocument([]byte(text))
			if err != nil {
				b.Fatal(err)
			}
			return parsed
		}
		registered, err := clients.Register(b.Context(), "", document(webApp))
		if err != nil {
			b.Fatal(err)
		}
		seed(b, c, registered.Client, earlier)
		client := registered.Client.ID
		put := func(token, name string) error {
			_, err := clients.Update(b.Context(), "", client, token, document(`{"client_id":"`+client+
				`","redirect_uris":["https://client.example.org/cb"],"client_name":"`+name+`"}`))
			return err
		}
		changes := 0
		b.Run(fmt.Sprintf("earlier=%d", earlier), func(b *testing.B) {
			for b.Loop() {
				changes++
				if err := put(registered.RegistrationAccessToken, fmt.Sprint("change ", changes)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("earlier=%d/wrong token", earlier), func(b *testing.B) {
			for b.Loop() {
				if err := put("wrong", "hijacked"); err == nil {
					b.Fatal("a wrong token was accepted")
				}
			}
		})
		if err := c.stop(); err != nil {
			b.Fatal(err)
		}
	}
}

// seed appends changes of a client and waits until they are applied.
func seed(b *testing.B, c *core, client domain.Client, changes int) {
	b.Helper()
	aggregate := domain.ClientAggregate(client.ID)
	last, err := c.log.Last(b.Context())
	for changes > 0 && err == nil {
		change := domain.Change{Expected: last}
		for range min(changes, 1000) {
			change.Events = append(change.Events, domain.Envelope{
				ID: uuid.Must(uuid.NewV7()).String(), Time: time.Now().UTC(), Aggregate: aggregate,
				Actor: domain.Actor{Kind: domain.ActorClient, ID: client.ID},
				Event: domain.ClientUpdated{Metadata: client.Metadata},
			})
		}
		changes -= len(change.Events)
		last, err = c.log.Append(b.Context(), change)
	}
	if err == nil {
		err = c.catchUp(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
}
