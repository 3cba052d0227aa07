package access

import "time"

// The settings that can be the Setting of a Throttled.
const (
	SettingRegistrationRate = "registration-rate"
	SettingChangeRate       = "change-rate"
)

// Throttled says that somebody did something too often and has to wait. Nothing was done.
type Throttled struct {
	What       string        // what was too often, in the plural, such as "changes of this client"
	Setting    string        // the setting that limits it; empty: the limit is fixed
	RetryAfter time.Duration // whole seconds, at least one, which is what Retry-After can say (RFC 9110 10.2.3)
}

// TooMany returns a *Throttled for a wait, and nil when there is none to wait for.
func TooMany(what, setting string, wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	return &Throttled{What: what, Setting: setting, RetryAfter: (wait + time.Second - 1).Truncate(time.Second)}
}

// Error names what was too often, and the wait.
func (t *Throttled) Error() string {
	return "too many " + t.What + ", try again in " + t.RetryAfter.String()
}
