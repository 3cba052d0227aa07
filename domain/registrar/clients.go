package registrar

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
)

// Client returns the client that a registration access token gives access to (RFC 7592 2.1).
//
// It knows at least everything that this process acknowledged before, and what other processes did up to a moment
// ago. What the local snapshot does not answer is decided on the log: a client that is not there may be one that
// another process registered just now. It returns domain.ErrUnauthorized for a client that is unknown or has ended,
// and for a wrong token, and domain.ErrSuspended to the holder of the token of a suspended client.
func (r *Registrar) Client(ctx context.Context, clientID, registrationAccessToken string) (domain.Client, error) {
	return r.read(ctx, clientID, func(c domain.Client) error { return c.Authorize(registrationAccessToken) })
}

// ClientAs is Client for an administrator, at the client's registration_client_uri. It returns
// domain.ErrUnauthorized for a client that is unknown or has ended.
func (r *Registrar) ClientAs(ctx context.Context, clientID string) (domain.Client, error) {
	return r.read(ctx, clientID, domain.Client.AuthorizeAdministrator)
}

func (r *Registrar) read(ctx context.Context, clientID string, admit func(domain.Client) error) (domain.Client, error) {
	client, err := r.clients().admitted(ctx, clientID, admit)
	if err != nil {
		return domain.Client{}, fmt.Errorf("read client: %w", err)
	}
	return client, nil
}

// Current returns a client, whatever its status, as the log has it when Current is called, whoever changed it last: what
// decides about a client's access must be behind neither a registration nor a revocation. Where other processes append to
// the log too, that costs a question to it. It returns domain.ErrNotFound for a client that was never registered.
func (r *Registrar) Current(ctx context.Context, clientID string) (domain.Client, error) {
	client, err := r.clients().current(ctx, clientID)
	switch {
	case err != nil:
		return domain.Client{}, fmt.Errorf("read client: %w", err)
	case !client.Exists():
		return domain.Client{}, domain.ErrNotFound
	}
	return client, nil
}

// A Condition says whether a change may be made to a client at a version (domain.Client). It is asked with
// the state that the change is decided on.
type Condition func(version uint64) bool

// Update replaces the metadata of the client that a registration access token gives access to (RFC 7592 2.2) when
// every condition holds.
// It returns domain.ErrUnauthorized, domain.ErrPreconditionFailed, an *oauth.Error for what the document has
// wrong, an *access.Throttled for a client that was changed too often, domain.ErrConflict when others keep changing
// the client at the same time, domain.ErrKeysUnavailable and domain.ErrOutcomeUnknown.
func (r *Registrar) Update(
	ctx context.Context, from, clientID, registrationAccessToken string, requested oauth.Document, conditions ...Condition,
) (Registration, error) {
	secret := newClientSecret()
	var rotated domain.Digest
	after := registrationAccessToken
	if r.RotateAccessTokens {
		after = newToken()
		rotated = domain.DigestOf(after)
	}
	counted := sync.OnceValue(func() error { return r.limitChanges(clientID, r.Now()) }) // however often it is decided
	changed, err := r.clients().execute(ctx, request[domain.Client, domain.ClientCommand]{
		id:    clientID,
		actor: domain.Actor{Kind: domain.ActorClient, ID: clientID, IP: from},
		admit: when(conditions, func(c domain.Client) error { return c.Authorize(registrationAccessToken) }),
		command: func(now time.Time, known oauth.Evidence) domain.ClientCommand {
			return domain.Update{
				ClientID: clientID, Requested: requested, At: now, PolicyVersion: r.policyVersion,
				Offered: r.offer(clientID, secret, now), RegistrationAccessToken: rotated, Evidence: known,
			}
		},
		allow: func(_ context.Context, decided []domain.Event) error {
			if len(decided) == 0 {
				return nil // a client may put its document back as often as it likes
			}
			return counted()
		},
	})
	if err != nil {
		return Registration{}, fmt.Errorf("update client: %w", err)
	}
	return registration(changed, after, secret), nil
}

