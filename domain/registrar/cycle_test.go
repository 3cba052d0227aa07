package registrar_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/access"
	"roster/domain/registrar"
	"roster/eventstore/memory"
)

// folded are snapshots of a log as it stood at a sequence, or an error.
type folded struct {
	log    *memory.Log
	at     uint64
	halted bool
	err    error
}

func (f *folded) ClientSnapshot(_ context.Context, id string) (domain.Snapshot[domain.Client], error) {
	return snapshot(f, domain.ClientAggregate(id), domain.Clients.Evolve)
}

func (f *folded) InitialAccessTokenSnapshot(_ context.Context, id string) (domain.Snapshot[domain.InitialAccessToken], error) {
	return snapshot(f, domain.InitialAccessTokenAggregate(id), domain.InitialAccessTokens.Evolve)
}

func snapshot[S any](f *folded, a domain.Aggregate, evolve func(S, domain.Aggregate, domain.Event) S) (s domain.Snapshot[S], err error) {
	s.Halted = f.halted
	for s.At < f.at {
		s.At++
		e, err := f.log.At(context.Background(), s.At)
		if err != nil {
			return s, err
		}
		if e.Aggregate == a {
			s.State, s.Last = evolve(s.State, a, e.Event), e.Seq
		}
	}
	if f.err != nil {
		s.At += 2 // what comes with an error is not believed
	}
	return s, f.err
}

// However far a snapshot is behind, whether there is one at all, and whether this process or another one did what came
// after it, the same is decided.
func TestDecisionsLeanOnNoSnapshot(t *testing.T) {
	for at := range uint64(8) {
		for _, test := range []struct {
			broken    error
			elsewhere bool
		}{{nil, false}, {errors.New("disk image is malformed"), false}, {nil, true}} {
			r := newRegistry()
			snapshots := &folded{log: r.log, err: test.broken}
			r.Snapshots, r.Logger = snapshots, slog.New(slog.DiscardHandler)
			issued := r.mustIssue(t, domain.IssueInitialAccessToken{MaxUses: 2})
			client, err := r.RegisterWith(t.Context(), "", issued.Token, parse(t, webApp))
			if err != nil {
				t.Fatal(err)
			}
			other := r.mustRegister(t, webApp)
			for _, name := range []string{"one", "two"} {
				if err := rename(r, client, name); err != nil {
					t.Fatal(err)
				}
			}
			if err := rename(r, other, "three"); err != nil {
				t.Fatal(err)
			}
			snapshots.at = at
			if test.elsewhere {
				r = r.behind(at)
			}

			updated, err := r.Update(t.Context(), "", client.Client.ID, client.RegistrationAccessToken, parse(t, putBack(client, `,"client_name":"four"`)))
			if err != nil || updated.Client.Version != 4 || updated.Client.Metadata.Name() != "four" || updated.Client.InitialAccessToken != issued.ID {
				t.Errorf("snapshot at %d, %+v: %+v, %v", at, test, updated.Client, err)
			}
			same, err := r.Update(t.Context(), "", client.Client.ID, client.RegistrationAccessToken, parse(t, putBack(client, `,"client_name":"four"`)))
			if diff := cmp.Diff(updated.Client, same.Client); err != nil || diff != "" {
				t.Errorf("snapshot at %d, %+v: put back: %v %s", at, test, err, diff)
			}
			if _, err := r.RegisterWith(t.Context(), "", issued.Token, parse(t, webApp)); err != nil {
				t.Errorf("snapshot at %d, %+v: second use: %v", at, test, err)
			}
			if _, err := r.RegisterWith(t.Context(), "", issued.Token, parse(t, webApp)); !errors.Is(err, domain.ErrInitialAccessTokenRefused) {
				t.Errorf("snapshot at %d, %+v: third use: %v", at, test, err)
			}
			if err := r.Delete(t.Context(), "", client.Client.ID, client.RegistrationAccessToken); err != nil {
				t.Errorf("snapshot at %d, %+v: delete: %v", at, test, err)
			}
			if err := rename(r, client, "five"); !errors.Is(err, domain.ErrUnauthorized) {
				t.Errorf("snapshot at %d, %+v: update of a deleted client: %v", at, test, err)
			}
		}
	}
}

