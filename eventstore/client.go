package eventstore

import (
	"errors"
	"fmt"

	"roster/domain"
	"roster/domain/oauth"
)

// clientEvents are the types of events of a client.
var clientEvents = []eventType{
	eventTypeOf(registeredFrom, schemaOf[registeredV1](), schemaOf[registeredV2]()),
	eventTypeOf(updatedFrom, schemaOf[updatedV1](), schemaOf[updatedV2](), schemaOf[updatedV3]()),
	eventTypeOf(deletedFrom),
	eventTypeOf(suspendedFrom),
	eventTypeOf(resumedFrom),
	eventTypeOf(revokedFrom),
}

type registeredV1 struct {
	Metadata                oauth.Metadata `json:"metadata"`
	IssuedAt                int64          `json:"client_id_issued_at"`
	RegistrationAccessToken domain.Digest  `json:"registration_access_token_digest"`
	Secret                  *secretV1      `json:"client_secret,omitzero"`
}

// registeredV2 says which policy let the registration through, and what an initial access token binds the
// client to.
type registeredV2 struct {
	registeredV1
	PolicyVersion      string `json:"policy_version,omitzero"`
	InitialAccessToken string `json:"initial_access_token,omitzero"`
	termsV1
}

// registeredV3 says what was asked for and left out.
type registeredV3 struct {
	registeredV2
	LeftOut oauth.Metadata `json:"left_out,omitzero"`
}

func registeredFrom(e domain.ClientRegistered) (w registeredV3, err error) {
	w.LeftOut = e.LeftOut
	w.PolicyVersion = e.PolicyVersion
	w.InitialAccessToken = e.InitialAccessToken
	w.termsV1 = termsFrom(e.Terms)
	w.Metadata = e.Metadata
	w.RegistrationAccessToken = e.RegistrationAccessToken
	if w.IssuedAt, err = unixSeconds(e.IssuedAt); err != nil {
		return w, fmt.Errorf("client_id_issued_at: %w", err)
	}
	w.Secret, err = secretFrom(e.Secret)
	return w, err
}

func (w registeredV1) event() (domain.Event, error) { return registeredV2{registeredV1: w}.event() }

func (w registeredV2) event() (domain.Event, error) { return registeredV3{registeredV2: w}.event() }

func (w registeredV3) event() (domain.Event, error) {
	if w.Metadata == nil || w.IssuedAt == 0 || w.RegistrationAccessToken == (domain.Digest{}) {
		return nil, errors.New("metadata, client_id_issued_at or registration_access_token_digest is missing")
	}
	secret, err := w.Secret.secret()
	return domain.ClientRegistered{
		Metadata: w.Metadata, LeftOut: w.LeftOut, IssuedAt: fromUnixSeconds(w.IssuedAt),
		RegistrationAccessToken: w.RegistrationAccessToken, Secret: secret, PolicyVersion: w.PolicyVersion,
		InitialAccessToken: w.InitialAccessToken, Terms: w.terms(),
	}, err
}

func (w *registeredV1) metadata() *oauth.Metadata { return &w.Metadata }

type updatedV1 struct {
	Metadata     oauth.Metadata `json:"metadata"`
	SecretIssued *secretV1      `json:"client_secret,omitzero"`
	SecretEnded  bool           `json:"client_secret_ended,omitzero"`
}

// updatedV2 says which registration access token replaces the former.
type updatedV2 struct {
	updatedV1
	RegistrationAccessToken domain.Digest `json:"registration_access_token_digest,omitzero"`
}

// updatedV3 says which policy let the update through.
type updatedV3 struct {
	updatedV2
	PolicyVersion string `json:"policy_version,omitzero"`
}

// updatedV4 says what was asked for and left out.
type updatedV4 struct {
	updatedV3
	LeftOut oauth.Metadata `json:"left_out,omitzero"`
}

func updatedFrom(e domain.ClientUpdated) (w updatedV4, err error) {
	w.LeftOut = e.LeftOut
	w.PolicyVersion = e.PolicyVersion
	w.Metadata = e.Metadata
	w.SecretEnded = e.SecretEnded
	w.RegistrationAccessToken = e.RegistrationAccessToken
	w.SecretIssued, err = secretFrom(e.SecretIssued)
	return w, err
}

func (w updatedV1) event() (domain.Event, error) { return updatedV2{updatedV1: w}.event() }

func (w updatedV2) event() (domain.Event, error) { return updatedV3{updatedV2: w}.event() }

func (w updatedV3) event() (domain.Event, error) { return updatedV4{updatedV3: w}.event() }

func (w updatedV4) event() (domain.Event, error) {
	if w.Metadata == nil {
		return nil, errors.New("metadata is missing")
	}
	secret, err := w.SecretIssued.secret()
	return domain.ClientUpdated{
		Metadata: w.Metadata, LeftOut: w.LeftOut, SecretIssued: secret, SecretEnded: w.SecretEnded,
		RegistrationAccessToken: w.RegistrationAccessToken, PolicyVersion: w.PolicyVersion,
	}, err
}

func (w *updatedV1) metadata() *oauth.Metadata { return &w.Metadata }

type deletedV1 struct{}

func deletedFrom(domain.ClientDeleted) (deletedV1, error) { return deletedV1{}, nil }

func (deletedV1) event() (domain.Event, error) { return domain.ClientDeleted{}, nil }

type suspendedV1 struct {
	Reason string `json:"reason,omitempty"`
}

func suspendedFrom(e domain.ClientSuspended) (suspendedV1, error) { return suspendedV1(e), nil }

func (w suspendedV1) event() (domain.Event, error) { return domain.ClientSuspended(w), nil }

type resumedV1 struct{}

func resumedFrom(domain.ClientResumed) (resumedV1, error) { return resumedV1{}, nil }

func (resumedV1) event() (domain.Event, error) { return domain.ClientResumed{}, nil }

type revokedV1 struct {
	Reason string `json:"reason,omitempty"`
}

func revokedFrom(e domain.ClientRevoked) (revokedV1, error) { return revokedV1(e), nil }

func (w revokedV1) event() (domain.Event, error) { return domain.ClientRevoked(w), nil }

// secretV1 is a client secret in registeredV1 and updatedV1.
type secretV1 struct {
	Digest    domain.Digest `json:"digest"`
	ExpiresAt int64         `json:"expires_at"` // 0: never
	Sealed    []byte        `json:"sealed,omitempty"`
}

func secretFrom(s *domain.Secret) (*secretV1, error) {
	if s == nil {
		return nil, nil
	}
	expires, err := unixSeconds(s.ExpiresAt)
	if err != nil {
		return nil, fmt.Errorf("client_secret_expires_at: %w", err)
	}
	w := &secretV1{Digest: s.Digest, ExpiresAt: expires}
	if len(s.Sealed) > 0 { // an empty one is left out
		w.Sealed = s.Sealed
	}
	return w, nil
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
