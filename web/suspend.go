package web

import (
	"context"

	"roster/domain"
	"roster/domain/registrar"
	"roster/web/ui"
)

// suspension bars a client from its registration until it is resumed.
var suspension = act{
	title: "Suspend", verb: "suspend", button: ui.PlainButton, effects: suspendEffects,
	idle: func(c domain.Client) string {
		if c.MayManageItself() {
			return ""
		}
		return "already " + string(c.Status)
	},
	do: (*registrar.Registrar).Suspend,
	done: func(domain.Client) string {
		return "is suspended. Its registration access token is refused until it is resumed."
	},
}

// resumption ends a client's suspension.
var resumption = act{
	title: "Resume", verb: "resume", button: ui.PlainButton,
	idle: func(c domain.Client) string {
		if c.MayManageItself() || c.Ended() {
			return string(c.Status) + ", not suspended"
		}
		return ""
	},
	do: func(r *registrar.Registrar, ctx context.Context, admin domain.Actor, clientID, _ string) error {
		return r.Resume(ctx, admin, clientID)
	},
	done: func(domain.Client) string { return "is resumed. Its registration access token works again." },
}
