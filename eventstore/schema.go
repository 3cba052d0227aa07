package eventstore

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"roster/domain"
	"roster/domain/oauth"
)

// A schema reads the data of one type of event in one version, by itself or in its body.
type schema struct {
	parse     func(data []byte) (domain.Event, error)
	parseBody func(body []byte) (domain.Event, personal, error)
}

type schemaID struct {
	eventType string
	version   int
}

// schemas holds every schema there ever was. dataOf says which are current.
var schemas = map[schemaID]schema{
	{domain.ClientRegistered{}.Type(), 1}:          schemaWith[registeredV1](),
	{domain.ClientRegistered{}.Type(), 2}:          schemaWith[registeredV2](),
	{domain.ClientRegistered{}.Type(), 3}:          schemaWith[registeredV3](),
	{domain.ClientUpdated{}.Type(), 1}:             schemaWith[updatedV1](),
	{domain.ClientUpdated{}.Type(), 2}:             schemaWith[updatedV2](),
	{domain.ClientUpdated{}.Type(), 3}:             schemaWith[updatedV3](),
	{domain.ClientUpdated{}.Type(), 4}:             schemaWith[updatedV4](),
	{domain.ClientDeleted{}.Type(), 1}:             schemaWith[deletedV1](),
	{domain.ClientRevoked{}.Type(), 1}:             schemaWith[revokedV1](),
	{domain.InitialAccessTokenIssued{}.Type(), 1}:  schemaWith[tokenIssuedV1](),
	{domain.InitialAccessTokenUsed{}.Type(), 1}:    schemaWith[tokenUsedV1](),
	{domain.InitialAccessTokenRevoked{}.Type(), 1}: schemaWith[tokenRevokedV1](),
	{domain.SealingKeyIntroduced{}.Type(), 1}:      schemaWith[keyIntroducedV1](),
	{domain.SealingKeyLost{}.Type(), 1}:            schemaWith[keyLostV1](),
	{domain.LossAccepted{}.Type(), 1}:              schemaWith[lossAcceptedV1](),
}

func schemaOf(eventType string, version int) (schema, error) {
	s, ok := schemas[schemaID{eventType, version}]
	if !ok {
		return schema{}, fmt.Errorf("%w: %q version %d", ErrUnknownSchema, eventType, version)
	}
	return s, nil
}

func schemaWith[Data interface{ event() (domain.Event, error) }]() schema {
	return schema{
		parse: func(data []byte) (domain.Event, error) {
			var d Data
			if err := unmarshal(data, &d); err != nil {
				return nil, err
			}
			return d.event()
		},
		parseBody: func(data []byte) (domain.Event, personal, error) {
			var b body[Data]
			if err := unmarshal(data, &b); err != nil {
				return nil, personal{}, err
			}
			event, err := b.Data.event()
			return event, b.Personal, err
		},
	}
}

// dataOf returns what an event's data is encoded from, and its schema version.
func dataOf(event domain.Event) (version int, data any, err error) {
	version = 1
	switch e := event.(type) {
	case domain.ClientRegistered:
		version = 3
		data, err = registeredFrom(e)
	case domain.ClientUpdated:
		version = 4
		data, err = updatedFrom(e)
	case domain.ClientDeleted:
		data = deletedV1{}
	case domain.ClientRevoked:
		data = revokedV1{Reason: e.Reason}
	case domain.InitialAccessTokenIssued:
		data, err = tokenIssuedFrom(e)
	case domain.InitialAccessTokenUsed:
		data = tokenUsedV1{ClientID: e.ClientID}
	case domain.InitialAccessTokenRevoked:
		data = tokenRevokedV1{Reason: e.Reason}
	case domain.SealingKeyIntroduced:
		data = keyIntroducedV1(e)
	case domain.SealingKeyLost:
		data = keyLostV1(e)
	case domain.LossAccepted:
		data = lossAcceptedV1(e)
	default:
		return 0, nil, fmt.Errorf("encode %T: %w", event, ErrUnknownSchema)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("encode %s: %w", event.Type(), err)
	}
	return version, data, nil
}

// unmarshal is strict: what it accepts, the program would have written. An unknown member is an error,
// since leaving it out would lose what a later program recorded.
func unmarshal(data []byte, into any) error {
	if jsontext.Value(data).Kind() != '{' {
		return errors.New("not a JSON object")
	}
	return json.Unmarshal(data, into, json.RejectUnknownMembers(true))
}

// metadata is oauth.Metadata, read as strictly.
type metadata struct{ oauth.Metadata }

func (m *metadata) UnmarshalJSON(data []byte) error {
	if err := m.Metadata.UnmarshalJSON(data); err != nil {
		return err
	}
	decoder := jsontext.NewDecoder(bytes.NewBuffer(data))
	if _, err := decoder.ReadToken(); err != nil { // the opening brace
		return err
	}
	for decoder.PeekKind() == '"' {
		name, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		if _, ok := m.Metadata[name.String()]; !ok {
			return fmt.Errorf("metadata has an unknown member %s", name)
		}
		if err := decoder.SkipValue(); err != nil {
			return err
		}
	}
	return nil
}

// The data of each type and schema version. A change to one of these changes what is stored: it needs
// a new version beside the old one.

type registeredV1 struct {
	Metadata                metadata      `json:"metadata"`
	IssuedAt                int64         `json:"client_id_issued_at"`
	RegistrationAccessToken domain.Digest `json:"registration_access_token_digest"`
	Secret                  *secretV1     `json:"client_secret,omitzero"`
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
	LeftOut metadata `json:"left_out,omitzero"`
}

