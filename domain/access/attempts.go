package access

import "time"

const (
	failures     = 10               // how many attempts may fail in a row from one address
	forgiveAfter = 20 * time.Second // how long it takes until one more may fail
	addresses    = 10_000           // how many addresses are remembered
)

// attempts bounds failed attempts by caller.
type attempts struct {
	now     func() time.Time
	callers *Callers
}

func newAttempts(now func() time.Time) attempts {
	return attempts{now, NewCallers(failures, forgiveAfter, addresses)}
}

// blocked returns a *Throttled when too many attempts have failed from this address.
func (a attempts) blocked(from string) error {
	return tooManyFailures(a.callers.Wait(from, a.now()))
}

// attempt runs check unless too many have failed from this address, and counts it when it fails.
// It returns ErrRefused, a *Throttled, or the error of check.
func (a attempts) attempt(from string, check func() (right bool, err error)) error {
	// An attempt counts as failed until it is known to be right, so that attempts at the same time
	// cannot pass together.
	forgive, wait := a.callers.Take(from, a.now())
	if err := tooManyFailures(wait); err != nil {
		return err
	}
	right, err := check()
	if right || err != nil {
		forgive()
		return err
	}
	return ErrRefused
}

func tooManyFailures(wait time.Duration) error { return TooMany("failed attempts", "", wait) }
