package registrar_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore/memory"
)

// lives registers clients and has each go another way in life, in 10 events.
func lives(t *testing.T, r *registry) (unchanged, changed, deleted, revoked registrar.Registration) {
	t.Helper()
	unchanged, changed = r.mustRegister(t, webApp), r.mustRegister(t, webApp)
	deleted, revoked = r.mustRegister(t, webApp), r.mustRegister(t, webApp)
	for i, c := range []registrar.Registration{changed, deleted, revoked, changed} {
		if err := rename(r, c, fmt.Sprint("name ", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Delete(t.Context(), "", deleted.Client.ID, deleted.RegistrationAccessToken); err != nil {
		t.Fatal(err)
	}
	if err := r.Revoke(t.Context(), admin, revoked.Client.ID, ""); err != nil {
		t.Fatal(err)
	}
	return unchanged, changed, deleted, revoked
}

// However far the read model is behind what the process acknowledged, and whether there is one at all, reads are
// right: while it is held back, after it has stopped, and while it is rebuilt.
func TestReadsDependOnNoSnapshot(t *testing.T) {
	for at := range uint64(11) {
		for _, broken := range []error{nil, errors.New("disk image is malformed")} {
			r := newRegistry()
			unchanged, changed, deleted, revoked := lives(t, r)
			r.Snapshots, r.Logger = &folded{log: r.log, at: at, err: broken}, slog.New(slog.DiscardHandler)
			for _, c := range []registrar.Registration{unchanged, changed} {
				want := r.folded(t, c.Client.ID)
				got, err := r.Client(t.Context(), c.Client.ID, c.RegistrationAccessToken)
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("snapshot at %d, %v: error %v, (-want +got):\n%s", at, broken, err, diff)
				}
				got, err = r.ClientAs(t.Context(), c.Client.ID)
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("snapshot at %d, %v: administrator: error %v, (-want +got):\n%s", at, broken, err, diff)
				}
				if _, err := r.Client(t.Context(), c.Client.ID, "wrong"); !errors.Is(err, domain.ErrUnauthorized) {
					t.Errorf("snapshot at %d, %v: wrong token: error %v", at, broken, err)
				}
			}
			for _, c := range []registrar.Registration{deleted, revoked} {
				if _, err := r.Client(t.Context(), c.Client.ID, c.RegistrationAccessToken); !errors.Is(err, domain.ErrUnauthorized) {
					t.Errorf("snapshot at %d, %v: a client that has ended: error %v", at, broken, err)
				}
				if _, err := r.ClientAs(t.Context(), c.Client.ID); !errors.Is(err, domain.ErrUnauthorized) {
					t.Errorf("snapshot at %d, %v: administrator, a client that has ended: error %v", at, broken, err)
				}
			}
		}
	}
}

// folded returns a client as the log has it.
func (r *registry) folded(t *testing.T, id string) domain.Client {
	t.Helper()
	var c domain.Client
	_, err := r.log.Load(t.Context(), domain.ClientAggregate(id), 0, func(e domain.Envelope) {
		c = domain.Clients.Evolve(c, e.Aggregate, e.Event)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A client that another process registered a moment ago is found, changed and ended, whatever this process's read
// model has applied.
func TestReadsOfWhatAnotherProcessDid(t *testing.T) {
	for at := range uint64(4) {
		r := newRegistry()
		registered := r.mustRegister(t, webApp)
		if err := rename(r, registered, "first"); err != nil {
			t.Fatal(err)
		}
		ended := r.mustRegister(t, webApp)
		elsewhere := r.behind(at)
		id, token := registered.Client.ID, registered.RegistrationAccessToken
		if got, err := elsewhere.Client(t.Context(), id, token); err != nil || got.ID != id {
			t.Errorf("read model at %d: %+v, error %v", at, got, err)
		}
		if got, err := elsewhere.ClientAs(t.Context(), id); err != nil || got.ID != id {
			t.Errorf("read model at %d: administrator: %+v, error %v", at, got, err)
		}
		if _, err := elsewhere.Update(t.Context(), "", id, token, parse(t, putBack(registered, `,"client_name":"second"`))); err != nil {
			t.Errorf("read model at %d: update: %v", at, err)
		}
		if err := elsewhere.Delete(t.Context(), "", id, token); err != nil {
			t.Errorf("read model at %d: delete: %v", at, err)
		}
		if err := elsewhere.Revoke(t.Context(), admin, ended.Client.ID, ""); err != nil {
			t.Errorf("read model at %d: revoke: %v", at, err)
		}
	}
}

// A read model that follows the log no more answers nothing: another process may have ended the client long ago.
func TestReadsWhileNobodyFollows(t *testing.T) {
	r := newRegistry()
	client := r.mustRegister(t, webApp)
	elsewhere := r.elsewhere()
	elsewhere.Snapshots = &folded{log: r.log, at: 1, halted: true}
	if got, err := elsewhere.Client(t.Context(), client.Client.ID, client.RegistrationAccessToken); err != nil || got.Version != 1 {
		t.Errorf("%+v, error %v", got, err)
	}
	if err := r.Revoke(t.Context(), admin, client.Client.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := elsewhere.Client(t.Context(), client.Client.ID, client.RegistrationAccessToken); !errors.Is(err, domain.ErrUnauthorized) {
		t.Errorf("a client that was revoked elsewhere: error %v", err)
	}
	if _, err := elsewhere.ClientAs(t.Context(), client.Client.ID); !errors.Is(err, domain.ErrUnauthorized) {
		t.Errorf("administrator, a client that was revoked elsewhere: error %v", err)
	}
}

// Who decides about a client's access has it as the log has it now, whatever this process's read model has applied, and
// whoever changed it.
func TestCurrentIsBehindNobody(t *testing.T) {
	for at := range uint64(4) {
		r := newRegistry()
		other := r.mustRegister(t, webApp)
		elsewhere := r.behind(at)
		registered := r.mustRegister(t, webApp)
		id := registered.Client.ID
		for _, step := range []struct {
			do   func() error
			want domain.Status
		}{
			{func() error { return nil }, domain.Active},
			{func() error { return r.Suspend(t.Context(), admin, id, "") }, domain.Suspended},
			{func() error { return r.Resume(t.Context(), admin, id) }, domain.Active},
			{func() error { return r.Revoke(t.Context(), admin, id, "") }, domain.Revoked},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			got, err := elsewhere.Current(t.Context(), id)
			if diff := cmp.Diff(r.folded(t, id), got); err != nil || diff != "" || got.Status != step.want {
				t.Errorf("read model at %d: %s, error %v, (-want +got):\n%s", at, got.Status, err, diff)
			}
		}
		if got, err := elsewhere.Current(t.Context(), other.Client.ID); err != nil || got.Version != 1 {
			t.Errorf("read model at %d: another client: %+v, %v", at, got, err)
		}
		for _, unknown := range []string{"0195516c-0c00-7000-8000-000000000000", "https://client.example.org/", "*", ""} {
			if _, err := elsewhere.Current(t.Context(), unknown); !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("read model at %d: %q: error %v", at, unknown, err)
			}
		}
		r.log.SetHooks(memory.Hooks{Load: func(domain.Aggregate, uint64) error { return domain.ErrUnavailable }})
		if _, err := elsewhere.Current(t.Context(), id); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("read model at %d: without a log: error %v", at, err)
		}
	}
}

// Where nobody else appends to the log, the snapshot answers for it while it lacks no change of this process.
func TestWhatCurrentCosts(t *testing.T) {
	r := newRegistry()
	unchanged, changed, _, _ := lives(t, r) // changed last by the event 8
	for _, test := range []struct {
		alone  bool
		client registrar.Registration
		at     uint64 // where the snapshots are
		halted bool
		loads  []uint64 // beyond which sequences the log is read
	}{
		{true, unchanged, 10, false, nil},
		{true, unchanged, 1, false, nil},
		{true, unchanged, 0, false, []uint64{0}},
		{true, unchanged, 10, true, []uint64{10}},
		{true, changed, 8, false, nil},
		{true, changed, 7, false, []uint64{7}},
		{false, unchanged, 10, false, []uint64{10}},
		{false, changed, 7, false, []uint64{7}},
	} {
		var loads []uint64
		r.Alone, r.Snapshots = test.alone, &folded{log: r.log, at: test.at, halted: test.halted}
		r.log.SetHooks(memory.Hooks{Load: func(_ domain.Aggregate, after uint64) error {
			loads = append(loads, after)
			return nil
		}})
		got, err := r.Current(t.Context(), test.client.Client.ID)
		r.log.SetHooks(memory.Hooks{})
		if diff := cmp.Diff(r.folded(t, test.client.Client.ID), got); err != nil || diff != "" {
			t.Errorf("%+v: error %v, (-want +got):\n%s", test, err, diff)
		}
		if diff := cmp.Diff(test.loads, loads); diff != "" {
			t.Errorf("alone %v, snapshot at %d: read beyond (-want +got):\n%s", test.alone, test.at, diff)
		}
	}
}

// What the snapshot answers costs no read of the log, and everything else one read of the tail at most.
func TestWhatReadsCost(t *testing.T) {
	r := newRegistry()
	unchanged, changed, deleted, _ := lives(t, r)
	last := r.log.Acknowledged()
	for name, test := range map[string]struct {
		at    uint64 // where the snapshots are
		read  func() error
		loads []uint64 // beyond which sequences the log is read
		want  error
	}{
		"recent": {last, func() error {
			_, err := r.Client(t.Context(), unchanged.Client.ID, unchanged.RegistrationAccessToken)
			return err
		}, nil, nil},
		"recent, for an administrator": {last, func() error {
			_, err := r.ClientAs(t.Context(), unchanged.Client.ID)
			return err
		}, nil, nil},
		"behind changes of others": {1, func() error {
			_, err := r.Client(t.Context(), unchanged.Client.ID, unchanged.RegistrationAccessToken)
			return err
		}, nil, nil},
		"behind a change": {5, func() error {
			_, err := r.Client(t.Context(), changed.Client.ID, changed.RegistrationAccessToken)
			return err
		}, []uint64{5}, nil},
		"a wrong token": {last, func() error {
			_, err := r.Client(t.Context(), unchanged.Client.ID, "wrong")
			return err
		}, []uint64{last}, domain.ErrUnauthorized},
		"a client that has ended": {last, func() error {
			_, err := r.Client(t.Context(), deleted.Client.ID, deleted.RegistrationAccessToken)
			return err
		}, []uint64{last}, domain.ErrUnauthorized},
		"a client that has ended, for an administrator": {last, func() error {
			_, err := r.ClientAs(t.Context(), deleted.Client.ID)
			return err
		}, []uint64{last}, domain.ErrUnauthorized},
		"an unknown client": {last, func() error {
			_, err := r.Client(t.Context(), "0195516c-0c00-7000-8000-000000000000", "wrong")
			return err
		}, []uint64{last}, domain.ErrUnauthorized},
		"what is no id": {0, func() error {
			_, err := r.Client(t.Context(), "*", "wrong")
			return err
		}, nil, domain.ErrUnauthorized},
		"what is no id, for an administrator": {0, func() error {
			_, err := r.ClientAs(t.Context(), "")
			return err
		}, nil, domain.ErrUnauthorized},
	} {
		var loads []uint64
		r.Snapshots = &folded{log: r.log, at: test.at}
		r.log.SetHooks(memory.Hooks{Load: func(_ domain.Aggregate, after uint64) error {
			loads = append(loads, after)
			return nil
		}})
		if err := test.read(); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
		if diff := cmp.Diff(test.loads, loads); diff != "" {
			t.Errorf("%s: read beyond (-want +got):\n%s", name, diff)
		}
	}
}

// Without a log nobody is told that a client is unknown or that its token is wrong: that cannot be known.
func TestReadsWithoutALog(t *testing.T) {
	r := newRegistry()
	_, changed, _, _ := lives(t, r) // last by the event 8
	r.log.SetHooks(memory.Hooks{Load: func(domain.Aggregate, uint64) error { return domain.ErrUnavailable }})
	read := func(id, token string) error {
		_, err := r.Client(t.Context(), id, token)
		return err
	}
	for at, want := range map[uint64]error{8: nil, 7: domain.ErrUnavailable, 0: domain.ErrUnavailable} {
		r.Snapshots = &folded{log: r.log, at: at}
		if err := read(changed.Client.ID, changed.RegistrationAccessToken); !errors.Is(err, want) {
			t.Errorf("snapshot at %d: error %v, want %v", at, err, want)
		}
		for name, err := range map[string]error{
			"wrong token":    read(changed.Client.ID, "wrong"),
			"unknown client": read("0195516c-0c00-7000-8000-000000000000", "wrong"),
		} {
			if !errors.Is(err, domain.ErrUnavailable) || errors.Is(err, domain.ErrUnauthorized) {
				t.Errorf("snapshot at %d: %s: error %v", at, name, err)
			}
		}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	r.Snapshots = &folded{log: r.log, err: context.Canceled}
	if _, err := r.Client(canceled, changed.Client.ID, changed.RegistrationAccessToken); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that is gone: error %v", err)
	}
}

// uncounted is a read model that cannot count.
type uncounted struct{ err error }

func (u uncounted) CountClients(context.Context, string) (oauth.Population, error) {
	return oauth.Population{}, u.err
}

// A registration that cannot be counted is refused with the reason of that, and nothing is stored or fetched.
func TestRegistrationNeedsItsCount(t *testing.T) {
	behind := errors.New("behind")
	for _, limit := range []func(*oauth.Policy){
		func(p *oauth.Policy) { p.MaxClients = 10 }, func(p *oauth.Policy) { p.MaxClientsPerOwner = 10 },
	} {
		r := newRegistry()
		limit(&r.Policy)
		var fetched asked
		r.Census, r.Fetcher = uncounted{behind}, &fetched
		issued := r.mustIssue(t, domain.IssueInitialAccessToken{Terms: oauth.Terms{Owner: "acme"}, MaxUses: 2})
		body := `{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"https://a.example/s","subject_type":"pairwise"}`
		if _, err := r.RegisterWith(t.Context(), "", issued.Token, parse(t, body)); !errors.Is(err, behind) {
			t.Errorf("error %v", err)
		}
		if diff := cmp.Diff([]string{"InitialAccessTokenIssued"}, r.types(t)); diff != "" || fetched != 0 {
			t.Errorf("fetched %d times, the log has %s", fetched, diff)
		}
	}
}