// Delete ends the client that a registration access token gives access to (RFC 7592 2.3) when every condition
// holds. It returns domain.ErrUnauthorized, domain.ErrPreconditionFailed, domain.ErrConflict and
// domain.ErrOutcomeUnknown.
func (r *Registrar) Delete(ctx context.Context, from, clientID, registrationAccessToken string, conditions ...Condition) error {
	itself := domain.Actor{Kind: domain.ActorClient, ID: clientID, IP: from}
	admit := when(conditions, func(c domain.Client) error { return c.Authorize(registrationAccessToken) })
	return r.order(ctx, itself, clientID, admit, domain.Delete{})
}

// DeleteAs ends a client on an administrator's behalf, at its registration_client_uri as WSO2 Identity
// Server did, when every condition holds. A client that is unknown or has ended is refused as it is for Delete.
// It returns domain.ErrUnauthorized, domain.ErrPreconditionFailed, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) DeleteAs(ctx context.Context, admin domain.Actor, clientID string, conditions ...Condition) error {
	return r.order(ctx, admin, clientID, when(conditions, domain.Client.AuthorizeAdministrator), domain.Delete{})
}

// Suspend bars a client from its registration, by an administrator. Suspending what is suspended is no error and
// appends nothing. It returns domain.ErrNotFound, domain.ErrEnded, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) Suspend(ctx context.Context, admin domain.Actor, clientID, reason string) error {
	return r.order(ctx, admin, clientID, nil, domain.Suspend{Reason: reason})
}

// Resume ends the suspension of a client, by an administrator. Resuming what is not suspended is no error and
// appends nothing. It returns domain.ErrNotFound, domain.ErrEnded, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) Resume(ctx context.Context, admin domain.Actor, clientID string) error {
	return r.order(ctx, admin, clientID, nil, domain.Resume{})
}

// Revoke ends a client by an administrator. Revoking what has ended is no error and appends nothing.
// It returns domain.ErrNotFound, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) Revoke(ctx context.Context, admin domain.Actor, clientID, reason string) error {
	return r.order(ctx, admin, clientID, nil, domain.Revoke{Reason: reason})
}

// order executes a command that changes the status of a client. It goes before the changes that others ask for.
func (r *Registrar) order(
	ctx context.Context, actor domain.Actor, clientID string, admit func(domain.Client) error, command domain.ClientCommand,
) error {
	_, err := r.clients().execute(ctx, request[domain.Client, domain.ClientCommand]{
		id:      clientID,
		actor:   actor,
		admit:   admit,
		command: func(time.Time, oauth.Evidence) domain.ClientCommand { return command },
		urgent:  true,
	})
	if err != nil {
		return fmt.Errorf("change status of client: %w", err)
	}
	return nil
}

// when admits those whom authorize admits, when every condition holds.
func when(conditions []Condition, authorize func(domain.Client) error) func(domain.Client) error {
	return func(c domain.Client) error {
		if err := authorize(c); err != nil {
			return err
		}
		if slices.ContainsFunc(conditions, func(accepts Condition) bool { return !accepts(c.Version) }) {
			return domain.ErrPreconditionFailed
		}
		return nil
	}
}

// clientsKept bounds how many clients the limit of changes remembers.
const clientsKept = 1 << 16

// newChanges returns the limit of the changes that a client makes to itself; nil for no limit.
func newChanges(perHour int) *access.Throttle[string] {
	if perHour == 0 {
		return nil
	}
	return access.NewThrottle[string](perHour, time.Hour/time.Duration(perHour), clientsKept)
}

// limitChanges counts a change that a client makes to itself, or returns an *access.Throttled.
func (r *Registrar) limitChanges(clientID string, now time.Time) error {
	if r.changes == nil {
		return nil
	}
	_, wait := r.changes.Take(clientID, now)
	return access.TooMany("changes of this client", access.SettingChangeRate, wait)
}
