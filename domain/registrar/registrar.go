// Package registrar holds the use cases of the registry: load, decide, append, wait.
package registrar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
)

// Log is where the registrar loads and appends. Its contract is that of eventstore.Log.
type Log interface {
	Load(ctx context.Context, aggregate domain.Aggregate, after uint64, apply func(domain.Envelope)) (last uint64, err error)
	Append(ctx context.Context, changes ...domain.Change) (seq uint64, err error)
}

// Waiter waits until the local read model has applied the event at a sequence.
type Waiter interface {
	Wait(ctx context.Context, seq uint64) error
}

// Census counts the clients that are active, in all and those whose initial access token imposed an owner.
type Census interface {
	CountClients(ctx context.Context, owner string) (oauth.Population, error)
}

// Sealer encrypts the secrets that an authorization server needs again. The client_id is authenticated
// with the secret, so that a sealed secret is of no use for another client.
type Sealer interface {
	Seal(clientID, secret string) (sealed []byte)
}

// Fetcher gets the document at an https URL that a caller gave. Its errors tell nothing of what went wrong.
type Fetcher interface {
	Fetch(ctx context.Context, url string) ([]byte, error)
}

// Options are what a Registrar needs. Log, Waiter, Sealer and Policy are required, and Census where the policy
// limits the number of clients.
type Options struct {
	Log            Log
	Snapshots      Snapshots // nil: every decision reads the whole history
	Waiter         Waiter
	Sealer         Sealer
	Census         Census
	Policy         oauth.Policy
	SecretLifetime time.Duration    // of new client secrets; 0: they never expire
	Fetcher        Fetcher          // of sector identifier documents; nil: none can be had
	FetchRate      int              // documents fetched a minute for one address; 0: no limit
	Issuers        Issuers          // of software statements
	Now            func() time.Time // nil: time.Now
	// RotateAccessTokens issues a new registration access token with every update (RFC 7592 5).
	RotateAccessTokens bool
	// ChangeRate is how many changes a client may make to itself in an hour, all at once if need be; 0: any
	// number. Each process counts for itself.
	ChangeRate int
	Logger     *slog.Logger // nil: slog.Default()
}

// Registrar registers, changes and ends clients. It may be used concurrently.
type Registrar struct {
	Options
	policyVersion string // of Policy, computed once
	turns         *turns
	changes       *access.Throttle[string] // by client; nil: no limit
	fetches       *access.Callers          // nil: no limit
}

// New returns a Registrar.
func New(options Options) *Registrar {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Snapshots == nil {
		options.Snapshots = noSnapshots{}
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	r := &Registrar{Options: options, policyVersion: options.Policy.Version(), turns: newTurns(), fetches: newFetches(options.FetchRate)}
	if rate := options.ChangeRate; rate > 0 {
		r.changes = access.NewThrottle[string](rate, time.Hour/time.Duration(rate), clientsKept)
	}
	return r
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
// It returns a *oauth.Error for what the document has wrong and for a registry that is full,
// a *TooManyFetches, domain.ErrKeysUnavailable and domain.ErrOutcomeUnknown.
func (r *Registrar) Register(ctx context.Context, from string, requested oauth.Document) (Registration, error) {
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
	ctx context.Context, from string, admitting domain.InitialAccessToken, requested oauth.Document,
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
	decided, err := r.decideRegistration(ctx, from, command)
	if err != nil {
		return newClient{}, err
	}
	actor := domain.Actor{Kind: domain.ActorClient, ID: id, IP: from}
	events := r.record(domain.ClientAggregate(id), actor, now, decided)
	return newClient{registration(domain.Fold(domain.Client{}, events), token, secret), domain.Change{Events: events}}, nil
}

// decideRegistration decides with what others say, on a client that there is room for. A registry that is full
// asks nobody.
func (r *Registrar) decideRegistration(ctx context.Context, from string, command domain.Register) ([]domain.Event, error) {
	for {
		events, err := domain.Decide(r.Policy, domain.Client{}, command)
		missing := new(oauth.Missing)
		asks := errors.As(err, &missing)
		if err != nil && !asks {
			return nil, err
		}
		if err := r.checkRoom(ctx, command.Terms.Owner); err != nil || !asks {
			return events, err
		}
		if err := r.learn(ctx, from, command.At, missing, &command.Evidence); err != nil {
			return nil, err
		}
	}
}

// checkRoom refuses a new client when there are as many as the policy allows, in all or of the owner that its
// initial access token imposes; an update changes neither number. It counts in the local read model: as many
// clients as are registered at the same moment may exceed the limit.
func (r *Registrar) checkRoom(ctx context.Context, owner string) error {
	if r.Policy.MaxClients == 0 && (r.Policy.MaxClientsPerOwner == 0 || owner == "") {
		return nil
	}
	population, err := r.Census.CountClients(ctx, owner)
	if err != nil {
		return err
	}
	return r.Policy.CheckRoom(population, owner)
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

// append appends all changes or none and waits until the read model shows them.
func (r *Registrar) append(ctx context.Context, changes ...domain.Change) error {
	seq, err := r.Log.Append(ctx, changes...)
	if err != nil {
		return err
	}
	r.wait(ctx, seq)
	return nil
}

// wait waits until the read model shows what was appended. A wait that runs out is no failure: the events are
// durable. Nobody waits while it is their turn: others are decided meanwhile.
func (r *Registrar) wait(ctx context.Context, seq uint64) {
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	_ = r.Waiter.Wait(ctx, seq)
}

// offer makes a secret ready to be taken by a decision.
func (r *Registrar) offer(clientID, secret string, now time.Time) domain.Secret {
	offered := domain.Secret{Digest: domain.DigestOf(secret), Sealed: r.Sealer.Seal(clientID, secret)}
	if r.SecretLifetime > 0 {
		offered.ExpiresAt = now.Add(r.SecretLifetime).Truncate(time.Second)
	}
	return offered
}

// registration is the answer that shows a client. It tells the offered secret only when it became the
// client's.
func registration(client domain.Client, token, offered string) Registration {
	result := Registration{Client: client, RegistrationAccessToken: token}
	if client.Secret != nil && client.Secret.Digest.Matches(offered) {
		result.ClientSecret = offered
	}
	return result
}
