package main

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/jetstream"
)

var (
	largeClients = flag.Int("clients", 1_000_000, "clients of the large registry that is measured")
	largeKept    = flag.String("clients-dir", "", "directory in which the log of the large registry is kept for the next time; empty: none")
)

// largeRegistry returns a data directory whose log holds so many registrations, and which the caller may change. There
// is no read model in it, unless the log was kept with one.
func largeRegistry(b *testing.B, clients int) (data string) {
	b.Helper()
	return keptRegistry(b, fmt.Sprintf("%d-clients", clients), func(data string) { registerLarge(b, data, clients) })
}

// keptRegistry returns a data directory as fill makes it, or a copy of the one that was kept of an earlier time.
func keptRegistry(b *testing.B, name string, fill func(data string)) (data string) {
	b.Helper()
	data = filepath.Join(b.TempDir(), "data")
	if *largeKept == "" {
		fill(data)
		return data
	}
	kept := filepath.Join(*largeKept, name)
	if _, err := os.Stat(kept); err != nil {
		unfinished := kept + ".unfinished"
		if err := os.RemoveAll(unfinished); err != nil {
			b.Fatal(err)
		}
		fill(unfinished)
		if err := os.Rename(unfinished, kept); err != nil {
			b.Fatal(err)
		}
	}
	if out, err := exec.Command("cp", "-a", kept, data).CombinedOutput(); err != nil {
		b.Fatalf("copy %s: %v\n%s", kept, err, out)
	}
	return data
}

// registerLarge appends the registrations of so many clients to the log of a data directory.
func registerLarge(b *testing.B, data string, clients int) {
	b.Helper()
	log := newLog(b, data)
	policyVersion := oauth.DefaultPolicy.Version()
	var next atomic.Int64
	var writers sync.WaitGroup
	for range 512 { // that share the syncs
		writers.Go(func() {
			for i := int(next.Add(1) - 1); i < clients && !b.Failed(); i = int(next.Add(1) - 1) {
				registered, err := largeClient(i).register(policyVersion)
				if err == nil {
					_, err = log.Append(b.Context(), registered)
				}
				for errors.Is(err, domain.ErrUnavailable) || errors.Is(err, domain.ErrOutcomeUnknown) { // the machine is busy
					_, err = log.Append(b.Context(), registered)
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if err := log.Close(); err != nil || b.Failed() {
		b.Fatal("the large registry could not be made: ", err)
	}
}

// newLog opens the log of a data directory that is made for it.
func newLog(b *testing.B, data string) *jetstream.Log {
	b.Helper()
	if err := os.MkdirAll(data, 0o700); err != nil {
		b.Fatal(err)
	}
	keys, err := custody{}.sealingKeys(data)
	if err != nil {
		b.Fatal(err)
	}
	log, err := jetstream.Open(b.Context(), jetstream.Options{
		Dir: data, SealingKey: keys.IDs()[0], Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	return log
}

// largeClient is a client of a large registry, by its number, from which all of it follows. Each has a name, a host,
// a secret and a token of its own, and one in two hundred of the owners.
type largeClient int

// at is when the client was registered: one after the other.
func (n largeClient) at() time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * 20 * time.Second)
}

// id is the client's client_id, or that of an event about it.
func (n largeClient) id(of string) string {
	id := uuid.NewSHA1(uuid.Nil, fmt.Append(nil, of, int(n)))
	for i, ms := 5, n.at().UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	id[6] = id[6]&0x0f | 0x70 // UUIDv7
	return id.String()
}

// secret is something of 256 bits that only the client knows.
func (n largeClient) secret(of string) string {
	sum := sha256.Sum256(fmt.Append(nil, of, int(n)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (n largeClient) registrationAccessToken() string { return n.secret("registration access token") }

// register returns the change by which the client is registered, as the program decides on it.
func (n largeClient) register(policyVersion string) (domain.Change, error) {
	company, place := int(n)%5000, int(n)
	products := []string{"Payment gateway", "Customer portal", "Time sheets", "Order tracking", "Travel expenses", "Wiki", "Help desk"}
	hosts := []string{"payments", "portal", "times", "orders", "travel", "wiki", "help"}
	kind := place % len(products)
	document, err := oauth.ParseDocument([]byte(webApplication{
		owner: fmt.Sprintf("company-%d", company),
		name:  fmt.Sprintf("%s %d", products[kind], place),
		host:  fmt.Sprintf("%s-%d.company-%d.example", hosts[kind], place, company),
	}.document()))
	if err != nil {
		return domain.Change{}, err
	}
	events, err := domain.Clients.Decide(oauth.DefaultPolicy, domain.Client{}, domain.Register{
		Requested: document, At: n.at(), PolicyVersion: policyVersion,
		RegistrationAccessToken: domain.DigestOf(n.registrationAccessToken()),
		Offered:                 domain.Secret{Digest: domain.DigestOf(n.secret("client secret"))},
	})
	if err != nil {
		return domain.Change{}, err
	}
	id := n.id("client")
	return domain.Change{Events: []domain.Envelope{{
		ID: n.id("event"), Time: n.at(), Aggregate: domain.ClientAggregate(id),
		Actor: domain.Actor{Kind: domain.ActorClient, ID: id, IP: fmt.Sprintf("203.0.113.%d", place%250)},
		Event: events[0],
	}}}, nil
}
