package domain

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// ParseSector reads the document at a sector_identifier_uri: one JSON array of strings and nothing else
// (OpenID Connect Dynamic Client Registration 1.0, 5). It returns a list that is not nil, or an error.
func ParseSector(body []byte) ([]string, error) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(body))
	raw, err := decoder.ReadValue()
	if err != nil {
		return nil, malformedBy(err)
	}
	value, ok := KindList.decode(raw.Clone())
	if !ok {
		return nil, malformed("the document must be one JSON array of strings")
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, malformed("the document must be one JSON array and nothing after it")
	}
	return value.(List), nil
}

// checkSector holds every redirect URI to the document at the client's sector_identifier_uri, whatever its
// subject_type (OpenID Connect Dynamic Client Registration 1.0, 5). A document that cannot be had and one
// that lacks a URI are refused alike, so that nobody learns from the answer what the server can reach.
func checkSector(m Metadata, known *Sector) error {
	uri := m.Text("sector_identifier_uri")
	switch {
	case uri == "":
		return nil
	case known == nil || known.URI != uri:
		return &Missing{SectorIdentifierURI: uri}
	}
	lacks := func(redirectURI string) bool { return !slices.Contains(known.RedirectURIs, redirectURI) }
	if known.RedirectURIs == nil || slices.ContainsFunc(m.List("redirect_uris"), lacks) {
		return refuse("sector_identifier_uri", "must be the address of a JSON array that has every redirect URI of the client")
	}
	return nil
}
