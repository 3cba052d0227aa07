package eventstore

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"roster/domain/oauth"
)

// termsV1 is how the log writes oauth.Terms, among the other members of an event's data.
type termsV1 struct {
	Owner  string   `json:"owner,omitzero"`
	Limits limitsV1 `json:"limits,omitzero"`
}

// limitsV1 are the lists of oauth.Terms. One that is left out sets no limit.
type limitsV1 struct {
	GrantTypes       []string `json:"grant_types,omitzero"`
	Scopes           []string `json:"scopes,omitzero"`
	RedirectHosts    []string `json:"redirect_hosts,omitzero"`
	ApplicationTypes []string `json:"application_types,omitzero"`
}

func termsFrom(t oauth.Terms) termsV1 {
	return termsV1{t.Owner, limitsV1{t.GrantTypes, t.Scopes, t.RedirectHosts, t.ApplicationTypes}}
}

func (w termsV1) terms() oauth.Terms {
	return oauth.Terms{
		Owner: w.Owner, GrantTypes: w.Limits.GrantTypes, Scopes: w.Limits.Scopes,
		RedirectHosts: w.Limits.RedirectHosts, ApplicationTypes: w.Limits.ApplicationTypes,
	}
}

// termsVersion is the version that EncodeTerms writes.
const termsVersion = 1

type versionedTerms struct {
	Version int `json:"version"`
	termsV1
}

// EncodeTerms encodes terms for storage outside the log: as a JSON object with "version" and the members that
// terms have in the data of events. Unlimited terms are encoded as nil. The encoding of a version never changes.
// It returns an error for a text that is not UTF-8.
func EncodeTerms(t oauth.Terms) ([]byte, error) {
	if t.Unlimited() {
		return nil, nil
	}
	encoded, err := json.Marshal(versionedTerms{termsVersion, termsFrom(t)})
	if err != nil {
		return nil, fmt.Errorf("encode terms: %w", err)
	}
	return encoded, nil
}

// ParseTerms is the inverse of EncodeTerms. It returns ErrUnknownSchema for another version, and an error for
// what EncodeTerms cannot have made, such as an unknown member.
func ParseTerms(encoded []byte) (oauth.Terms, error) {
	if len(encoded) == 0 {
		return oauth.Terms{}, nil
	}
	// Look at the version first: in another one, unknown members are no mistake.
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(encoded, &head); err != nil {
		return oauth.Terms{}, fmt.Errorf("decode terms: %w", err)
	}
	if head.Version != termsVersion {
		return oauth.Terms{}, fmt.Errorf("decode terms: %w: version %d", ErrUnknownSchema, head.Version)
	}
	var w versionedTerms
	if err := unmarshal(encoded, &w); err != nil {
		return oauth.Terms{}, fmt.Errorf("decode terms: %w", err)
	}
	return w.terms(), nil
}
