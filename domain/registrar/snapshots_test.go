package registrar_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/registrar"
	"roster/eventstore/memory"
)

// behind is another process, whose read model has applied what the log held up to a sequence.
func (r *registry) behind(at uint64) *registry {
	p := r.elsewhere()
	p.Snapshots = &folded{log: r.log, at: at}
	return p
}

func update(r *registry, t *testing.T, c registrar.Registration, token, members string, conditions ...registrar.Condition) error {
	t.Helper()
	_, err := r.Update(t.Context(), "", c.Client.ID, token, parse(t, putBack(c, members)), conditions...)
	return err
}

// A change costs no read of the log, where the snapshot knows the aggregate and lacks no change that the process knows
// of. What the snapshot would refuse, or would not change, costs one, and a wrong token no more.
func TestWhatChangesCost(t *testing.T) {
	never := func(uint64) bool { return false }
	var client registrar.Registration
	var issued registrar.IssuedInitialAccessToken
	for name, test := range map[string]struct {
		at      uint64 // where the snapshots are; the log holds 3 events
		halted  bool
		do      func(*registry) error
		loads   []uint64 // beyond which sequences the log is read
		appends int
		want    error
	}{
		"update": {3, false, func(r *registry) error { return rename(r, client, "two") }, nil, 1, nil},
		"delete": {3, false, func(r *registry) error {
			return r.Delete(t.Context(), "", client.Client.ID, client.RegistrationAccessToken)
		}, nil, 1, nil},
		"delete, for an administrator": {3, false, func(r *registry) error {
			return r.DeleteAs(t.Context(), admin, client.Client.ID)
		}, nil, 1, nil},
		"suspend": {3, false, func(r *registry) error { return r.Suspend(t.Context(), admin, client.Client.ID, "") }, nil, 1, nil},
		"revoke":  {3, false, func(r *registry) error { return r.Revoke(t.Context(), admin, client.Client.ID, "") }, nil, 1, nil},
		"revoke a token": {3, false, func(r *registry) error {
			return r.RevokeInitialAccessToken(t.Context(), admin, issued.ID, "")
		}, nil, 1, nil},
		"use a token": {3, false, func(r *registry) error {
			_, err := r.RegisterWith(t.Context(), "", issued.Token, parse(t, webApp))
			return err
		}, []uint64{3}, 1, nil},
		"put back": {3, false, func(r *registry) error { return rename(r, client, "one") }, []uint64{3}, 0, nil},
		"resume what is not suspended": {3, false, func(r *registry) error {
			return r.Resume(t.Context(), admin, client.Client.ID)
		}, []uint64{3}, 0, nil},
		"a wrong token": {3, false, func(r *registry) error {
			return r.Delete(t.Context(), "", client.Client.ID, "wrong")
		}, []uint64{3}, 0, domain.ErrUnauthorized},
		"a condition that fails": {3, false, func(r *registry) error {
			return r.Delete(t.Context(), "", client.Client.ID, client.RegistrationAccessToken, never)
		}, []uint64{3}, 0, domain.ErrPreconditionFailed},
		"an unknown client": {3, false, func(r *registry) error {
			return r.Revoke(t.Context(), admin, "0195516c-0c00-7000-8000-000000000000", "")
		}, []uint64{3}, 0, domain.ErrNotFound},
		"what is no id": {3, false, func(r *registry) error { return r.Revoke(t.Context(), admin, "*", "") }, nil, 0, domain.ErrNotFound},

		"a client that is not there yet": {0, false, func(r *registry) error { return rename(r, client, "two") }, []uint64{0, 0}, 1, nil},
		"nobody follows":                 {3, true, func(r *registry) error { return rename(r, client, "two") }, []uint64{3, 3}, 1, nil},
		"behind another process":         {1, false, func(r *registry) error { return rename(r, client, "two") }, []uint64{1}, 2, nil},
		"behind this process": {3, false, func(r *registry) error {
			return errors.Join(rename(r, client, "two"), rename(r, client, "three"))
		}, []uint64{3, 3}, 2, nil},
		"behind what this process has seen": {1, false, func(r *registry) error {
			if err := r.Delete(t.Context(), "", client.Client.ID, "wrong"); !errors.Is(err, domain.ErrUnauthorized) {
				return err
			}
			return rename(r, client, "two")
		}, []uint64{1, 1, 1}, 1, nil},
		"the registry, of which there are no snapshots": {3, false, func(r *registry) error {
			return r.AcceptLosses(t.Context(), []domain.LossAccepted{{From: 1, To: 1}})
		}, []uint64{0}, 1, nil},
	} {
		r := newRegistry()
		client = r.mustRegister(t, webApp)
		if err := rename(r, client, "one"); err != nil {
			t.Fatal(err)
		}
		issued = r.mustIssue(t, domain.IssueInitialAccessToken{MaxUses: 5})
		p := r.behind(test.at)
		p.Snapshots.(*folded).halted = test.halted
		var loads []uint64
		appends := 0
		r.log.SetHooks(memory.Hooks{
			Load: func(_ domain.Aggregate, after uint64) error {
				loads = append(loads, after)
				return nil
			},
			Append: func([]domain.Change) memory.Fault {
				appends++
				return memory.NoFault
			},
		})
		if err := test.do(p); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
		if diff := cmp.Diff(test.loads, loads); diff != "" || appends != test.appends {
			t.Errorf("%s: %d appends, want %d; read beyond (-want +got):\n%s", name, appends, test.appends, diff)
		}
	}
}

