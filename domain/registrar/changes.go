package registrar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"roster/domain"
	"roster/domain/oauth"
)

// A Condition says whether a change may be made to a client at a version (domain.Client). It is asked with
// the state that the change is decided on.
type Condition func(version uint64) bool

// Update replaces the metadata of the client that token admits to (RFC 7592 2.2) when every condition holds.
// It returns domain.ErrUnauthorized, domain.ErrPreconditionFailed, a *oauth.Error for what the document has
// wrong, a *Throttled for a client that was changed too often, domain.ErrConflict when others keep changing
// the client at the same time, domain.ErrKeysUnavailable and domain.ErrOutcomeUnknown.
func (r *Registrar) Update(
	ctx context.Context, from, clientID, token string, requested oauth.Document, conditions ...Condition,
) (Registration, error) {
	secret := newClientSecret()
	var rotated domain.Digest
	after := token
	if r.RotateAccessTokens {
		after = newToken()
		rotated = domain.DigestOf(after)
	}
	changed, err := r.change(ctx, request{
		clientID:   clientID,
		actor:      domain.Actor{Kind: domain.ActorClient, ID: clientID, IP: from},
		may:        func(c domain.Client) error { return c.Authorize(token) },
		conditions: conditions,
		command: func(now time.Time, known oauth.Evidence) domain.Command {
			return domain.Update{
				ClientID: clientID, Requested: requested, At: now, PolicyVersion: r.policyVersion,
				Offered: r.offer(clientID, secret, now), RegistrationAccessToken: rotated, Evidence: known,
			}
		},
	})
	if err != nil {
		return Registration{}, fmt.Errorf("update client: %w", err)
	}
	return registration(changed, after, secret), nil
}

// Delete ends the client that token admits to (RFC 7592 2.3) when every condition holds. It returns
// domain.ErrUnauthorized, domain.ErrPreconditionFailed, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) Delete(ctx context.Context, from, clientID, token string, conditions ...Condition) error {
	return r.end(ctx, request{
		clientID:   clientID,
		actor:      domain.Actor{Kind: domain.ActorClient, ID: clientID, IP: from},
		may:        func(c domain.Client) error { return c.Authorize(token) },
		conditions: conditions,
	}, domain.Delete{})
}

// DeleteAs ends a client on an administrator's behalf, at its registration_client_uri as WSO2 Identity
// Server did, when every condition holds. A client that is unknown or has ended is refused as it is for Delete.
// It returns domain.ErrUnauthorized, domain.ErrPreconditionFailed, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) DeleteAs(ctx context.Context, admin domain.Actor, clientID string, conditions ...Condition) error {
	return r.end(ctx, request{
		clientID:   clientID,
		actor:      admin,
		may:        domain.Client.AuthorizeAdministrator,
		conditions: conditions,
	}, domain.Delete{})
}

// Revoke ends a client by an administrator. Revoking what has ended is no error and appends nothing.
// It returns domain.ErrNotFound, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) Revoke(ctx context.Context, admin domain.Actor, clientID, reason string) error {
	return r.end(ctx, request{
		clientID: clientID,
		actor:    admin,
		may:      func(domain.Client) error { return nil },
	}, domain.Revoke{Reason: reason})
}

// end makes a request that ends a client.
func (r *Registrar) end(ctx context.Context, q request, command domain.Command) error {
	q.ending = true
	q.command = func(time.Time, oauth.Evidence) domain.Command { return command }
	if _, err := r.change(ctx, q); err != nil {
		return fmt.Errorf("end client: %w", err)
	}
	return nil
}

// A request asks for a change of a client.
type request struct {
	clientID   string
	actor      domain.Actor
	may        func(c domain.Client) error // nil when the actor may
	conditions []Condition
	command    func(now time.Time, known oauth.Evidence) domain.Command
	ending     bool // it ends the client: it goes before all changes, and is not limited
}

// admit refuses what may not be asked of a client as it stands.
func (q request) admit(c domain.Client) error {
	refused := func(accepts Condition) bool { return !accepts(c.Version) }
	if err := q.may(c); err != nil {
		return err
	}
	if c.Exists() && slices.ContainsFunc(q.conditions, refused) {
		return domain.ErrPreconditionFailed
	}
	return nil
}

// change does what is asked of a client and returns the client as it stands then. Who may not ask is told so
// before standing in line, where the client itself waits. A conflict is decided anew on the new state, and so
// is what others had to be asked about first, which keeps nobody waiting; nothing is asked twice.
func (r *Registrar) change(ctx context.Context, q request) (domain.Client, error) {
	client, _, err := r.loadClient(ctx, q.clientID)
	if err != nil {
		return domain.Client{}, err
	}
	if err := q.admit(client); err != nil {
		return domain.Client{}, err
	}
	var known oauth.Evidence
	for {
		var seq uint64
		err := r.inTurn(ctx, domain.ClientAggregate(q.clientID), q.ending, func() (err error) {
			client, seq, err = r.changeInTurn(ctx, q, known)
			return err
		})
		missing := new(oauth.Missing)
		switch {
		case err == nil:
			r.wait(ctx, seq)
			return client, nil
		case !errors.As(err, &missing):
			return domain.Client{}, err
		}
		if err := r.learn(ctx, q.actor.IP, r.Now(), missing, &known); err != nil {
			return domain.Client{}, err
		}
	}
}

// changeInTurn is change without a second try: it returns a *oauth.Missing for what others have to be asked
// first, and domain.ErrConflict when somebody else changes the client meanwhile. seq is that of the event
// that it appended, 0 when nothing is to change.
func (r *Registrar) changeInTurn(ctx context.Context, q request, known oauth.Evidence) (changed domain.Client, seq uint64, err error) {
	client, last, err := r.loadClient(ctx, q.clientID)
	if err != nil {
		return domain.Client{}, 0, err
	}
	if err := q.admit(client); err != nil {
		return domain.Client{}, 0, err
	}
	now := r.Now()
	decided, err := domain.Decide(r.Policy, client, q.command(now, known))
	if err != nil || len(decided) == 0 {
		return client, 0, err
	}
	aggregate := domain.ClientAggregate(q.clientID)
	events := r.record(aggregate, q.actor, now, decided)
	if err := r.limit(q, now); err != nil {
		return domain.Client{}, 0, err
	}
	seq, err = r.Log.Append(ctx, domain.Change{Expected: last, Events: events})
	return domain.Fold(client, events), seq, err
}

// clientsKept bounds how many clients the limit of changes remembers.
const clientsKept = 1 << 16

// Throttled says that a client was changed too often. Nothing was stored.
type Throttled struct {
	RetryAfter time.Duration
}

// Error says what was too often.
func (t *Throttled) Error() string { return "too many changes of this client" }

// limit counts a change that a client makes to itself, or returns a *Throttled. What changes nothing is not
// counted, so that a client may put its document back as often as it likes.
func (r *Registrar) limit(q request, now time.Time) error {
	if r.changes == nil || q.ending {
		return nil
	}
	if _, wait := r.changes.Take(q.clientID, now); wait > 0 {
		return &Throttled{RetryAfter: wait}
	}
	return nil
}
