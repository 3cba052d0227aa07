// Package rostertest has what the tests of several packages share: a registry in the process of the test, its
// administrator, and a buffer for what it logs. Tests of the API and of the dashboard put their own part on top.
package rostertest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"

	"roster/cmd/roster/vault"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore"
	"roster/projections"
	"roster/projections/readmodel"
)

// The administrator of the tests, and an API token.
const (
	AdminName     = "admin"
	AdminPassword = "correct horse battery staple"
	APIToken      = "an API token of the tests that is long enough"
)

// Registry is everything below API and dashboard, as the program has it: a read model that follows a log, the use
// cases and the administrators.
type Registry struct {
	Model          *readmodel.ReadModel
	Registrar      *registrar.Registrar
	Administrators *access.Administrators

	stop func()
}

// Start starts a registry on a log, which others may use too. It ends with the test, after everything that is
// cleaned up by what was started later.
func Start(tb testing.TB, log eventstore.Log, logger *slog.Logger) *Registry {
	tb.Helper()
	r := &Registry{}
	var err error
	r.Model, err = readmodel.Open(tb.Context(), readmodel.Options{Dir: tb.TempDir(), Log: log, Logger: logger, Acknowledged: log.Acknowledged})
	if err != nil {
		tb.Fatal(err)
	}
	followers := projections.Start(logger, r.Model.Follower)
	r.stop = sync.OnceFunc(func() {
		if err := followers.Stop(); err != nil {
			tb.Logf("the read model had stopped: %v", err)
		}
	})
	tb.Cleanup(func() {
		r.stop()
		if err := r.Model.Close(); err != nil {
			tb.Error(err)
		}
	})
	r.Administrators = Administrators(tb)
	r.Registrar = registrar.New(registrar.Options{Log: log, Snapshots: r.Model, Sealer: Keys(tb), Policy: oauth.DefaultPolicy, Logger: logger})
	return r
}

// StopFollowing stops the read model where it is. It may be called again.
func (r *Registry) StopFollowing() { r.stop() }

// Administrators returns the administrator and the holder of the API token.
func Administrators(tb testing.TB) *access.Administrators {
	tb.Helper()
	a, err := access.New(access.Options{
		User: AdminName, PasswordHash: passwordHash, Tokens: access.Tokens{{Holder: "auditor", Digest: domain.DigestOf(APIToken)}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// Keys returns a keyring that is the same in every test.
func Keys(tb testing.TB) vault.Keyring {
	tb.Helper()
	ring, err := vault.ParseKeyring(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), vault.KeySize)))
	if err != nil {
		tb.Fatal(err)
	}
	return ring
}

// passwordHash is a hash of AdminPassword that costs little to check: what it costs in the program is tested where
// the hashes are made.
var passwordHash = func() string {
	salt := []byte("salt of the tests")
	sum := argon2.IDKey([]byte(AdminPassword), salt, 1, 8, 1, 32)
	return fmt.Sprintf("$argon2id$v=%d$m=8,t=1,p=1$%s$%s", argon2.Version,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}()
