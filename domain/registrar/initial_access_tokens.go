package registrar

import (
	"context"
	"fmt"
	"strings"
	"time"

	"roster/domain"
	"roster/domain/oauth"
)

// IssuedInitialAccessToken is an initial access token that was issued just now.
type IssuedInitialAccessToken struct {
	domain.InitialAccessToken
	IssuedAt time.Time
	// Token is what its holder presents. It is not kept.
	Token string
}

// IssueInitialAccessToken issues an initial access token on an administrator's behalf. The registrar makes the token
// and sets the command's At and Digest.
// It returns an *oauth.Error for what the command has wrong, and domain.ErrOutcomeUnknown.
func (r *Registrar) IssueInitialAccessToken(ctx context.Context, admin domain.Actor, command domain.IssueInitialAccessToken) (IssuedInitialAccessToken, error) {
	now := r.Now()
	id := newID(now)
	token := newInitialAccessToken(id)
	created, err := r.initialAccessTokens().create(ctx, request[domain.InitialAccessToken, domain.InitialAccessTokenCommand]{
		id:    id,
		actor: admin,
		command: func(now time.Time, _ oauth.Evidence) domain.InitialAccessTokenCommand {
			command.At, command.Digest = now, domain.DigestOf(token)
			return command
		},
	}, now)
	if err == nil {
		_, err = r.Log.Append(ctx, created.change)
	}
	if err != nil {
		return IssuedInitialAccessToken{}, fmt.Errorf("issue initial access token: %w", err)
	}
	return IssuedInitialAccessToken{InitialAccessToken: created.state, IssuedAt: created.change.Events[0].Time, Token: token}, nil
}

// RevokeInitialAccessToken ends an initial access token by an administrator. Revoking one that is revoked is no error
// and appends nothing. A registration that was decided before may still come after it in the log, unless
// the number of uses is limited.
// It returns domain.ErrNoSuchInitialAccessToken, domain.ErrConflict and domain.ErrOutcomeUnknown.
func (r *Registrar) RevokeInitialAccessToken(ctx context.Context, admin domain.Actor, id, reason string) error {
	_, err := r.initialAccessTokens().execute(ctx, request[domain.InitialAccessToken, domain.InitialAccessTokenCommand]{
		id:    id,
		actor: admin,
		command: func(time.Time, oauth.Evidence) domain.InitialAccessTokenCommand {
			return domain.RevokeInitialAccessToken{Reason: reason}
		},
		urgent: true,
	})
	if err != nil {
		return fmt.Errorf("revoke initial access token: %w", err)
	}
	return nil
}

// CheckInitialAccessToken returns nil when a registration with an initial access token would be admitted now, and
// domain.ErrInitialAccessTokenRefused when not.
func (r *Registrar) CheckInitialAccessToken(ctx context.Context, initialAccessToken string) error {
	_, err := r.presentedToken(ctx, initialAccessToken)
	return err
}

// presentedToken returns the initial access token that was presented when it admits a registration now, and
// domain.ErrInitialAccessTokenRefused when not.
func (r *Registrar) presentedToken(ctx context.Context, presented string) (domain.InitialAccessToken, error) {
	token, _, err := r.initialAccessTokens().load(ctx, tokenID(presented))
	if err == nil {
		err = token.Authorize(presented, r.Now())
	}
	if err != nil {
		return domain.InitialAccessToken{}, err
	}
	return token, nil
}

// newInitialAccessToken returns an initial access token that says its id, so that it is found without a search.
func newInitialAccessToken(id string) string { return id + "." + newToken() }

// InitialAccessTokenID returns the id that an initial access token says, for those who tell of it without telling it;
// empty for what has not the form of one.
func InitialAccessTokenID(presented string) string {
	id := tokenID(presented)
	if id == presented || !IsID(id) {
		return ""
	}
	return id
}

// tokenID returns the id that an initial access token says, whatever else it is.
func tokenID(presented string) string {
	id, _, _ := strings.Cut(presented, ".")
	return id
}
