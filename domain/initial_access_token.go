package domain

import (
	"fmt"
	"time"

	"roster/domain/oauth"
)

// InitialAccessToken is the state of an initial access token (RFC 7591 1.2), folded from its events: it lets
// its holder register clients. The zero InitialAccessToken was never issued.
type InitialAccessToken struct {
	ID        string
	Digest    Digest // of the whole token as it is presented
	Label     string // what administrators know it by; may be empty
	Terms     oauth.Terms
	ExpiresAt time.Time // whole seconds; zero: never
	MaxUses   int       // 0: any number
	Uses      int       // registrations; counted only when their number is limited
	Revoked   bool
}

// TokenStatus is where an initial access token stands in its life.
type TokenStatus string

// The statuses of an initial access token that was issued.
const (
	TokenActive  TokenStatus = "active"
	TokenUsedUp  TokenStatus = "used_up"
	TokenExpired TokenStatus = "expired"
	TokenRevoked TokenStatus = "revoked"
	TokenLost    TokenStatus = "lost" // its issue was among events that the log lost: nothing matches it
)

// StatusAt returns the status at a time. A token that ended in several ways has the one that is harder to mend.
func (t InitialAccessToken) StatusAt(at time.Time) TokenStatus {
	switch {
	case t.Revoked:
		return TokenRevoked
	case t.Digest == Digest{}:
		return TokenLost
	case !t.ExpiresAt.IsZero() && !at.Before(t.ExpiresAt):
		return TokenExpired
	case t.MaxUses > 0 && t.Uses >= t.MaxUses:
		return TokenUsedUp
	}
	return TokenActive
}

// Authorize returns nil when presented is this token and registers clients at a time, and ErrTokenRefused
// otherwise. It takes the same time whatever the reason of a refusal.
func (t InitialAccessToken) Authorize(presented string, at time.Time) error {
	matches := t.Digest.Matches(presented)
	if !matches || t.StatusAt(at) != TokenActive {
		return ErrTokenRefused
	}
	return nil
}

// A TokenCommand asks for a change of one initial access token.
type TokenCommand interface{ isTokenCommand() }

// IssueToken asks for a new initial access token.
type IssueToken struct {
	Label     string
	Terms     oauth.Terms
	ExpiresAt time.Time // cut to seconds; zero: never
	MaxUses   int       // 0: any number
	At        time.Time
	Digest    Digest // of the token
}

// UseToken asks to register a client with the token.
type UseToken struct {
	Presented string
	ClientID  string // of the client to be registered
	At        time.Time
}

// RevokeToken asks to end the token on behalf of an administrator. The clients that were registered with
// it stay, and stay bound to its terms.
type RevokeToken struct {
	Reason string
}

func (IssueToken) isTokenCommand()  {}
func (UseToken) isTokenCommand()    {}
func (RevokeToken) isTokenCommand() {}

// DecideToken is the Decide of InitialAccessTokens. It returns an *oauth.Error for what an IssueToken has wrong, ErrTokenRefused for any UseToken that is not
// admitted, and ErrNoSuchToken for a RevokeToken of one that was never issued.
func DecideToken(p oauth.Policy, t InitialAccessToken, command TokenCommand) ([]Event, error) {
	switch command := command.(type) {
	case IssueToken:
		return issueToken(p, t, command)
	case UseToken:
		return useToken(t, command)
	case RevokeToken:
		return revokeToken(t, command)
	}
	return nil, fmt.Errorf("decide: unknown command %T", command)
}

// MaxTokenUses is how many uses can be counted: each is an event, and all who use the token stand in line.
const MaxTokenUses = 1000

func issueToken(p oauth.Policy, t InitialAccessToken, command IssueToken) ([]Event, error) {
	expires := command.ExpiresAt.Truncate(time.Second)
	if t.ID != "" {
		return nil, fmt.Errorf("issue initial access token: id %s is taken", t.ID)
	}
	if err := oauth.CheckLabel("label", command.Label); err != nil {
		return nil, err
	}
	switch {
	case command.MaxUses < 0 || command.MaxUses > MaxTokenUses:
		return nil, refuseToken("uses", fmt.Sprintf("must be a whole number from 1 to %d, or left out for any number of uses", MaxTokenUses))
	case !expires.IsZero() && !expires.After(command.At):
		return nil, refuseToken("expires_at", "must be in the future")
	}
	if err := command.Terms.Validate(p); err != nil {
		return nil, err
	}
	return []Event{InitialAccessTokenIssued{
		Digest: command.Digest, Label: command.Label, Terms: command.Terms,
		ExpiresAt: expires, MaxUses: command.MaxUses,
	}}, nil
}

// refuseToken is the refusal of a wrong member in the request for an initial access token.
func refuseToken(field, detail string) *oauth.Error {
	return &oauth.Error{Code: oauth.InvalidRequest, Field: field, Detail: detail}
}

// useToken counts a use only where uses are limited. Every use that is recorded is one more event of the
// token that no other use may come before, so that all registrations with one token stand in line; and
// which clients a token registered, their own events say.
func useToken(t InitialAccessToken, command UseToken) ([]Event, error) {
	if err := t.Authorize(command.Presented, command.At); err != nil {
		return nil, err
	}
	if t.MaxUses == 0 {
		return nil, nil
	}
	return []Event{InitialAccessTokenUsed{ClientID: command.ClientID}}, nil
}

func revokeToken(t InitialAccessToken, command RevokeToken) ([]Event, error) {
	switch {
	case t.ID == "":
		return nil, ErrNoSuchToken
	case t.Revoked:
		return nil, nil
	}
	return []Event{InitialAccessTokenRevoked(command)}, nil
}

// EvolveToken is the Evolve of InitialAccessTokens.
func EvolveToken(t InitialAccessToken, aggregate Aggregate, event Event) InitialAccessToken {
	t.ID = aggregate.ID
	switch e := event.(type) {
	case InitialAccessTokenIssued:
		t.Digest, t.Label, t.Terms = e.Digest, e.Label, e.Terms
		t.ExpiresAt, t.MaxUses = e.ExpiresAt, e.MaxUses
	case InitialAccessTokenUsed:
		t.Uses++
	case InitialAccessTokenRevoked:
		t.Revoked = true
	}
	return t
}
