// Package access says who may do what, and how often: administrators are known by their passwords and API tokens,
// other callers by their addresses.
package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"roster/domain"
)

// ErrRefused says that a name and password, or an API token, are not an administrator's.
var ErrRefused = errors.New("not an administrator's credentials")

// Options say who the administrators are.
type Options struct {
	User         string
	Password     string           // hashed with Salt when it is first needed; empty: PasswordHash is that of it
	Salt         []byte           // 16 bytes or more; with another one Credentials are others
	PasswordHash string           // of NewPassword
	Tokens       Tokens           // API tokens
	Now          func() time.Time // nil: time.Now
}

// Administrators checks credentials. It may be used concurrently.
type Administrators struct {
	user     string
	hash     func() passwordHash
	tokens   Tokens
	attempts attempts

	// A password that was right is remembered as its MAC under a key of this process, so that a caller
	// that sends it with every request does not cost the work of the hash each time.
	key        [sha256.Size]byte
	remembered atomic.Pointer[[sha256.Size]byte]
	hashing    *places // bounds the memory that hashing takes
	memory     memory  // of it
}

// New returns the administrators of options, or an error when a hash that is given is not one of NewPassword.
func New(options Options) (*Administrators, error) {
	hash, err := options.hash()
	if err != nil {
		return nil, fmt.Errorf("password hash of administrator: %w", err)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	a := &Administrators{
		user:     options.User,
		hash:     hash,
		tokens:   options.Tokens,
		attempts: newAttempts(options.Now),
		hashing:  newPlaces(2),
	}
	rand.Read(a.key[:])
	return a, nil
}

// hash returns what returns the hash of the password. It takes 64 MiB and some hundred milliseconds of a processor, and
// a start does not wait for it.
func (o Options) hash() (func() passwordHash, error) {
	if o.Password != "" {
		return sync.OnceValue(func() passwordHash { return hashSlowly(o.Password, o.Salt) }), nil
	}
	parsed, err := parsePasswordHash(o.PasswordHash)
	return func() passwordHash { return parsed }, err
}

// Password returns the administrator with this name and password as an actor at the address from.
// It returns ErrRefused, a *Throttled when too many attempts from there have failed, in which case the password is
// not looked at, or the context's error.
func (a *Administrators) Password(ctx context.Context, from, user, password string) (domain.Actor, error) {
	if err := a.attempts.blocked(from); err != nil {
		return domain.Actor{}, err
	}
	mac := a.mac(user, password)
	if last := a.remembered.Load(); last == nil || !hmac.Equal(mac[:], last[:]) {
		err := a.attempts.attempt(from, func() (bool, error) {
			named := subtle.ConstantTimeCompare([]byte(user), []byte(a.user)) == 1
			matches, err := a.verify(ctx, password)
			return named && matches, err
		})
		if err != nil {
			return domain.Actor{}, err
		}
		a.remembered.Store(&mac)
	}
	return domain.Actor{Kind: domain.ActorAdmin, ID: a.user, IP: from}, nil
}

// Credentials is a digest of the name and the password's hash: another one for other credentials.
func (a *Administrators) Credentials() [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d %s%s", len(a.user), a.user, a.hash()))
}

// Token returns the holder of an API token as an actor at the address from. It returns ErrRefused.
func (a *Administrators) Token(_ context.Context, from, token string) (domain.Actor, error) {
	name, ok := a.tokens.Holder(token)
	if !ok {
		return domain.Actor{}, ErrRefused
	}
	return domain.Actor{Kind: domain.ActorAdmin, ID: name, IP: from}, nil
}

// verify compares a password with the hash, a few at a time.
func (a *Administrators) verify(ctx context.Context, password string) (bool, error) {
	if err := a.hashing.take(ctx); err != nil {
		return false, fmt.Errorf("check a password: %w", err)
	}
	defer a.hashing.leave()
	hash := a.hash()
	matches := hash.matches(password)
	if hash.memory >= muchMemory {
		a.memory.giveBack(a.attempts.now())
	}
	return matches, nil
}

func (a *Administrators) mac(user, password string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, a.key[:])
	fmt.Fprintf(mac, "%d %s%s", len(user), user, password)
	return [sha256.Size]byte(mac.Sum(nil))
}
