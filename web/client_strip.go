package web

import (
	"time"

	"roster/web/ui"
)

// soonDays is within how many days a client secret expires soon.
const soonDays = 14

// A secretExpiry says in a few words when a client's secret expires.
type secretExpiry struct {
	Text   string
	Filter string  // finds the clients whose secrets expire as soon; empty: that is not soon
	Tone   ui.Tone // of a secret that needs attention
}

func (v clientView) secretExpiry() secretExpiry {
	switch {
	case v.Secret == nil:
		return secretExpiry{Text: "none"}
	case v.Ended():
		return secretExpiry{Text: "ended"}
	case v.Secret.ExpiresAt.IsZero():
		return secretExpiry{Text: "does not expire"}
	}
	at := ui.Minute(v.Secret.ExpiresAt)
	switch {
	case !v.Secret.ExpiresAt.After(v.Now):
		return secretExpiry{"expired " + at, "expired", ui.Bad}
	case v.Secret.ExpiresAt.Before(v.Now.Add(soonDays * 24 * time.Hour)):
		return secretExpiry{"expires " + at, "14d", ui.Warning}
	}
	return secretExpiry{Text: "expires " + at}
}
