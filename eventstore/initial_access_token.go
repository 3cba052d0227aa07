package eventstore

import (
	"errors"
	"fmt"

	"roster/domain"
)

// initialAccessTokenEvents are the types of events of an initial access token.
var initialAccessTokenEvents = []eventType{
	eventTypeOf(initialAccessTokenIssuedFrom),
	eventTypeOf(initialAccessTokenUsedFrom),
	eventTypeOf(initialAccessTokenRevokedFrom),
}

type initialAccessTokenIssuedV1 struct {
	Digest domain.Digest `json:"digest"`
	Label  string        `json:"label,omitempty"`
	termsV1
	ExpiresAt int64 `json:"expires_at"` // 0: never
	MaxUses   int   `json:"max_uses"`   // 0: any number
}

func initialAccessTokenIssuedFrom(e domain.InitialAccessTokenIssued) (w initialAccessTokenIssuedV1, err error) {
	w.Digest, w.Label, w.MaxUses = e.Digest, e.Label, e.MaxUses
	w.termsV1 = termsFrom(e.Terms)
	if w.ExpiresAt, err = unixSeconds(e.ExpiresAt); err != nil {
		return w, fmt.Errorf("expires_at: %w", err)
	}
	return w, nil
}

func (w initialAccessTokenIssuedV1) event() (domain.Event, error) {
	if w.Digest == (domain.Digest{}) {
		return nil, errors.New("digest is missing")
	}
	return domain.InitialAccessTokenIssued{
		Digest: w.Digest, Label: w.Label, Terms: w.terms(),
		ExpiresAt: fromUnixSeconds(w.ExpiresAt), MaxUses: w.MaxUses,
	}, nil
}

type initialAccessTokenUsedV1 struct {
	ClientID string `json:"client_id"`
}

func initialAccessTokenUsedFrom(e domain.InitialAccessTokenUsed) (initialAccessTokenUsedV1, error) {
	return initialAccessTokenUsedV1(e), nil
}

func (w initialAccessTokenUsedV1) event() (domain.Event, error) {
	if w.ClientID == "" {
		return nil, errors.New("client_id is missing")
	}
	return domain.InitialAccessTokenUsed(w), nil
}

type initialAccessTokenRevokedV1 struct {
	Reason string `json:"reason,omitempty"`
}

func initialAccessTokenRevokedFrom(e domain.InitialAccessTokenRevoked) (initialAccessTokenRevokedV1, error) {
	return initialAccessTokenRevokedV1(e), nil
}

func (w initialAccessTokenRevokedV1) event() (domain.Event, error) {
	return domain.InitialAccessTokenRevoked(w), nil
}
