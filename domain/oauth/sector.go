package oauth

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

// checkSector requires that the document at the client's sector_identifier_uri lists every redirect URI (OpenID Connect
// Dynamic Client Registration 1.0, 5) and the URI of deliverySectorMember (OpenID Connect CIBA Core 1.0, 4), whatever
// the subject_type is. The refusal is the same for a document that could not be fetched and for one that lacks a URI,
// so that nobody learns from it what the server can reach.
func checkSector(m Metadata, known *Sector) error {
	uri := m.Text("sector_identifier_uri")
	switch {
	case uri == "":
		return nil
	case known == nil || known.URI != uri:
		return &Missing{SectorIdentifierURI: uri}
	}
	members := []string{"redirect_uris", deliverySectorMember(m)}
	if m.Text("subject_type") == "pairwise" {
		members = append(members, sectorMembers(m)...)
	}
	lacks := func(uri string) bool { return !slices.Contains(known.URIs, uri) }
	if known.URIs == nil || slices.ContainsFunc(sectorURIs(m, members), lacks) {
		return refuse("sector_identifier_uri", "must be the address of a JSON array that has every redirect URI of the client, "+
			"its jwks_uri for the delivery modes poll and ping, and its notification endpoint for push")
	}
	return nil
}
