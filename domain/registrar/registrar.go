// Package registrar holds the use cases of the registry: load, decide, append, wait.
package registrar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"roster/domain"
	"roster/domain/throttle"
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

// Census counts the clients that are active.
type Census interface {
	CountClients(ctx context.Context, owner string) (domain.Population, error)
}

// Sealer encrypts the secrets that an authorization server needs again. The client_id is authenticated
// with the secret, so that a sealed secret is of no use for another client.
type Sealer interface {
	Seal(clientID, secret string) (sealed []byte)
}

// A Condition says whether a change may be made to a client at a version (see Registration). It is asked
// with the state that the change is decided on.
type Condition func(version uint64) bool

// Fetcher gets the document at an https URL that a caller gave. Its errors tell nothing of what went wrong.
type Fetcher interface {
	Fetch(ctx context.Context, url string) ([]byte, error)
}

// Options are what a Registrar needs. Log, Waiter, Sealer and Policy are required, and Census where the policy
// limits the number of clients.
type Options struct {
	Log            Log
	Waiter         Waiter
	Sealer         Sealer
	Census         Census
	Policy         domain.Policy
	SecretLifetime time.Duration    // of new client secrets; 0: they never expire
	Fetcher        Fetcher          // of sector identifier documents; nil: none can be had
	FetchRate      int              // documents fetched a minute for one address; 0: no limit
	Issuers        Issuers          // of software statements
	Now            func() time.Time // nil: time.Now
	// RotateAccessTokens issues a new registration access token with every update (RFC 7592 5).
	RotateAccessTokens bool
}

// Registrar registers, changes and ends clients. It may be used concurrently.
type Registrar struct {
	Options
	policyVersion string // of Policy, computed once
	turns         *turns
	fetches       *throttle.Callers // nil: no limit
}

// New returns a Registrar.
func New(options Options) *Registrar {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Registrar{Options: options, policyVersion: options.Policy.Version(), turns: newTurns(), fetches: newFetches(options.FetchRate)}
}

// Registration is the answer to a registration or an update.
type Registration struct {
	Client domain.Client
	// Version is how many events the client has.
	Version uint64
	// ClientSecret is the client's secret when it was issued just now, else empty.
	ClientSecret string
	// RegistrationAccessToken is the token that gives access to the client.
	RegistrationAccessToken string
}

// Register registers a client as the document asks. from is the caller's address.
// It returns a *domain.Error for what the document has wrong and for a registry that is full,
// a *TooManyFetches, domain.ErrKeysUnavailable and domain.ErrOutcomeUnknown.
func (r *Registrar) Register(ctx context.Context, from string, requested domain.Document) (Registration, error) {
	c, err := r.decideNew(ctx, from, domain.InitialAccessToken{}, requested)
	if err != nil {
		return Registration{}, err
	}
	if err := r.append(ctx, c.change); err != nil {
		return Registration{}, fmt.Errorf("append registration: %w", err)
	}
	return c.Registration, nil
}

// newClient is a client that was decided on and is not appended yet.
type newClient struct {
	Registration
	change domain.Change
}

// decideNew decides on a client that an initial access token admits; the zero token is none.
func (r *Registrar) decideNew(
	ctx context.Context, from string, admitting domain.InitialAccessToken, requested domain.Document,
) (newClient, error) {
	now := r.Now()
	id, secret, token := newID(now), newClientSecret(), newToken()
	command := domain.Register{
		Requested:               requested,
		At:                      now,
		PolicyVersion:           r.policyVersion,
		RegistrationAccessToken: domain.DigestOf(token),
		Offered:                 r.offer(id, secret, now),
		InitialAccessToken:      admitting.ID,
		Terms:                   admitting.Terms,
	}
	events, err := r.decideRegistration(ctx, from, command)
	if err != nil {
		return newClient{}, err
	}
	actor := domain.Actor{Kind: domain.ActorClient, ID: id, IP: from}
	history := r.record(domain.ClientAggregate(id), actor, now, events)
	c := registration(history, token, secret)
	if err := r.checkRoom(ctx, domain.Client{}, c.Client.Metadata.Owner()); err != nil {
		return newClient{}, err
	}
	return newClient{c, domain.Change{Events: history}}, nil
}

// decideRegistration decides with what others say. A registry that is full asks nobody: of a client that is
// not decided on yet it is not certain whose it would be, so that the limit for its owner waits.
func (r *Registrar) decideRegistration(ctx context.Context, from string, command domain.Register) ([]domain.Event, error) {
	for {
		events, err := domain.Decide(r.Policy, domain.Client{}, command)
		missing := new(domain.Missing)
		if !errors.As(err, &missing) {
			return events, err
		}
		if err := r.checkRoom(ctx, domain.Client{}, ""); err != nil {
			return nil, err
		}
		if err := r.learn(ctx, from, command.At, missing, &command.Evidence); err != nil {
			return nil, err
		}
	}
}

