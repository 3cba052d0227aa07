// Package administrators says who is an administrator.
package administrators

import (
	"context"
	"errors"
	"time"

	"roster/domain"
)

// ErrRefused says that a name and password, or a token, are not an administrator's.
var ErrRefused = errors.New("not an administrator's credentials")

// Throttled says that there were too many failed attempts; no credentials were looked at.
type Throttled struct {
	RetryAfter time.Duration
}

// Error names the wait.
func (t *Throttled) Error() string {
	return "too many failed attempts, try again in " + t.RetryAfter.String()
}

// Administrators checks credentials. It may be used concurrently.
type Administrators struct{}

// Password returns the administrator with this name and password as an actor at the address from.
// It returns ErrRefused or a *Throttled.
func (a *Administrators) Password(ctx context.Context, from, user, password string) (domain.Actor, error) {
	panic("not yet")
}

// Token returns the holder of an API token as an actor at the address from.
// It returns ErrRefused or a *Throttled.
func (a *Administrators) Token(ctx context.Context, from, token string) (domain.Actor, error) {
	panic("not yet")
}
