package domain

import (
	"errors"
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

// InitialAccessTokenIssued is the first event of every initial access token.
type InitialAccessTokenIssued struct {
	Digest    Digest
	Label     string
	Terms     oauth.Terms
	ExpiresAt time.Time // whole seconds; zero: never
	MaxUses   int       // 0: any number
}

// InitialAccessTokenUsed counts a registration with an initial access token whose number of uses is limited.
type InitialAccessTokenUsed struct {
	ClientID string // of the client that was registered
}

// InitialAccessTokenRevoked ends an initial access token by an administrator.
type InitialAccessTokenRevoked struct {
	Reason string // free text of the administrator; may be empty
}

// Type returns "InitialAccessTokenIssued".
func (InitialAccessTokenIssued) Type() string { return "InitialAccessTokenIssued" }

// Type returns "InitialAccessTokenUsed".
func (InitialAccessTokenUsed) Type() string { return "InitialAccessTokenUsed" }

// Type returns "InitialAccessTokenRevoked".
func (InitialAccessTokenRevoked) Type() string { return "InitialAccessTokenRevoked" }

func (InitialAccessTokenRevoked) withdraws() {}

func (e InitialAccessTokenRevoked) reason() string { return e.Reason }

// InitialAccessTokenStatus is where an initial access token stands in its life.
type InitialAccessTokenStatus string

// The statuses of an initial access token that was issued.
const (
	TokenActive  InitialAccessTokenStatus = "active"
	TokenUsedUp  InitialAccessTokenStatus = "used_up"
	TokenExpired InitialAccessTokenStatus = "expired"
	TokenRevoked InitialAccessTokenStatus = "revoked"
	TokenLost    InitialAccessTokenStatus = "lost" // its issue was among events that the log lost: nothing matches it
)

// InitialAccessTokenStatuses are all statuses of an initial access token that was issued. It must not be changed.
var InitialAccessTokenStatuses = []InitialAccessTokenStatus{TokenActive, TokenUsedUp, TokenExpired, TokenRevoked, TokenLost}

// StatusAt returns the status at a time. A token that ended in several ways has the one that is harder to mend.
func (t InitialAccessToken) StatusAt(at time.Time) InitialAccessTokenStatus {
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

var (
	// ErrInitialAccessTokenRefused is the one answer to an initial access token that is unknown, revoked, expired or
	// used up: the four cannot be told apart.
	ErrInitialAccessTokenRefused = errors.New("initial access token not accepted")
	// ErrNoSuchInitialAccessToken says that there is no such initial access token. It is for administrators only.
	ErrNoSuchInitialAccessToken = errors.New("no such initial access token")
)

// Authorize returns nil when presented is this initial access token and it registers clients at a time, and
// ErrInitialAccessTokenRefused otherwise. It takes the same time whatever the reason of a refusal.
func (t InitialAccessToken) Authorize(presented string, at time.Time) error {
	matches := t.Digest.Matches(presented)
	if !matches || t.StatusAt(at) != TokenActive {
		return ErrInitialAccessTokenRefused
	}
	return nil
}

// An InitialAccessTokenCommand asks for a change of one initial access token.
type InitialAccessTokenCommand interface{ isInitialAccessTokenCommand() }

// IssueInitialAccessToken asks for a new initial access token.
type IssueInitialAccessToken struct {
	Label     string
	Terms     oauth.Terms
	ExpiresAt time.Time // cut to seconds; zero: never
	MaxUses   int       // 0: any number
	At        time.Time
	Digest    Digest // of the token
}

// UseInitialAccessToken asks to register a client with the token.
type UseInitialAccessToken struct {
	Presented string
	ClientID  string // of the client to be registered
	At        time.Time
}

// RevokeInitialAccessToken asks to end the token on behalf of an administrator. The clients that were registered with
// it stay, and stay bound to its terms.
type RevokeInitialAccessToken struct {
	Reason string
}

func (IssueInitialAccessToken) isInitialAccessTokenCommand()  {}
func (UseInitialAccessToken) isInitialAccessTokenCommand()    {}
func (RevokeInitialAccessToken) isInitialAccessTokenCommand() {}

func decideInitialAccessToken(p oauth.Policy, t InitialAccessToken, command InitialAccessTokenCommand) ([]Event, error) {
	switch command := command.(type) {
	case IssueInitialAccessToken:
		return issueToken(p, t, command)
	case UseInitialAccessToken:
		return useToken(t, command)
	case RevokeInitialAccessToken:
		return revokeToken(t, command)
	}
	return nil, fmt.Errorf("decide: unknown command %T", command)
}

// MaxInitialAccessTokenUses is how many uses can be counted: each is an event, and all who use the initial access
// token at the same time wait for each other.
const MaxInitialAccessTokenUses = 1000

func issueToken(p oauth.Policy, t InitialAccessToken, command IssueInitialAccessToken) ([]Event, error) {
	expires := command.ExpiresAt.Truncate(time.Second)
	if t.ID != "" {
		return nil, fmt.Errorf("issue initial access token: id %s is taken", t.ID)
	}
	if err := oauth.CheckLabel("label", command.Label); err != nil {
		return nil, err
	}
	switch {
	case command.MaxUses < 0 || command.MaxUses > MaxInitialAccessTokenUses:
		return nil, refuseToken("uses", fmt.Sprintf("must be a whole number from 1 to %d, or left out for any number of uses", MaxInitialAccessTokenUses))
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

// useToken counts a use only where the number of uses is limited. A use that is recorded is an event of the initial
// access token, which conflicts with every other use at the same time: all registrations with the token would have
// to wait for each other. Which clients were registered with it, their own events say.
func useToken(t InitialAccessToken, command UseInitialAccessToken) ([]Event, error) {
	if err := t.Authorize(command.Presented, command.At); err != nil {
		return nil, err
	}
	if t.MaxUses == 0 {
		return nil, nil
	}
	return []Event{InitialAccessTokenUsed{ClientID: command.ClientID}}, nil
}

func revokeToken(t InitialAccessToken, command RevokeInitialAccessToken) ([]Event, error) {
	switch {
	case t.ID == "":
		return nil, ErrNoSuchInitialAccessToken
	case t.Revoked:
		return nil, nil
	}
	return []Event{InitialAccessTokenRevoked(command)}, nil
}

func evolveInitialAccessToken(t InitialAccessToken, aggregate Aggregate, event Event) InitialAccessToken {
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
