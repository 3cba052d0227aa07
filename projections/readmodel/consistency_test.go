package readmodel_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/projections"
	"roster/projections/readmodel"
)

// heldLog returns an empty log that hands no event to those who follow it until they are released.
func heldLog() *memory.Process {
	log := memory.NewProcess(memory.New())
	log.Hold()
	return log
}

// inventory is a log with one client, its change and the initial access token that it was registered with, and every
// query about them.
type inventory struct {
	client *history
	token  *history
}

func newInventory(name string) inventory {
	i := inventory{registered("client " + name), newHistory("token "+name, start)}
	i.token.add(domain.InitialAccessTokenIssued{Digest: domain.DigestOf(name), Label: name})
	i.token.events[0].Aggregate = domain.InitialAccessTokenAggregate(i.token.id)
	registration := i.client.events[0].Event.(domain.ClientRegistered)
	registration.InitialAccessToken = i.token.id
	i.client.events[0].Event = registration
	i.client.add(domain.ClientUpdated{Metadata: registration.Metadata})
	return i
}

func (i inventory) appendTo(t *testing.T, log eventstore.Log) uint64 {
	t.Helper()
	return appendTo(t, log, i.client, i.token)
}

var errMissing = errors.New("it is missing in the answer")

// queries ask for what the inventory holds. They return errMissing for an answer without it.
func (i inventory) queries() map[string]func(context.Context, *readmodel.ReadModel) error {
	found := func(n int, err error) error {
		if err == nil && n != 1 {
			return errMissing
		}
		return err
	}
	return map[string]func(context.Context, *readmodel.ReadModel) error{
		"Client": func(ctx context.Context, m *readmodel.ReadModel) error {
			_, err := m.Client(ctx, i.client.id)
			return err
		},
		"Clients": func(ctx context.Context, m *readmodel.ReadModel) error {
			page, err := m.Clients(ctx, readmodel.ClientQuery{Text: i.client.id, Limit: 5})
			return found(len(page.Clients), err)
		},
		"ExportClients": func(ctx context.Context, m *readmodel.ReadModel) error {
			n := 0
			err := m.ExportClients(ctx, readmodel.ClientQuery{Text: i.client.id}, func(uint64) error { return nil },
				func(readmodel.ListedClient) error {
					n++
					return nil
				})
			return found(n, err)
		},
		"RankClients": func(ctx context.Context, m *readmodel.ReadModel) error {
			ranking, err := m.RankClients(ctx, readmodel.ByIP, readmodel.ClientQuery{Text: i.client.id}, 5)
			return found(len(ranking), err)
		},
		"InitialAccessToken": func(ctx context.Context, m *readmodel.ReadModel) error {
			_, err := m.InitialAccessToken(ctx, i.token.id)
			return err
		},
		"InitialAccessTokens": func(ctx context.Context, m *readmodel.ReadModel) error {
			page, err := m.InitialAccessTokens(ctx, readmodel.InitialAccessTokenQuery{Limit: 5})
			return found(len(page.Tokens), err)
		},
		"Events": func(ctx context.Context, m *readmodel.ReadModel) error {
			events, err := m.Events(ctx, readmodel.EventQuery{ClientID: i.client.id, Type: "ClientRegistered", Limit: 5})
			return found(len(events), err)
		},
		"EachEvent": func(ctx context.Context, m *readmodel.ReadModel) error {
			n := 0
			err := m.EachEvent(ctx, readmodel.EventQuery{ClientID: i.client.id, Type: "ClientRegistered"}, func(uint64) error { return nil }, func(readmodel.Event) error {
				n++
				return nil
			})
			return found(n, err)
		},
		"FindEvents": func(ctx context.Context, m *readmodel.ReadModel) error {
			page, err := m.FindEvents(ctx, readmodel.EventQuery{ClientID: i.client.id, Type: "ClientRegistered", Limit: 5})
			return found(len(page.Events), err)
		},
		"MetadataBefore": func(ctx context.Context, m *readmodel.ReadModel) error {
			former, err := m.MetadataBefore(ctx, 1, 2, 3)
			return found(len(former), err)
		},
		"ClientsOfInitialAccessToken": func(ctx context.Context, m *readmodel.ReadModel) error {
			page, err := m.ClientsOfInitialAccessToken(ctx, i.token.id, 5, "")
			return found(len(page.Clients), err)
		},
		"RegistryAt": func(ctx context.Context, m *readmodel.ReadModel) error {
			n := 0
			err := m.RegistryAt(ctx, readmodel.Moment{Seq: 1000}, func(readmodel.StoredClient) error { n++; return nil })
			return found(n, err)
		},
		"Overview": func(ctx context.Context, m *readmodel.ReadModel) error {
			o, err := m.Overview(ctx, start, 1)
			return found(o.Clients[domain.Active], err)
		},
		"Locate": func(ctx context.Context, m *readmodel.ReadModel) error {
			p, err := m.Locate(ctx, readmodel.End)
			return found(min(int(p.Seq)/2, 1), err) // there are two events
		},
		"ClientAt": func(ctx context.Context, m *readmodel.ReadModel) error {
			_, err := m.ClientAt(ctx, i.client.id, atEnd)
			return err
		},
		"ClientsAt": func(ctx context.Context, m *readmodel.ReadModel) error {
			page, err := m.ClientsAt(ctx, atEnd, readmodel.ClientQuery{Limit: 5})
			return found(len(page.Clients), err)
		},
		"ExportClientsAt": func(ctx context.Context, m *readmodel.ReadModel) error {
			n := 0
			err := m.ExportClientsAt(ctx, atEnd, readmodel.ClientQuery{Text: i.client.id}, func(readmodel.ListedClient) error {
				n++
				return nil
			})
			return found(n, err)
		},
		"OverviewAt": func(ctx context.Context, m *readmodel.ReadModel) error {
			o, err := m.OverviewAt(ctx, atEnd, 1)
			return found(o.Clients[domain.Active], err)
		},
		"Differences": func(ctx context.Context, m *readmodel.ReadModel) error {
			page, err := m.Differences(ctx, readmodel.Position{}, atEnd, readmodel.DifferenceQuery{Limit: 5})
			return found(len(page.Differences), err)
		},
		"ChangedClients": func(ctx context.Context, m *readmodel.ReadModel) error {
			page, err := m.ChangedClients(ctx, 0)
			return found(len(page.Clients), err)
		},
		"CountClients": func(ctx context.Context, m *readmodel.ReadModel) error {
			p, err := m.CountClients(ctx, "")
			return found(p.Clients, err)
		},
	}
}

