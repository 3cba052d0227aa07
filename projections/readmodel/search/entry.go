package search

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Entry is what one client is found by.
type Entry struct {
	Seq      uint64    // numbers the client, in the order of registration
	Origin   *Origin   // nil, in Put: as it was
	Metadata *Metadata // nil, in Put: as it was
	Standing

	Last      uint64 // the sequence of its last event
	Described uint64 // that of the one that last set its metadata; 0: unknown
}

// Origin is what never changes of a client.
type Origin struct {
	ID         string // a UUID in lower case, or any other text
	Registered time.Time
	IP         string // address that it was registered from; empty: unknown
	Token      string // id of the initial access token that it was registered with; empty: none
	// ImposedOwner is the owner that this token named; empty: none.
	ImposedOwner string
}

// Standing is how a client stands.
type Standing struct {
	Status        string
	Changed       time.Time // when it was last changed; zero: never
	SecretExpires time.Time // zero: never, or there is none
}

// Metadata is what a client's metadata says that it is found by.
type Metadata struct {
	Name, Owner             string
	Software, Version       string
	Kind                    string // application_type
	Auth                    string // token_endpoint_auth_method
	Grants, Hosts, Contacts []string
	Cautions                []string // the levels of those about its own members
	Claims                  []Claim
	Issuer                  string   // of its software statement; empty: there is none
	Believed                []string // Cautions, if the issuer is trusted
	Domains                 []string // as oauth.RedirectDomains returns them; not encoded, since they follow from the rest
}

// listSeparator stands between the items of a list in encoded metadata.
const listSeparator = "\x1e"

// Encode writes the metadata as one text, for ParseMetadata. Control characters that the text is divided by are
// replaced.
func (m Metadata) Encode() string {
	b := make([]byte, 0, 256)
	for _, field := range []string{m.Name, m.Owner, m.Software, m.Version, m.Kind, m.Auth} {
		b = append(b, clean(field)...)
		b = append(b, separator...)
	}
	for _, list := range [][]string{m.Grants, m.Hosts, m.Contacts, m.Cautions} {
		b = appendList(b, list)
	}
	b = append(appendClaims(b, m.Claims), separator...)
	b = append(append(b, clean(m.Issuer)...), separator...)
	b = appendList(b, m.Believed)
	return string(bytes.TrimRight(b, separator))
}

func appendList(b []byte, list []string) []byte {
	for i, item := range list {
		if i > 0 {
			b = append(b, listSeparator...)
		}
		b = append(b, clean(item)...)
	}
	return append(b, separator...)
}

// ParseMetadata reads what Encode wrote. What is missing of it is empty.
func ParseMetadata(encoded string) (m Metadata) {
	next := func() (field string) {
		field, encoded, _ = strings.Cut(encoded, separator)
		return field
	}
	list := func() []string {
		if field := next(); field != "" {
			return strings.Split(field, listSeparator)
		}
		return nil
	}
	m.Name, m.Owner, m.Software, m.Version, m.Kind, m.Auth = next(), next(), next(), next(), next(), next()
	m.Grants, m.Hosts, m.Contacts, m.Cautions = list(), list(), list(), list()
	m.Claims, m.Issuer, m.Believed = parseClaims(list()), next(), list()
	return m
}

// appendClaims writes a list of claims, each as its value behind a mark if it is vouched for and behind the event since which
// it is made if that is given. A value begins with neither a mark nor a digit.
func appendClaims(b []byte, claims []Claim) []byte {
	for i, c := range claims {
		if i > 0 {
			b = append(b, listSeparator...)
		}
		if c.Vouched {
			b = append(b, vouchedMark...)
		}
		if c.Since != 0 {
			b = strconv.AppendUint(b, c.Since, 10)
		}
		b = append(b, clean(c.Value)...)
	}
	return b
}

const vouchedMark = "!"

func parseClaims(encoded []string) (claims []Claim) {
	for _, text := range encoded {
		value, vouched := strings.CutPrefix(text, vouchedMark)
		c := Claim{Value: strings.TrimLeft(value, "0123456789"), Vouched: vouched}
		c.Since, _ = strconv.ParseUint(value[:len(value)-len(c.Value)], 10, 64)
		claims = append(claims, c)
	}
	return claims
}

// clean replaces what encoded metadata is divided by.
func clean(s string) string {
	if !strings.ContainsAny(s, separator+listSeparator) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == rune(separator[0]) || r == rune(listSeparator[0]) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// text is what words are looked for in, beside the id.
func (m Metadata) text() string {
	return textOf(m.Name, append([]string{m.Owner, m.Software, m.Version}, m.Hosts...)...)
}