// Update replaces the metadata of the client that token admits to (RFC 7592 2.2) when every condition holds.
// It returns domain.ErrUnauthorized, domain.ErrPreconditionFailed, a *domain.Error for what the document has
// wrong, domain.ErrConflict when others keep changing the client at the same time, a *TooManyFetches,
// domain.ErrKeysUnavailable and domain.ErrOutcomeUnknown.
func (r *Registrar) Update(
	ctx context.Context, from, clientID, token string, requested domain.Document, conditions ...Condition,
) (Registration, error) {
	secret := newClientSecret()
	var rotated domain.Digest
	after := token
	if r.RotateAccessTokens {
		after = newToken()
		rotated = domain.DigestOf(after)
	}
	history, err := r.change(ctx, from, clientID, conditions, func(now time.Time, c domain.Client, known domain.Evidence) (domain.Actor, domain.Command, error) {
		if !c.Admits(token) {
			return domain.Actor{}, nil, domain.ErrUnauthorized
		}
		return domain.Actor{Kind: domain.ActorClient, ID: clientID, IP: from}, domain.Update{
			ClientID: clientID, Requested: requested, At: now, PolicyVersion: r.policyVersion,
			Offered: r.offer(clientID, secret, now), RegistrationAccessToken: rotated, Evidence: known,
		}, nil
	})
	if err != nil {
		return Registration{}, fmt.Errorf("update client: %w", err)
	}
	return registration(history, after, secret), nil
}

// Delete ends the client that token admits to (RFC 7592 2.3) when every condition holds. It returns
// domain.ErrUnauthorized, domain.ErrPreconditionFailed, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) Delete(ctx context.Context, from, clientID, token string, conditions ...Condition) error {
	return r.delete(ctx, clientID, conditions, func(c domain.Client) (domain.Actor, bool) {
		return domain.Actor{Kind: domain.ActorClient, ID: clientID, IP: from}, c.Admits(token)
	})
}

// DeleteAs ends a client on an administrator's behalf, at its registration_client_uri as WSO2 Identity
// Server did, when every condition holds. A client that is unknown or has ended is refused as it is for Delete.
// It returns domain.ErrUnauthorized, domain.ErrPreconditionFailed, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) DeleteAs(ctx context.Context, admin domain.Actor, clientID string, conditions ...Condition) error {
	return r.delete(ctx, clientID, conditions, func(c domain.Client) (domain.Actor, bool) {
		return admin, c.Status == domain.Active
	})
}

// delete ends a client for the actor that may, which is asked with the state that the change is decided on.
func (r *Registrar) delete(
	ctx context.Context, clientID string, conditions []Condition, who func(c domain.Client) (actor domain.Actor, may bool),
) error {
	_, err := r.change(ctx, "", clientID, conditions, func(_ time.Time, c domain.Client, _ domain.Evidence) (domain.Actor, domain.Command, error) {
		actor, may := who(c)
		if !may {
			return domain.Actor{}, nil, domain.ErrUnauthorized
		}
		return actor, domain.Delete{}, nil
	})
	if err != nil {
		return fmt.Errorf("delete client: %w", err)
	}
	return nil
}

// Revoke ends a client by an administrator. Revoking what has ended is no error and appends nothing.
// It returns domain.ErrNotFound, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) Revoke(ctx context.Context, admin domain.Actor, clientID, reason string) error {
	_, err := r.change(ctx, admin.IP, clientID, nil, func(time.Time, domain.Client, domain.Evidence) (domain.Actor, domain.Command, error) {
		return admin, domain.Revoke{Reason: reason}, nil
	})
	if err != nil {
		return fmt.Errorf("revoke client: %w", err)
	}
	return nil
}

// change loads a client, asks what to do with it, holds the conditions against it, decides and appends. It
// returns the client's history as it stands then. A conflict is decided anew on the new state, and so is what
// others had to be asked about first, on behalf of the caller at the address from; nothing is asked twice.
func (r *Registrar) change(
	ctx context.Context, from, clientID string, conditions []Condition,
	command func(now time.Time, c domain.Client, known domain.Evidence) (domain.Actor, domain.Command, error),
) (changed []domain.Envelope, err error) {
	var known domain.Evidence
	err = r.contend(ctx, func() error {
		for {
			changed, err = r.changeOnce(ctx, clientID, conditions, command, known)
			missing := new(domain.Missing)
			if !errors.As(err, &missing) {
				return err
			}
			if err := r.learn(ctx, from, r.Now(), missing, &known); err != nil {
				return err
			}
		}
	})
	return changed, err
}

