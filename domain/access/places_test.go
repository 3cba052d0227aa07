package access

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// Who comes last goes first, and who gives up holds nothing.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(1)
		if err := p.take(t.Context()); err != nil {
			t.Fatal(err)
		}
		served := make(chan int, 200)
		for i := range 150 {
			go func() {
				if p.take(t.Context()) == nil {
					served <- i
				}
			}()
			synctest.Wait() // in this order
		}
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() { gone <- p.take(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("who gives up: %v", err)
		}
		for want := 149; want >= 0; want-- {
			p.leave()
			if got := <-served; got != want {
				t.Fatalf("%d goes before %d", got, want)
			}
		}
		p.leave()
		if err := p.take(ctx); err != nil {
			t.Errorf("a free place: %v", err)
		}
	})
}
