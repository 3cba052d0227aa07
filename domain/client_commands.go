package domain

import (
	"time"

	"roster/domain/oauth"
)

// A ClientCommand asks for a change of one client.
type ClientCommand interface{ isClientCommand() }

// Register asks for a new client. What needs the world is handed in as values.
type Register struct {
	Requested               oauth.Document
	At                      time.Time // becomes client_id_issued_at, cut to seconds
	PolicyVersion           string    // of the policy that decides, whose Version takes long to compute each time
	RegistrationAccessToken Digest
	Offered                 Secret // becomes the client's secret if it needs one
	Evidence                oauth.Evidence
	InitialAccessToken      string      // id of the token that admits the registration; empty: none
	Terms                   oauth.Terms // of that token
}

// Update asks to replace a client's metadata (RFC 7592 2.2).
type Update struct {
	ClientID      string // the client in the request's path
	Requested     oauth.Document
	At            time.Time
	PolicyVersion string // as in Register
	Offered       Secret // becomes the client's secret if it needs a new one
	// RegistrationAccessToken replaces the client's; zero: it stays.
	RegistrationAccessToken Digest
	Evidence                oauth.Evidence
}

// Delete asks to end a client at its registration_client_uri (RFC 7592 2.3).
type Delete struct{}

// Suspend asks to bar a client from its registration on behalf of an administrator.
type Suspend struct {
	Reason string
}

// Resume asks to end the suspension of a client on behalf of an administrator.
type Resume struct{}

// Revoke asks to end a client on behalf of an administrator.
type Revoke struct {
	Reason string
}

func (Register) isClientCommand() {}
func (Update) isClientCommand()   {}
func (Delete) isClientCommand()   {}
func (Suspend) isClientCommand()  {}
func (Resume) isClientCommand()   {}
func (Revoke) isClientCommand()   {}
