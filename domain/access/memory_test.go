package access_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"roster/domain/access"
)

// TestMemoryOfAHashIsGivenBack checks passwords whose hash takes 64 MiB.
func TestMemoryOfAHashIsGivenBack(t *testing.T) {
	now := time.Now()
	admins, err := access.New(access.Options{
		User: "admin", Password: password, Salt: []byte("salt of this test"), Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	// attempt returns how many bytes the runtime holds after an attempt, and how many collections it was made to run.
	attempt := func() (held uint64, collections uint32) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := admins.Password(t.Context(), "", "admin", "wrong"); !errors.Is(err, access.ErrRefused) {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.HeapSys - after.HeapReleased, after.NumForcedGC - before.NumForcedGC
	}
	if held, collections := attempt(); held >= 32<<20 || collections != 1 {
		t.Errorf("%d bytes are held after the first attempt and %d collections", held, collections)
	}
	now = now.Add(59 * time.Second)
	if _, collections := attempt(); collections != 0 {
		t.Errorf("%d collections within a minute", collections)
	}
	now = now.Add(time.Second)
	if held, collections := attempt(); held >= 32<<20 || collections != 1 {
		t.Errorf("%d bytes are held after a minute and %d collections", held, collections)
	}
}
