package domain

import (
	"time"

	"roster/domain/oauth"
)

// ClientRegistered is the first event of every client.
type ClientRegistered struct {
	Metadata                oauth.Metadata
	LeftOut                 oauth.Metadata // values that were asked for and are not in Metadata, by member; nil: none
	IssuedAt                time.Time      // client_id_issued_at, whole seconds
	RegistrationAccessToken Digest
	Secret                  *Secret     // nil: the client has none
	PolicyVersion           string      // Version of the policy that let it through; empty: from before it was recorded
	InitialAccessToken      string      // id of the token that it was registered with; empty: none
	Terms                   oauth.Terms // of that token
}

// ClientUpdated replaces a client's metadata (RFC 7592 2.2).
type ClientUpdated struct {
	Metadata     oauth.Metadata
	LeftOut      oauth.Metadata // as in ClientRegistered
	SecretIssued *Secret        // a new secret, which replaces any former; nil: none was issued
	SecretEnded  bool           // the client has no secret any more
	// RegistrationAccessToken is of a new token, which ends any former; zero: none was issued.
	RegistrationAccessToken Digest
	// PolicyVersion is the Version of the policy that let the change through; empty: from before it was recorded.
	PolicyVersion string
}

// ClientDeleted ends a client through its registration_client_uri (RFC 7592 2.3).
type ClientDeleted struct{}

// ClientSuspended bars a client from its registration, by an administrator and until it is resumed.
type ClientSuspended struct {
	Reason string // free text of the administrator; may be empty
}

// ClientResumed ends the suspension of a client, by an administrator.
type ClientResumed struct{}

// ClientRevoked ends a client by an administrator.
type ClientRevoked struct {
	Reason string // free text of the administrator; may be empty
}

// Type returns "ClientRegistered".
func (ClientRegistered) Type() string { return "ClientRegistered" }

// Type returns "ClientUpdated".
func (ClientUpdated) Type() string { return "ClientUpdated" }

// Type returns "ClientDeleted".
func (ClientDeleted) Type() string { return "ClientDeleted" }

// Type returns "ClientSuspended".
func (ClientSuspended) Type() string { return "ClientSuspended" }

// Type returns "ClientResumed".
func (ClientResumed) Type() string { return "ClientResumed" }

// Type returns "ClientRevoked".
func (ClientRevoked) Type() string { return "ClientRevoked" }

func (ClientDeleted) withdraws()   {}
func (ClientSuspended) withdraws() {}
func (ClientRevoked) withdraws()   {}

func (e ClientSuspended) reason() string { return e.Reason }
func (e ClientRevoked) reason() string   { return e.Reason }
