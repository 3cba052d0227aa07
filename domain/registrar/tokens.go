package registrar

import (
	"context"
	"fmt"
	"strings"
	"time"

	"roster/domain"
	"roster/domain/oauth"
)

// IssuedToken is an initial access token that was issued just now.
type IssuedToken struct {
	domain.InitialAccessToken
	IssuedAt time.Time
	// Token is what its holder presents. It is not kept.
	Token string
}

// IssueToken issues an initial access token on an administrator's behalf. The registrar makes the token
// and sets the command's At and Digest.
// It returns a *oauth.Error for what the command has wrong, and domain.ErrOutcomeUnknown.
func (r *Registrar) IssueToken(ctx context.Context, admin domain.Actor, command domain.IssueToken) (IssuedToken, error) {
	now := r.Now()
	id := newID(now)
	token := newInitialAccessToken(id)
	command.At, command.Digest = now, domain.DigestOf(token)
	events, err := domain.DecideToken(r.Policy, domain.InitialAccessToken{}, command)
	if err != nil {
		return IssuedToken{}, fmt.Errorf("issue initial access token: %w", err)
	}
	history := r.record(domain.TokenAggregate(id), admin, now, events)
	if err := r.append(ctx, domain.Change{Events: history}); err != nil {
		return IssuedToken{}, fmt.Errorf("issue initial access token: %w", err)
	}
	return IssuedToken{InitialAccessToken: domain.FoldToken(domain.InitialAccessToken{}, history), IssuedAt: history[0].Time, Token: token}, nil
}

// RevokeToken ends an initial access token by an administrator. Revoking one that is revoked is no error
// and appends nothing. A registration that was decided before may still come after it in the log, unless
// the token's uses are limited.
// It returns domain.ErrNoSuchToken, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) RevokeToken(ctx context.Context, admin domain.Actor, id, reason string) error {
	var seq uint64
	err := r.inTurn(ctx, domain.TokenAggregate(id), true, func() error {
		token, last, err := r.loadToken(ctx, id)
		if err != nil {
			return err
		}
		events, err := domain.DecideToken(r.Policy, token, domain.RevokeToken{Reason: reason})
		if err != nil || len(events) == 0 {
			return err
		}
		revoked := r.record(domain.TokenAggregate(id), admin, r.Now(), events)
		seq, err = r.Log.Append(ctx, domain.Change{Expected: last, Events: revoked})
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke initial access token: %w", err)
	}
	r.wait(ctx, seq)
	return nil
}

// CheckToken returns nil when a registration with an initial access token would be admitted now, and
// domain.ErrTokenRefused when not.
func (r *Registrar) CheckToken(ctx context.Context, presented string) error {
	_, err := r.admitting(ctx, presented)
	return err
}

// admitting returns the token that was presented when it admits a registration now.
func (r *Registrar) admitting(ctx context.Context, presented string) (domain.InitialAccessToken, error) {
	token, _, err := r.loadToken(ctx, tokenID(presented))
	if err != nil {
		return domain.InitialAccessToken{}, err
	}
	if !token.Admits(presented, r.Now()) {
		return domain.InitialAccessToken{}, domain.ErrTokenRefused
	}
	return token, nil
}

// RegisterWith is Register with an initial access token: the token's terms bind the client, and its use is
// counted in the same append that registers the client. A registration that fails takes no use.
// It also returns domain.ErrTokenRefused, before anything is said about the document, and domain.ErrConflict
// when others keep using the token up to the last attempt.
func (r *Registrar) RegisterWith(ctx context.Context, from, presented string, requested oauth.Document) (Registration, error) {
	registration, err := r.registerWith(ctx, from, presented, requested)
	if err != nil {
		return Registration{}, fmt.Errorf("register with initial access token: %w", err)
	}
	return registration, nil
}

func (r *Registrar) registerWith(ctx context.Context, from, presented string, requested oauth.Document) (Registration, error) {
	token, err := r.admitting(ctx, presented)
	if err != nil {
		return Registration{}, err
	}
	c, err := r.decideNew(ctx, from, token, requested)
	if err != nil {
		return Registration{}, err
	}
	if token.MaxUses == 0 { // its uses are no events of the token
		return c.Registration, r.append(ctx, c.change)
	}
	var seq uint64
	err = r.inTurn(ctx, domain.TokenAggregate(token.ID), false, func() (err error) {
		seq, err = r.appendUse(ctx, from, presented, c)
		return err
	})
	if err != nil {
		return Registration{}, err
	}
	r.wait(ctx, seq)
	return c.Registration, nil
}

// appendUse appends a use of the token, decided anew, and the client that it registers. The use comes first:
// should a loss of power tear an append that was not acknowledged yet, its beginning is left, and a use
// without its registration does no harm.
func (r *Registrar) appendUse(ctx context.Context, from, presented string, c newClient) (seq uint64, err error) {
	token, last, err := r.loadToken(ctx, tokenID(presented))
	if err != nil {
		return 0, err
	}
	now := r.Now()
	used, err := domain.DecideToken(r.Policy, token, domain.UseToken{Presented: presented, ClientID: c.Client.ID, At: now})
	if err != nil {
		return 0, err
	}
	actor := domain.Actor{Kind: domain.ActorClient, ID: c.Client.ID, IP: from}
	use := domain.Change{Expected: last, Events: r.record(domain.TokenAggregate(token.ID), actor, now, used)}
	return r.Log.Append(ctx, use, c.change)
}

// newInitialAccessToken returns a token that says its id, so that it is found without a search.
func newInitialAccessToken(id string) string { return id + "." + newToken() }

// tokenID returns the id that a token says, whatever else it is.
func tokenID(presented string) string {
	id, _, _ := strings.Cut(presented, ".")
	return id
}
