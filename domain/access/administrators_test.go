package access_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"roster/domain"
	"roster/domain/access"
)

const (
	password = "correct horse battery staple"
	apiToken = "an API token of more than 32 characters"
)

var hash = access.CheapHash(password)

func newAdministrators(t *testing.T) *access.Administrators {
	t.Helper()
	admins, err := access.New(access.Options{
		User: "admin", PasswordHash: hash,
		Tokens: access.Tokens{{Holder: "audit", Digest: domain.DigestOf(apiToken)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return admins
}

func TestPassword(t *testing.T) {
	admins := newAdministrators(t)
	want := domain.Actor{Kind: domain.ActorAdmin, ID: "admin", IP: "192.0.2.1"}
	for range 2 { // hashed first, then remembered
		if got, err := admins.Password(t.Context(), "192.0.2.1", "admin", password); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
	}
	for user, password := range map[string]string{"admin": "wrong", "root": password, "": "", "admin" + password[:1]: password[1:]} {
		if _, err := admins.Password(t.Context(), "192.0.2.1", user, password); !errors.Is(err, access.ErrRefused) {
			t.Errorf("%q: %v", user, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := admins.Password(ctx, "192.0.2.1", "admin", password); err != nil {
		t.Errorf("a remembered password waits for nothing, but: %v", err)
	}
}

func TestToken(t *testing.T) {
	admins := newAdministrators(t)
	want := domain.Actor{Kind: domain.ActorAdmin, ID: "audit", IP: "192.0.2.1"}
	if got, err := admins.Token(t.Context(), "192.0.2.1", apiToken); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, token := range []string{"", "wrong", apiToken + "x", password} {
		if _, err := admins.Token(t.Context(), "192.0.2.1", token); !errors.Is(err, access.ErrRefused) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		admins := newAdministrators(t)
		try := func(from, password string) error {
			_, err := admins.Password(t.Context(), from, "admin", password)
			return err
		}
		var throttled *access.Throttled
		for range 10 {
			if err := try("2001:db8::1", "wrong"); !errors.Is(err, access.ErrRefused) {
				t.Fatal(err)
			}
		}
		if err := try("2001:db8::2", password); !errors.As(err, &throttled) {
			t.Errorf("another address of the same network: %v", err)
		}
		if throttled.RetryAfter < time.Second || throttled.RetryAfter%time.Second != 0 {
			t.Errorf("retry after %v", throttled.RetryAfter)
		}
		if err := try("2001:db8:0:1::1", password); err != nil {
			t.Errorf("another network: %v", err)
		}
		if err := try("2001:db8::2", password); !errors.As(err, &throttled) {
			t.Errorf("a remembered password got past the throttle: %v", err)
		}
		time.Sleep(throttled.RetryAfter) // of the bubble's clock
		if err := try("2001:db8::1", password); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

func TestAttemptsAtTheSameTimeAreCounted(t *testing.T) {
	admins := newAdministrators(t)
	var refused, throttled atomic.Int32
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			_, err := admins.Password(t.Context(), "192.0.2.7", "admin", fmt.Sprint("wrong", i))
			var t *access.Throttled
			switch {
			case errors.Is(err, access.ErrRefused):
				refused.Add(1)
			case errors.As(err, &t):
				throttled.Add(1)
			}
		})
	}
	group.Wait()
	if refused.Load() != 10 || throttled.Load() != 30 {
		t.Errorf("%d refused, %d throttled", refused.Load(), throttled.Load())
	}
}

// A password of the settings has one hash with each salt.
func TestGivenPassword(t *testing.T) {
	given := access.Options{User: "admin", Password: password, Salt: []byte("salt of this test")}
	other := given
	other.Salt = []byte("salt of another one")
	admits(t, given, password)
	first := credentialsOf(t, given)
	if again := credentialsOf(t, given); again != first {
		t.Error("a password and a salt have two hashes")
	}
	if credentialsOf(t, other) == first {
		t.Error("the salt makes no difference")
	}
}

func credentialsOf(t *testing.T, o access.Options) [32]byte {
	t.Helper()
	admins, err := access.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return admins.Credentials()
}

func TestBrokenHash(t *testing.T) {
	for _, broken := range []string{
		"", "plain", strings.Replace(hash, "argon2id", "argon2i", 1), strings.Replace(hash, "t=1", "t=0", 1),
		strings.Replace(hash, "p=1", "p=0", 1), hash[:len(hash)-30], strings.Replace(hash, "v=19", "v=16", 1),
		hash[:strings.LastIndexByte(hash, '$')],
	} {
		if _, err := access.New(access.Options{PasswordHash: broken}); err == nil {
			t.Errorf("accepted %q", broken)
		}
	}
}

func TestNewPassword(t *testing.T) {
	one, hash := access.NewPassword()
	two, other := access.NewPassword()
	if one == two || len(one) < 20 {
		t.Errorf("passwords %q and %q", one, two)
	}
	if saltOf(hash) == saltOf(other) {
		t.Error("two hashes share their salt")
	}
	admits(t, access.Options{User: "admin", PasswordHash: hash}, one)
}

// saltOf returns the salt of a hash, in its encoding.
func saltOf(hash string) string { return strings.Split(hash, "$")[4] }

// admits checks that a password is that of the administrator, and no other.
func admits(t *testing.T, o access.Options, password string) {
	t.Helper()
	admins, err := access.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admins.Password(t.Context(), "", "admin", password); err != nil {
		t.Errorf("its own password: %v", err)
	}
	if _, err := admins.Password(t.Context(), "", "admin", password+"x"); !errors.Is(err, access.ErrRefused) {
		t.Errorf("another password: %v", err)
	}
}
