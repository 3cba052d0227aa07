package access_test

import (
	"errors"
	"testing"
	"time"

	"roster/domain/access"
)

func TestTooMany(t *testing.T) {
	if err := access.TooMany("things", "", 0); err != nil {
		t.Errorf("nothing to wait for: %v", err)
	}
	for wait, want := range map[time.Duration]time.Duration{
		1: time.Second, time.Second: time.Second, time.Second + 1: 2 * time.Second, 1500 * time.Millisecond: 2 * time.Second,
	} {
		var throttled *access.Throttled
		err := access.TooMany("changes of this client", access.SettingChangeRate, wait)
		if !errors.As(err, &throttled) || throttled.RetryAfter != want || throttled.Setting != "change-rate" {
			t.Errorf("a wait of %v: %+v, want %v", wait, err, want)
		}
	}
}
