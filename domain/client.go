package domain

import (
	"errors"
	"time"

	"roster/domain/oauth"
)

// Client is the state of one client, folded from its events. The zero Client was never registered.
type Client struct {
	ID                      string
	Version                 uint64 // how many events the client has
	Status                  Status
	Metadata                oauth.Metadata
	IssuedAt                time.Time // client_id_issued_at
	RegistrationAccessToken Digest
	Secret                  *Secret     // nil: the client has none
	InitialAccessToken      string      // id of the token that it was registered with; empty: none
	Terms                   oauth.Terms // of that token: they bind the client for good
}

// Exists reports whether the client was ever registered.
func (c Client) Exists() bool { return c.Status != "" }

// IsRegistered reports whether the client was registered and has not ended.
func (c Client) IsRegistered() bool { return c.Exists() && !c.Ended() }

// MayManageItself reports whether the client's registration access token gives access to it.
func (c Client) MayManageItself() bool { return c.Status.MayManageItself() }

// MayBeServed reports whether authorization servers may serve the client.
func (c Client) MayBeServed() bool { return c.Status.MayBeServed() }

// Counts reports whether the client counts towards the limits on the number of clients.
func (c Client) Counts() bool { return c.Status.Counts() }

// Ended reports whether the client's registration is over for good. A client that was never registered has
// not ended.
func (c Client) Ended() bool { return c.Status.Ended() }

var (
	// ErrUnauthorized is the one answer to an unknown client, a client that is no longer active,
	// and a wrong registration access token (RFC 7592 2.1, 5): the three cannot be told apart.
	ErrUnauthorized = errors.New("registration access token not accepted")
	// ErrSuspended is the answer to the registration access token of a client that is suspended.
	ErrSuspended error = &oauth.Error{
		Code:   oauth.AccessDenied,
		Detail: "the client is suspended: it keeps its registration, and cannot use it until an administrator resumes it",
	}
)

// Authorize returns nil when registrationAccessToken is the client's and the client may manage itself. It returns
// ErrSuspended to the holder of the token of a client that is suspended, and ErrUnauthorized otherwise, which takes
// the same time whatever the reason.
func (c Client) Authorize(registrationAccessToken string) error {
	matches := c.RegistrationAccessToken.Matches(registrationAccessToken)
	switch {
	case !matches || !c.IsRegistered():
		return ErrUnauthorized
	case !c.MayManageItself():
		return ErrSuspended
	}
	return nil
}

// AuthorizeAdministrator returns nil when an administrator may use the client's registration_client_uri in the
// client's place, and ErrUnauthorized for a client that was never registered or has ended.
func (c Client) AuthorizeAdministrator() error {
	if !c.IsRegistered() {
		return ErrUnauthorized
	}
	return nil
}

func evolveClient(c Client, aggregate Aggregate, event Event) Client {
	c.ID = aggregate.ID
	c.Version++
	if !c.Exists() {
		c.Status = Lost // unless this is its registration
	}
	switch e := event.(type) {
	case ClientRegistered:
		c.Status = Active
		c.Metadata = e.Metadata
		c.IssuedAt = e.IssuedAt
		c.RegistrationAccessToken = e.RegistrationAccessToken
		c.Secret = e.Secret
		c.InitialAccessToken = e.InitialAccessToken
		c.Terms = e.Terms
	case ClientUpdated:
		c.Metadata = e.Metadata
		if e.SecretIssued != nil {
			c.Secret = e.SecretIssued
		}
		if e.SecretEnded {
			c.Secret = nil
		}
		if e.RegistrationAccessToken != (Digest{}) {
			c.RegistrationAccessToken = e.RegistrationAccessToken
		}
	case ClientSuspended:
		if c.Status == Active {
			c.Status = Suspended
		}
	case ClientResumed:
		if c.Status == Suspended {
			c.Status = Active
		}
	case ClientDeleted:
		c.Status = Deleted
	case ClientRevoked:
		c.Status = Revoked
	}
	return c
}