type updatedV1 struct {
	Metadata     metadata  `json:"metadata"`
	SecretIssued *secretV1 `json:"client_secret,omitzero"`
	SecretEnded  bool      `json:"client_secret_ended,omitzero"`
}

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
	LeftOut metadata `json:"left_out,omitzero"`
}

type deletedV1 struct{}

type revokedV1 struct {
	Reason string `json:"reason,omitempty"`
}

type tokenIssuedV1 struct {
	Digest domain.Digest `json:"digest"`
	Label  string        `json:"label,omitempty"`
	termsV1
	ExpiresAt int64 `json:"expires_at"` // 0: never
	MaxUses   int   `json:"max_uses"`   // 0: any number
}

type tokenUsedV1 struct {
	ClientID string `json:"client_id"`
}

type tokenRevokedV1 struct {
	Reason string `json:"reason,omitempty"`
}

type keyIntroducedV1 struct {
	KeyID string `json:"key_id"`
}

type keyLostV1 struct {
	KeyID string `json:"key_id"`
}

type lossAcceptedV1 struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

type secretV1 struct {
	Digest    domain.Digest `json:"digest"`
	ExpiresAt int64         `json:"expires_at"` // 0: never
	Sealed    []byte        `json:"sealed,omitempty"`
}

func registeredFrom(e domain.ClientRegistered) (w registeredV3, err error) {
	w.LeftOut = metadata{e.LeftOut}
	w.PolicyVersion = e.PolicyVersion
	w.InitialAccessToken = e.InitialAccessToken
	w.termsV1 = termsFrom(e.Terms)
	w.Metadata = metadata{e.Metadata}
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
	if w.Metadata.Metadata == nil || w.IssuedAt == 0 || w.RegistrationAccessToken == (domain.Digest{}) {
		return nil, errors.New("metadata, client_id_issued_at or registration_access_token_digest is missing")
	}
	secret, err := w.Secret.secret()
	return domain.ClientRegistered{
		Metadata: w.Metadata.Metadata, LeftOut: w.LeftOut.Metadata, IssuedAt: fromUnixSeconds(w.IssuedAt),
		RegistrationAccessToken: w.RegistrationAccessToken, Secret: secret, PolicyVersion: w.PolicyVersion,
		InitialAccessToken: w.InitialAccessToken, Terms: w.terms(),
	}, err
}

func updatedFrom(e domain.ClientUpdated) (w updatedV4, err error) {
	w.LeftOut = metadata{e.LeftOut}
	w.PolicyVersion = e.PolicyVersion
	w.Metadata = metadata{e.Metadata}
	w.SecretEnded = e.SecretEnded
	w.RegistrationAccessToken = e.RegistrationAccessToken
	w.SecretIssued, err = secretFrom(e.SecretIssued)
	return w, err
}

func (w updatedV1) event() (domain.Event, error) { return updatedV2{updatedV1: w}.event() }

func (w updatedV2) event() (domain.Event, error) { return updatedV3{updatedV2: w}.event() }

func (w updatedV3) event() (domain.Event, error) { return updatedV4{updatedV3: w}.event() }

func (w updatedV4) event() (domain.Event, error) {
	if w.Metadata.Metadata == nil {
		return nil, errors.New("metadata is missing")
	}
	secret, err := w.SecretIssued.secret()
	return domain.ClientUpdated{
		Metadata: w.Metadata.Metadata, LeftOut: w.LeftOut.Metadata, SecretIssued: secret, SecretEnded: w.SecretEnded,
		RegistrationAccessToken: w.RegistrationAccessToken, PolicyVersion: w.PolicyVersion,
	}, err
}

func (deletedV1) event() (domain.Event, error) { return domain.ClientDeleted{}, nil }

func (w revokedV1) event() (domain.Event, error) { return domain.ClientRevoked{Reason: w.Reason}, nil }

func tokenIssuedFrom(e domain.InitialAccessTokenIssued) (w tokenIssuedV1, err error) {
	w.Digest, w.Label, w.MaxUses = e.Digest, e.Label, e.MaxUses
	w.termsV1 = termsFrom(e.Terms)
	if w.ExpiresAt, err = unixSeconds(e.ExpiresAt); err != nil {
		return w, fmt.Errorf("expires_at: %w", err)
	}
	return w, nil
}

func (w tokenIssuedV1) event() (domain.Event, error) {
	if w.Digest == (domain.Digest{}) {
		return nil, errors.New("digest is missing")
	}
	return domain.InitialAccessTokenIssued{
		Digest: w.Digest, Label: w.Label, Terms: w.terms(),
		ExpiresAt: fromUnixSeconds(w.ExpiresAt), MaxUses: w.MaxUses,
	}, nil
}

func (w tokenUsedV1) event() (domain.Event, error) {
	if w.ClientID == "" {
		return nil, errors.New("client_id is missing")
	}
	return domain.InitialAccessTokenUsed{ClientID: w.ClientID}, nil
}

func (w tokenRevokedV1) event() (domain.Event, error) {
	return domain.InitialAccessTokenRevoked{Reason: w.Reason}, nil
}

func (w keyIntroducedV1) event() (domain.Event, error) {
	if w.KeyID == "" {
		return nil, errors.New("key_id is missing")
	}
	return domain.SealingKeyIntroduced(w), nil
}

func (w keyLostV1) event() (domain.Event, error) {
	if w.KeyID == "" {
		return nil, errors.New("key_id is missing")
	}
	return domain.SealingKeyLost(w), nil
}

func (w lossAcceptedV1) event() (domain.Event, error) {
	if w.From == 0 || w.To < w.From {
		return nil, errors.New("from and to are no range of sequences")
	}
	return domain.LossAccepted(w), nil
}

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
