// Package registrar holds the use cases of the registry: load, decide, append, wait.
package registrar

import (
	"context"

	"roster/domain"
)

// Log is where the registrar loads and appends. Its contract is that of eventstore.Log.
type Log interface {
	Load(ctx context.Context, aggregate domain.Aggregate) (history []domain.Envelope, last uint64, err error)
	Append(ctx context.Context, changes ...domain.Change) (seq uint64, err error)
}

// Waiter waits until the local read model has applied the event at a sequence.
type Waiter interface {
	Wait(ctx context.Context, seq uint64) error
}

// Registration is the answer to a registration or an update.
type Registration struct {
	Client domain.Client
	// ClientSecret is the client's secret when it was issued just now, else empty.
	ClientSecret string
	// RegistrationAccessToken is the token that gives access to the client.
	RegistrationAccessToken string
}

// Register registers a client as the document asks. from is the caller's address.
// It returns a *domain.Error for what the document has wrong.
func (r *Registrar) Register(ctx context.Context, from string, requested domain.Document) (Registration, error) {
	panic("not yet")
}

// Update replaces the metadata of the client that token admits to (RFC 7592 2.2).
// It returns domain.ErrUnauthorized, or a *domain.Error for what the document has wrong.
func (r *Registrar) Update(ctx context.Context, from, clientID, token string, requested domain.Document) (Registration, error) {
	panic("not yet")
}

// Delete ends the client that token admits to (RFC 7592 2.3). It returns domain.ErrUnauthorized.
func (r *Registrar) Delete(ctx context.Context, from, clientID, token string) error {
	panic("not yet")
}

// DeleteAs ends a client on an administrator's behalf, at its registration_client_uri as WSO2 Identity
// Server did. Ending what has ended is no error. It returns domain.ErrNotFound.
func (r *Registrar) DeleteAs(ctx context.Context, admin domain.Actor, clientID string) error {
	panic("not yet")
}

// Revoke ends a client by an administrator. Revoking what has ended is no error and appends nothing.
// It returns domain.ErrNotFound.
func (r *Registrar) Revoke(ctx context.Context, admin domain.Actor, clientID, reason string) error {
	panic("not yet")
}

// Registrar registers, changes and ends clients. It may be used concurrently.
type Registrar struct{}