// changeOnce is change without a second try: it returns a *domain.Missing for what others have to be asked
// first, and domain.ErrConflict when somebody else changes the client meanwhile.
func (r *Registrar) changeOnce(
	ctx context.Context, clientID string, conditions []Condition,
	command func(now time.Time, c domain.Client, known domain.Evidence) (domain.Actor, domain.Command, error),
	known domain.Evidence,
) ([]domain.Envelope, error) {
	aggregate := domain.ClientAggregate(clientID)
	history, last, err := r.load(ctx, aggregate)
	if err != nil {
		return nil, err
	}
	client := domain.Fold(history)
	now := r.Now()
	actor, decided, err := command(now, client, known)
	if err != nil {
		return nil, err
	}
	if client.Exists() && !hold(conditions, uint64(len(history))) {
		return nil, domain.ErrPreconditionFailed
	}
	events, err := domain.Decide(r.Policy, client, decided)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return history, nil
	}
	envelopes := r.record(aggregate, actor, now, events)
	changed := append(history, envelopes...)
	if err := r.checkRoom(ctx, client, domain.Fold(changed).Metadata.Owner()); err != nil {
		return nil, err
	}
	return changed, r.append(ctx, domain.Change{Expected: last, Events: envelopes})
}

// hold reports whether every condition accepts a version.
func hold(conditions []Condition, version uint64) bool {
	return !slices.ContainsFunc(conditions, func(accepts Condition) bool { return !accepts(version) })
}

// checkRoom refuses a new client, and one that moves to another owner, when there are as many as the
// policy allows. It counts in the local read model: as many clients as are registered at the same moment
// may exceed the limit.
func (r *Registrar) checkRoom(ctx context.Context, before domain.Client, owner string) error {
	limited := !before.Exists() && r.Policy.MaxClients > 0 ||
		owner != before.Metadata.Owner() && r.Policy.MaxClientsPerOwner > 0
	if !limited {
		return nil
	}
	population, err := r.Census.CountClients(ctx, owner)
	if err != nil {
		return err
	}
	if before.Exists() {
		population.Clients = 0 // it is one of them already
	}
	return r.Policy.CheckRoom(population, owner)
}

// load returns an aggregate's history: none for an id that the registry never issues, so that no caller
// decides what the log is asked for.
func (r *Registrar) load(ctx context.Context, aggregate domain.Aggregate) ([]domain.Envelope, uint64, error) {
	if !isID(aggregate.ID) {
		return nil, 0, nil
	}
	history, last, err := r.Log.Load(ctx, aggregate)
	if err != nil {
		return nil, 0, fmt.Errorf("load %s: %w", aggregate.Kind, err)
	}
	return history, last, nil
}

// record puts decided events into envelopes.
func (r *Registrar) record(aggregate domain.Aggregate, actor domain.Actor, now time.Time, events []domain.Event) []domain.Envelope {
	envelopes := make([]domain.Envelope, len(events))
	for i, event := range events {
		envelopes[i] = domain.Envelope{
			ID:        newID(now),
			Time:      now.UTC().Truncate(time.Microsecond),
			Aggregate: aggregate,
			Actor:     actor,
			Event:     event,
		}
	}
	return envelopes
}

// waitLimit bounds how long an answer waits for the local read model.
const waitLimit = 2 * time.Second

// append appends all changes or none and waits until the read model shows them. A wait that runs out is no
// failure: the events are durable.
func (r *Registrar) append(ctx context.Context, changes ...domain.Change) error {
	seq, err := r.Log.Append(ctx, changes...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	_ = r.Waiter.Wait(ctx, seq)
	return nil
}

// offer makes a secret ready to be taken by a decision.
func (r *Registrar) offer(clientID, secret string, now time.Time) domain.Secret {
	offered := domain.Secret{Digest: domain.DigestOf(secret), Sealed: r.Sealer.Seal(clientID, secret)}
	if r.SecretLifetime > 0 {
		offered.ExpiresAt = now.Add(r.SecretLifetime).Truncate(time.Second)
	}
	return offered
}

// registration is the answer after a client's history. It tells the offered secret only when it became the
// client's.
func registration(history []domain.Envelope, token, offered string) Registration {
	client := domain.Fold(history)
	result := Registration{Client: client, Version: uint64(len(history)), RegistrationAccessToken: token}
	if client.Secret != nil && client.Secret.Digest.Matches(offered) {
		result.ClientSecret = offered
	}
	return result
}
