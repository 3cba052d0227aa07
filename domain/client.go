package domain

import (
	"roster/domain/oauth"
	"time"
)

// Status is where a client stands in its life.
type Status string

// The statuses of a client. The zero Status is that of a client that was never registered.
const (
	Active  Status = "active"
	Deleted Status = "deleted" // by itself, RFC 7592 2.3
	Revoked Status = "revoked" // by an administrator
	// Lost is a client whose registration was among events that the log lost: of its credentials nothing is
	// known, so that nobody can use them.
	Lost Status = "lost"
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

// Admits reports whether token is the registration access token of a client that is active.
// It takes the same time whatever the reason it does not.
func (c Client) Admits(token string) bool {
	matches := c.RegistrationAccessToken.Matches(token)
	return matches && c.Status == Active
}

// Evolve returns the state after an event. It does not change its argument and keeps no event waiting:
// every event that was recorded can be applied, whatever the rules are today.
func Evolve(c Client, aggregate Aggregate, event Event) Client {
	c.ID = aggregate.ID
	c.Version++
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
		if !c.Exists() {
			c.Status = Lost
		}
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
	case ClientDeleted:
		c.Status = Deleted
	case ClientRevoked:
		c.Status = Revoked
	}
	return c
}

// Fold returns the state after further events of the client.
func Fold(c Client, events []Envelope) Client {
	for _, e := range events {
		c = Evolve(c, e.Aggregate, e.Event)
	}
	return c
}
