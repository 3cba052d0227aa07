package eventstore

import (
	"errors"
	"fmt"
	"time"

	"roster/domain"
)

// The "data" object of each type and schema version. A change to one of these changes what is stored:
// it needs a new version beside the old one.

type registeredV1 struct {
	Metadata                domain.Metadata `json:"metadata"`
	IssuedAt                int64           `json:"client_id_issued_at"`
	RegistrationAccessToken domain.Digest   `json:"registration_access_token_digest"`
	Secret                  *secretV1       `json:"client_secret,omitzero"`
}

type updatedV1 struct {
	Metadata     domain.Metadata `json:"metadata"`
	SecretIssued *secretV1       `json:"client_secret,omitzero"`
	SecretEnded  bool            `json:"client_secret_ended,omitzero"`
}

type deletedV1 struct{}

type revokedV1 struct {
	Reason string `json:"reason,omitempty"`
}

type secretV1 struct {
	Digest    domain.Digest `json:"digest"`
	ExpiresAt int64         `json:"expires_at"` // 0: never
	Sealed    []byte        `json:"sealed,omitempty"`
}

func registeredFrom(e domain.ClientRegistered) (w registeredV1, err error) {
	w.Metadata = e.Metadata
	w.RegistrationAccessToken = e.RegistrationAccessToken
	if w.IssuedAt, err = unixSeconds(e.IssuedAt); err != nil {
		return w, fmt.Errorf("client_id_issued_at: %w", err)
	}
	w.Secret, err = secretFrom(e.Secret)
	return w, err
}

func (w registeredV1) event() (domain.Event, error) {
	if w.Metadata == nil || w.IssuedAt == 0 || w.RegistrationAccessToken == (domain.Digest{}) {
		return nil, errors.New("metadata, client_id_issued_at or registration_access_token_digest is missing")
	}
	secret, err := w.Secret.secret()
	return domain.ClientRegistered{
		Metadata: w.Metadata, IssuedAt: fromUnixSeconds(w.IssuedAt),
		RegistrationAccessToken: w.RegistrationAccessToken, Secret: secret,
	}, err
}

func updatedFrom(e domain.ClientUpdated) (w updatedV1, err error) {
	w.Metadata = e.Metadata
	w.SecretEnded = e.SecretEnded
	w.SecretIssued, err = secretFrom(e.SecretIssued)
	return w, err
}

func (w updatedV1) event() (domain.Event, error) {
	if w.Metadata == nil {
		return nil, errors.New("metadata is missing")
	}
	secret, err := w.SecretIssued.secret()
	return domain.ClientUpdated{Metadata: w.Metadata, SecretIssued: secret, SecretEnded: w.SecretEnded}, err
}

func (deletedV1) event() (domain.Event, error) { return domain.ClientDeleted{}, nil }

func (w revokedV1) event() (domain.Event, error) { return domain.ClientRevoked{Reason: w.Reason}, nil }

func secretFrom(s *domain.Secret) (*secretV1, error) {
	if s == nil {
		return nil, nil
	}
	expires, err := unixSeconds(s.ExpiresAt)
	if err != nil {
		return nil, fmt.Errorf("client_secret_expires_at: %w", err)
	}
	return &secretV1{Digest: s.Digest, ExpiresAt: expires, Sealed: s.Sealed}, nil
}

func (w *secretV1) secret() (*domain.Secret, error) {
	if w == nil {
		return nil, nil
	}
	if w.Digest == (domain.Digest{}) {
		return nil, errors.New("client_secret: digest is missing")
	}
	return &domain.Secret{Digest: w.Digest, ExpiresAt: fromUnixSeconds(w.ExpiresAt), Sealed: w.Sealed}, nil
}

// unixSeconds is 0 for the zero time. It refuses a time that it would change.
func unixSeconds(t time.Time) (int64, error) {
	if t.IsZero() {
		return 0, nil
	}
	if s := t.Unix(); s != 0 && t.Nanosecond() == 0 {
		return s, nil
	}
	return 0, errors.New("not a time in whole seconds")
}

func fromUnixSeconds(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
