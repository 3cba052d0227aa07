package access

import (
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// A Throttle limits how often each of many holders does something. A holder has a number of permits, all of which it
// may use at once, and gets one back in every interval until it has that number again. It may be used concurrently.
type Throttle[K comparable] struct {
	interval time.Duration
	atOnce   int
	known    *lru.Cache[K, *rate.Limiter]
}

// NewThrottle returns a Throttle that gives each holder atOnce permits, and one back in every interval. It remembers
// as many holders as remembered says, and forgets the one that has not come for longest. All three are above 0.
func NewThrottle[K comparable](atOnce int, interval time.Duration, remembered int) *Throttle[K] {
	known, err := lru.New[K, *rate.Limiter](remembered)
	if err != nil {
		panic(fmt.Sprintf("throttle: %v", err))
	}
	return &Throttle[K]{interval: interval, atOnce: atOnce, known: known}
}

// Wait returns how long it is until a holder has a permit, 0 when it has one. It uses none.
func (t *Throttle[K]) Wait(holder K, now time.Time) time.Duration {
	missing := 1 - t.limiter(holder).TokensAt(now)
	return max(0, time.Duration(missing*float64(t.interval)))
}

// Take uses a permit of a holder. When the holder has none, wait says how long it is until it has one. A permit that
// was used can be given back.
func (t *Throttle[K]) Take(holder K, now time.Time) (giveBack func(), wait time.Duration) {
	permit := t.limiter(holder).ReserveN(now, 1)
	giveBack = func() { permit.CancelAt(now) }
	if wait = permit.DelayFrom(now); wait > 0 {
		giveBack()
	}
	return giveBack, wait
}

func (t *Throttle[K]) limiter(holder K) *rate.Limiter {
	if limiter, ok := t.known.Get(holder); ok {
		return limiter
	}
	limiter := rate.NewLimiter(rate.Every(t.interval), t.atOnce)
	if earlier, ok, _ := t.known.PeekOrAdd(holder, limiter); ok {
		return earlier
	}
	return limiter
}
