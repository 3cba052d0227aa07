package domain

import "github.com/go-json-experiment/json/jsontext"

// Document is a JSON object as a caller sent it, read strictly: its members by their exact names
// (OpenID Connect Dynamic Client Registration 1.0, section 6), null members left out.
type Document map[string]jsontext.Value

// ParseDocument reads a body that must hold one JSON object and nothing else: valid UTF-8, no member
// twice at any depth, at most 32 levels deep. It returns an *Error with InvalidClientMetadata.
func ParseDocument(body []byte) (Document, error) {
	panic("not yet")
}
