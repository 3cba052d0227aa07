package web

import (
	"roster/domain"
	"roster/domain/registrar"
	"roster/web/ui"
)

// revocation ends a client.
var revocation = act{
	title: "Revoke", verb: "revoke", button: ui.DangerButton, effects: revokeEffects,
	idle: func(c domain.Client) string {
		if c.Ended() {
			return "already " + string(c.Status)
		}
		return ""
	},
	already: " Its credentials no longer work.",
	do:      (*registrar.Registrar).Revoke,
	done: func(c domain.Client) string {
		if c.Secret == nil {
			return "is revoked. Its registration access token has stopped working."
		}
		return "is revoked. Its registration access token and client secret have stopped working."
	},
}
