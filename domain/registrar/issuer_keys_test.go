package registrar_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"roster/domain"
	"roster/domain/keyset"
	"roster/domain/registrar"
)

// TestKeysOfIssuers has issuers that rotate, break and come back, on the clock of the registrar.
func TestKeysOfIssuers(t *testing.T) {
	one, two := signingKey(t, jose.EdDSA, "one"), signingKey(t, jose.EdDSA, "two")
	byOne, byTwo := stating(sign(t, one, claimed, nil)), stating(sign(t, two, claimed, nil))
	start := func() (*issuer, *registry) {
		i := new(issuer)
		i.serves(one)
		return i, newRegistry().trusting(i.trust())
	}
	wantRead := func(t *testing.T, i *issuer, want int64) {
		t.Helper()
		if n := i.read.Load(); n != want {
			t.Errorf("keys read %d times, want %d", n, want)
		}
	}
	t.Run("are read when they are needed first, and then kept", func(t *testing.T) {
		i, r := start()
		r.wantCode(t, webApp, accepted)
		r.wantCode(t, stating(sign(t, one, `{"iss":"https://other.example.org"}`, nil)), unapproved)
		wantRead(t, i, 0)
		for range 3 {
			r.wantCode(t, byOne, accepted)
		}
		wantRead(t, i, 1)
	})
	t.Run("are read again for a key that is not among them, not too often", func(t *testing.T) {
		i, r := start()
		r.wantCode(t, byOne, accepted)
		i.serves(one, two)
		for range 3 {
			r.wantCode(t, byTwo, invalid)
		}
		wantRead(t, i, 1)
		r.now = r.now.Add(10 * time.Second)
		r.wantCode(t, byTwo, accepted)
		r.wantCode(t, byOne, accepted)
		wantRead(t, i, 2)
	})
	t.Run("are read again when they are no longer fresh, and those that are gone serve no more", func(t *testing.T) {
		i, r := start()
		r.wantCode(t, byOne, accepted)
		i.serves(two)
		r.wantCode(t, byOne, accepted)
		r.now = r.now.Add(15 * time.Minute)
		r.wantCode(t, byOne, invalid)
		r.wantCode(t, byTwo, accepted)
		wantRead(t, i, 2)
	})
	t.Run("serve on when they cannot be read again", func(t *testing.T) {
		i, r := start()
		r.wantCode(t, byOne, accepted)
		i.breaks(true)
		r.now = r.now.Add(time.Hour)
		for range 3 {
			r.wantCode(t, byOne, accepted)
		}
		wantRead(t, i, 2)
		i.breaks(false)
		i.serves(two)
		r.now = r.now.Add(10 * time.Second)
		r.wantCode(t, byTwo, accepted)
	})
	t.Run("a set that is wrong changes nothing", func(t *testing.T) {
		i, r := start()
		r.wantCode(t, byOne, accepted)
		i.serves()
		r.now = r.now.Add(time.Hour)
		r.wantCode(t, byOne, accepted)
	})
	t.Run("that were never read let nobody tell", func(t *testing.T) {
		i, r := start()
		i.breaks(true)
		for range 3 {
			if _, err := r.Register(t.Context(), "", parse(t, byOne)); !errors.Is(err, domain.ErrKeysUnavailable) {
				t.Errorf("error %v", err)
			}
		}
		wantRead(t, i, 1)
		if n := len(r.types(t)); n != 0 {
			t.Errorf("%d events", n)
		}
	})
}

// TestKeysAreReadOnceForAll has many statements come at once, before there are keys. All wait for one reading,
// which the caller who began it does not spoil by going away.
func TestKeysAreReadOnceForAll(t *testing.T) {
	key := signingKey(t, jose.EdDSA, "one")
	body := parse(t, stating(sign(t, key, claimed, nil)))
	synctest.Test(t, func(t *testing.T) {
		i := new(issuer)
		i.serves(key)
		served := make(chan struct{})
		r := newRegistry().trusting(registrar.Issuers{Keys: map[string]*keyset.Set{
			issuerName: keyset.New(func(ctx context.Context) ([]byte, error) {
				select {
				case <-served:
					return i.source(ctx)
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}, slog.New(slog.DiscardHandler)),
		}})
		first, leave := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, err := r.Register(first, "", body); !errors.Is(err, context.Canceled) {
				t.Errorf("who has gone: error %v", err)
			}
		})
		synctest.Wait()
		for range 20 {
			callers.Go(func() {
				if _, err := r.Register(t.Context(), "", body); err != nil {
					t.Error(err)
				}
			})
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Register(impatient, "", body); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who has no time: error %v", err)
		}
		leave()
		synctest.Wait()
		close(served)
		callers.Wait()
		if n := i.read.Load(); n != 1 {
			t.Errorf("keys read %d times", n)
		}
	})
}