// atEnd is a position behind all that these tests record.
var atEnd = readmodel.Position{Seq: 1000}

// Every method of the Reader that reads is held to the rule of reads by the tests below.
func TestEveryQueryIsHeldToTheRule(t *testing.T) {
	t.Parallel()
	queries := newInventory("").queries()
	reader := reflect.TypeFor[readmodel.Reader]()
	for i := range reader.NumMethod() {
		name := reader.Method(i).Name
		if name != "Wait" && name != "Health" && queries[name] == nil {
			t.Errorf("%s is not among the queries of these tests", name)
		}
	}
}

// follow runs a read model with options on what its test says, until the test ends.
func follow(t *testing.T, o readmodel.Options) *readmodel.ReadModel {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	m, err := readmodel.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	followers := projections.Start(o.Logger, m.Follower)
	t.Cleanup(func() {
		_ = followers.Stop() // some tests stop it before
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

const hour = time.Hour

// A query answers from nothing that is older than what was acknowledged when it began.
func TestReadsWaitForWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	held := newInventory("held back")
	for name, query := range held.queries() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := heldLog()
				o := readmodel.Options{Dir: t.TempDir(), Log: log, Acknowledged: log.Acknowledged}
				m := follow(t, o.WithPatience(hour))
				held.appendTo(t, log)
				impatient, cancel := context.WithCancel(t.Context())
				ended, answered := make(chan error, 1), make(chan error, 1)
				go func() { ended <- query(impatient, m) }()
				go func() { answered <- query(t.Context(), m) }()
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("held back, to a caller who went away: %v, want %v", err, context.Canceled)
				}
				time.Sleep(hour / 2) // no part of the time that a query takes at most to search
				log.Release(nil)
				if err := <-answered; err != nil {
					t.Errorf("once it goes on: %v", err)
				}
			})
		})
		t.Run(name+" too late", func(t *testing.T) {
			t.Parallel()
			log := heldLog()
			o := readmodel.Options{Dir: t.TempDir(), Log: log, Acknowledged: log.Acknowledged}
			m := follow(t, o.WithPatience(time.Millisecond))
			held.appendTo(t, log)
			if err := query(t.Context(), m); !errors.Is(err, readmodel.ErrBehind) || !errors.Is(err, readmodel.ErrUnavailable) {
				t.Errorf("got %v, want %v", err, readmodel.ErrBehind)
			}
		})
	}
}

// A read model that has stopped fails at once, and says why, when more was acknowledged since. Before that it
// answers: it holds all that it must.
func TestReadsOfAStoppedReadModel(t *testing.T) {
	t.Parallel()
	why := errors.New("the log lost an event")
	for name, query := range newInventory("stopped").queries() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, later := newInventory("stopped"), newInventory("later")
			log := memory.New()
			o := readmodel.Options{Dir: t.TempDir(), Log: log, Acknowledged: log.Acknowledged}
			last := before.appendTo(t, log)
			log.SetHooks(memory.Hooks{Next: func(after uint64) error {
				if after == last {
					return why
				}
				return nil
			}})
			m := follow(t, o.WithPatience(hour))
			if err := m.Wait(t.Context(), last+1); !errors.Is(err, why) {
				t.Fatalf("wait: %v, want %v", err, why)
			}
			if err := query(t.Context(), m); err != nil {
				t.Errorf("nothing was acknowledged since it stopped: %v", err)
			}
			later.appendTo(t, log)
			if err := query(t.Context(), m); !errors.Is(err, readmodel.ErrUnavailable) || !errors.Is(err, why) {
				t.Errorf("got %v, want %v because of %v", err, readmodel.ErrUnavailable, why)
			}
		})
	}
}