// What a snapshot would refuse, or would leave as it is, may be what others have made possible since.
func TestASnapshotRefusesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		before, since func(r *registry, c registrar.Registration) error
		do            func(r *registry, c registrar.Registration) error
		want          string // the type of the event that follows
	}{
		"resumed since": {
			func(r *registry, c registrar.Registration) error {
				return r.Suspend(t.Context(), admin, c.Client.ID, "")
			},
			func(r *registry, c registrar.Registration) error { return r.Resume(t.Context(), admin, c.Client.ID) },
			func(r *registry, c registrar.Registration) error { return rename(r, c, "mine") }, "ClientUpdated",
		},
		"resumed since, to be suspended again": {
			func(r *registry, c registrar.Registration) error {
				return r.Suspend(t.Context(), admin, c.Client.ID, "")
			},
			func(r *registry, c registrar.Registration) error { return r.Resume(t.Context(), admin, c.Client.ID) },
			func(r *registry, c registrar.Registration) error {
				return r.Suspend(t.Context(), admin, c.Client.ID, "")
			}, "ClientSuspended",
		},
		"changed since, and put back": {
			func(r *registry, c registrar.Registration) error { return rename(r, c, "former") },
			func(r *registry, c registrar.Registration) error { return rename(r, c, "later") },
			func(r *registry, c registrar.Registration) error { return rename(r, c, "former") }, "ClientUpdated",
		},
		"the version that was asked for since": {
			func(r *registry, c registrar.Registration) error { return rename(r, c, "former") },
			func(r *registry, c registrar.Registration) error { return rename(r, c, "later") },
			func(r *registry, c registrar.Registration) error {
				return r.Delete(t.Context(), "", c.Client.ID, c.RegistrationAccessToken, func(version uint64) bool { return version == 3 })
			}, "ClientDeleted",
		},
	} {
		r := newRegistry()
		client := r.mustRegister(t, webApp)
		if err := test.before(r, client); err != nil {
			t.Fatal(err)
		}
		p := r.behind(2)
		if err := test.since(r, client); err != nil {
			t.Fatal(err)
		}
		if err := test.do(p, client); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if types := r.types(t); types[len(types)-1] != test.want || len(types) != 4 {
			t.Errorf("%s: the log has %v, want %s at its end", name, types, test.want)
		}
	}
	t.Run("a registration access token that was issued since", func(t *testing.T) {
		r := newRegistry()
		r.RotateAccessTokens = true
		client := r.mustRegister(t, webApp)
		p := r.behind(1)
		rotated, err := r.Update(t.Context(), "", client.Client.ID, client.RegistrationAccessToken, parse(t, putBack(client, "")))
		if err != nil {
			t.Fatal(err)
		}
		if err := update(p, t, client, client.RegistrationAccessToken, ""); !errors.Is(err, domain.ErrUnauthorized) {
			t.Errorf("the former: %v", err)
		}
		if err := update(p, t, client, rotated.RegistrationAccessToken, ""); err != nil {
			t.Error(err)
		}
	})
}

