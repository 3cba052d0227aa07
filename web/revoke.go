package web

import (
	"roster/domain"
	"roster/domain/registrar"
)

// revocation ends a client.
var revocation = act{
	title: "Revoke", verb: "revoke", effects: revokeEffects,
	idle: domain.Client.Ended, already: " Its credentials no longer work.",
	do:   (*registrar.Registrar).Revoke,
	done: "is revoked. Its registration access token and client secret have stopped working.",
}
