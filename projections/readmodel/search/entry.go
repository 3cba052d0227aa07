package search

import (
	"bytes"
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
	Cautions                []string // their levels
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
		for i, item := range list {
			if i > 0 {
				b = append(b, listSeparator...)
			}
			b = append(b, clean(item)...)
		}
		b = append(b, separator...)
	}
	return string(bytes.TrimRight(b, separator))
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
	return m
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