// What a snapshot would allow, others may have made impossible since. Then nothing is appended, and nothing fetched.
func TestASnapshotAllowsNothing(t *testing.T) {
	const paired = `,"sector_identifier_uri":"https://a.example/s","subject_type":"pairwise"`
	for name, test := range map[string]struct {
		since func(r *registry, c registrar.Registration) error
		want  error
	}{
		"deleted": {func(r *registry, c registrar.Registration) error {
			return r.Delete(t.Context(), "", c.Client.ID, c.RegistrationAccessToken)
		}, domain.ErrUnauthorized},
		"revoked": {func(r *registry, c registrar.Registration) error {
			return r.Revoke(t.Context(), admin, c.Client.ID, "")
		}, domain.ErrUnauthorized},
		"suspended": {func(r *registry, c registrar.Registration) error {
			return r.Suspend(t.Context(), admin, c.Client.ID, "")
		}, domain.ErrSuspended},
		"another version": {func(r *registry, c registrar.Registration) error {
			return rename(r, c, "later")
		}, domain.ErrPreconditionFailed},
	} {
		r := newRegistry()
		client := r.mustRegister(t, webApp)
		p := r.behind(1)
		var fetched asked
		p.Fetcher = &fetched
		if err := test.since(r, client); err != nil {
			t.Fatal(err)
		}
		first := func(version uint64) bool { return version == 1 }
		for _, members := range []string{`,"client_name":"mine"`, paired} {
			if err := update(p, t, client, client.RegistrationAccessToken, members, first); !errors.Is(err, test.want) {
				t.Errorf("%s: update: %v, want %v", name, err, test.want)
			}
		}
		if err := r.behind(1).Delete(t.Context(), "", client.Client.ID, client.RegistrationAccessToken, first); !errors.Is(err, test.want) {
			// The holder of the token of a suspended client may not delete it either.
			t.Errorf("%s: delete: %v, want %v", name, err, test.want)
		}
		if types := r.types(t); len(types) != 2 || fetched != 0 {
			t.Errorf("%s: fetched %d times, the log has %v", name, fetched, types)
		}
	}
	t.Run("an initial access token that was used up", func(t *testing.T) {
		r := newRegistry()
		issued := r.mustIssue(t, domain.IssueInitialAccessToken{MaxUses: 1})
		p := r.behind(1)
		r.before(func(elsewhere *registry) {
			if _, err := elsewhere.RegisterWith(t.Context(), "", issued.Token, parse(t, webApp)); err != nil {
				t.Error(err)
			}
		})
		if _, err := p.RegisterWith(t.Context(), "", issued.Token, parse(t, webApp)); !errors.Is(err, domain.ErrInitialAccessTokenRefused) {
			t.Errorf("error %v", err)
		}
		if types := r.types(t); len(types) != 3 {
			t.Errorf("the log has %v", types)
		}
	})
}

// A change counts once towards the limit of a client's changes, however often it is decided.
func TestAChangeCountsOnce(t *testing.T) {
	log := newRegistry()
	client := log.mustRegister(t, webApp)
	for at := range uint64(3) {
		options := log.Options
		options.ChangeRate, options.Snapshots = 1, &folded{log: log.log, at: at}
		r := &registry{Registrar: registrar.New(options), log: log.log}
		log.before(func(elsewhere *registry) {
			if err := rename(elsewhere, client, fmt.Sprint("elsewhere ", at)); err != nil {
				t.Error(err)
			}
		})
		if err := rename(r, client, fmt.Sprint("here ", at)); err != nil {
			t.Errorf("snapshot at %d: %v", at, err)
		}
	}
}

// A process that has changed more clients than it remembers misses none of the changes that it acknowledged.
func TestNoAcknowledgedChangeIsForgotten(t *testing.T) {
	r := newRegistry()
	changed := r.mustRegister(t, webApp)
	snapshots := &folded{log: r.log, at: 1}
	r.Snapshots = snapshots
	if err := rename(r, changed, "changed"); err != nil {
		t.Fatal(err)
	}
	for range registrar.LatestKept {
		if err := r.Revoke(t.Context(), admin, r.mustRegister(t, webApp).Client.ID, ""); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.Client(t.Context(), changed.Client.ID, changed.RegistrationAccessToken)
	if err != nil || got.Metadata.Name() != "changed" {
		t.Errorf("name %q, error %v", got.Metadata.Name(), err)
	}
}