// With a snapshot that is up to date nothing before it is read, by whoever asks and whatever for.
func TestOnlyTheTailIsRead(t *testing.T) {
	r := newRegistry()
	issued := r.mustIssue(t, domain.IssueInitialAccessToken{MaxUses: 5})
	client := r.mustRegister(t, webApp)
	for _, name := range []string{"one", "two", "three"} {
		if err := rename(r, client, name); err != nil {
			t.Fatal(err)
		}
	}
	last, err := r.log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.Snapshots = &folded{log: r.log, at: last}
	r.log.SetHooks(memory.Hooks{Load: func(a domain.Aggregate, after uint64) error {
		if after != last {
			t.Errorf("%s was read beyond %d, the snapshot is at %d", a.Kind, after, last)
		}
		return nil
	}})
	stranger := client
	stranger.RegistrationAccessToken = "wrong"
	if err := rename(r, stranger, "hijacked"); !errors.Is(err, domain.ErrUnauthorized) {
		t.Error(err)
	}
	if err := rename(r, client, "four"); err != nil {
		t.Error(err)
	}
	if err := r.CheckInitialAccessToken(t.Context(), issued.ID+"."+strings.Repeat("A", 43)); !errors.Is(err, domain.ErrInitialAccessTokenRefused) {
		t.Error(err)
	}
	if _, err := r.RegisterWith(t.Context(), "", issued.Token, parse(t, webApp)); err != nil {
		t.Error(err)
	}
	if err := r.RevokeInitialAccessToken(t.Context(), admin, issued.ID, ""); err != nil {
		t.Error(err)
	}
	if err := r.Revoke(t.Context(), admin, client.Client.ID, ""); err != nil {
		t.Error(err)
	}
}

// A client changes itself so often and no oftener. What changes nothing is not counted, nor what is refused,
// nor an ending; and the limit is each client's own.
func TestChangesAreLimited(t *testing.T) {
	log := newRegistry()
	options := log.Options
	options.ChangeRate = 3
	r := &registry{Registrar: registrar.New(options), log: log.log}
	now := log.now
	r.Now = func() time.Time { return now }
	client, other := r.mustRegister(t, webApp), r.mustRegister(t, webApp)
	wrong := client
	wrong.RegistrationAccessToken = "wrong"
	for _, name := range []string{"one", "two", "three"} {
		for range 4 { // the second time on, nothing changes
			if err := rename(r, client, name); err != nil {
				t.Fatal(err)
			}
		}
		if err := rename(r, wrong, name+" of a stranger"); !errors.Is(err, domain.ErrUnauthorized) {
			t.Fatal(err)
		}
		if err := rename(r, client, `\u0000`); err == nil {
			t.Fatal("a document that is wrong was taken")
		}
	}
	throttled := new(access.Throttled)
	if err := rename(r, client, "four"); !errors.As(err, &throttled) || throttled.RetryAfter != 20*time.Minute {
		t.Errorf("a fourth change: %v, %+v", err, throttled)
	}
	if err := rename(r, client, "three"); err != nil {
		t.Errorf("put back: %v", err)
	}
	if err := rename(r, other, "one"); err != nil {
		t.Errorf("another client: %v", err)
	}
	now = now.Add(20 * time.Minute)
	if err := rename(r, client, "four"); err != nil {
		t.Errorf("later: %v", err)
	}
	if err := rename(r, client, "five"); !errors.As(err, &throttled) {
		t.Errorf("a change too many: %v", err)
	}
	if err := r.Delete(t.Context(), "", client.Client.ID, client.RegistrationAccessToken); err != nil {
		t.Errorf("delete: %v", err)
	}
	counted := map[string]int{}
	for _, eventType := range r.types(t) {
		counted[eventType]++
	}
	if want := map[string]int{"ClientRegistered": 2, "ClientUpdated": 5, "ClientDeleted": 1}; !cmp.Equal(counted, want) {
		t.Errorf("the log has %v, want %v", counted, want)
	}
}