// A read model that stops before it has caught up for the first time is not read at all.
func TestReadsOfAReadModelThatNeverCaughtUp(t *testing.T) {
	t.Parallel()
	why := errors.New("the log lost an event")
	i, log := newInventory("never"), memory.New()
	i.appendTo(t, log)
	log.SetHooks(memory.Hooks{Next: func(uint64) error { return why }})
	m := follow(t, readmodel.Options{Dir: t.TempDir(), Log: log}.WithPatience(hour))
	if err := m.Wait(t.Context(), 1); !errors.Is(err, why) {
		t.Fatalf("wait: %v, want %v", err, why)
	}
	for name, query := range i.queries() {
		if err := query(t.Context(), m); !errors.Is(err, readmodel.ErrUnavailable) {
			t.Errorf("%s: %v, want %v", name, err, readmodel.ErrUnavailable)
		}
	}
}

// While the file is built, queries say how far it is. The census does not: what it says goes to applicants.
func TestReadsWhileTheFileIsBuilt(t *testing.T) {
	t.Parallel()
	i, log := newInventory("built"), heldLog()
	last := i.appendTo(t, log)
	m := follow(t, readmodel.Options{Dir: t.TempDir(), Log: log, Acknowledged: log.Acknowledged}.WithPatience(hour))
	for name, query := range i.queries() {
		err := query(t.Context(), m)
		catchingUp := new(readmodel.CatchingUpError)
		if name == "CountClients" {
			if !errors.Is(err, readmodel.ErrBehind) || errors.As(err, &catchingUp) {
				t.Errorf("%s: %v, want %v", name, err, readmodel.ErrBehind)
			}
			continue
		}
		if !errors.As(err, &catchingUp) || *catchingUp != (readmodel.CatchingUpError{Applied: 0, Last: last}) || !errors.Is(err, readmodel.ErrUnavailable) {
			t.Errorf("%s: %v, want catching up: 0 of %d events", name, err, last)
		}
	}
	log.Release(nil)
	if err := m.Wait(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	for name, query := range i.queries() {
		if err := query(t.Context(), m); err != nil {
			t.Errorf("%s: %v, when it was built", name, err)
		}
	}
}

// What another process of a cluster recorded is found, though this one acknowledged nothing and is behind: a
// client or an initial access token by its id, an event of the log, and all clients where their number decides.
func TestReadsOfASecondProcess(t *testing.T) {
	t.Parallel()
	i := newInventory("by another process")
	for name, query := range i.queries() {
		switch name {
		case "Client", "InitialAccessToken", "CountClients", "Locate":
		default:
			continue // these may be as old as this process
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := heldLog()
			none := func() uint64 { return 0 }
			first := follow(t, readmodel.Options{Dir: t.TempDir(), Log: log.Log, Acknowledged: log.Acknowledged})
			second := follow(t, readmodel.Options{Dir: t.TempDir(), Log: log, Acknowledged: none}.WithPatience(hour))
			late := follow(t, readmodel.Options{Dir: t.TempDir(), Log: log, Acknowledged: none}.WithPatience(time.Millisecond))
			i.appendTo(t, log)
			if err := query(t.Context(), first); err != nil {
				t.Errorf("in the process that recorded it: %v", err)
			}
			if err := query(t.Context(), late); !errors.Is(err, readmodel.ErrBehind) {
				t.Errorf("while the other process is behind: %v, want %v", err, readmodel.ErrBehind)
			}
			answered := make(chan error, 1)
			go func() { answered <- query(t.Context(), second) }()
			log.Release(nil)
			if err := <-answered; err != nil {
				t.Errorf("once the other process goes on: %v", err)
			}
			if _, err := second.Client(t.Context(), "nobody"); !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("client that nobody registered: %v, want %v", err, domain.ErrNotFound)
			}
			if _, err := second.InitialAccessToken(t.Context(), "nothing"); !errors.Is(err, domain.ErrNoSuchInitialAccessToken) {
				t.Errorf("initial access token that nobody issued: %v, want %v", err, domain.ErrNoSuchInitialAccessToken)
			}
		})
	}
}

// Snapshots wait for nothing: what is decided on them is checked by the log.
func TestSnapshotsDoNotWait(t *testing.T) {
	t.Parallel()
	i, more, log := newInventory("a"), newInventory("b"), heldLog()
	log.Release(nil)
	m := follow(t, readmodel.Options{Dir: t.TempDir(), Log: log, Acknowledged: log.Acknowledged}.WithPatience(hour))
	last := i.appendTo(t, log)
	if err := m.Wait(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	log.Hold()
	more.appendTo(t, log)
	client, err := m.ClientSnapshot(t.Context(), i.client.id)
	if err != nil || client.At != last || client.Last != 2 || client.State.ID != i.client.id {
		t.Errorf("client: %+v, %v", client, err)
	}
	token, err := m.InitialAccessTokenSnapshot(t.Context(), i.token.id)
	if err != nil || token.At != last || token.Last != 3 || token.State.ID != i.token.id {
		t.Errorf("initial access token: %+v, %v", token, err)
	}
}
