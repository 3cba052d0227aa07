package oauth

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep a document may nest. JSON Web Key Sets need 4 levels.
const maxDepth = 32

// Document is a JSON object as a caller sent it, read strictly: its members by their exact names
// (OpenID Connect Dynamic Client Registration 1.0, section 6), null members left out.
type Document map[string]jsontext.Value

// ParseDocument reads a body that must hold one JSON object and nothing else: valid UTF-8, no member
// twice at any depth, at most 32 levels deep. It returns an *Error with InvalidClientMetadata. The document is
// made of the body, which must not be changed any more.
func ParseDocument(body []byte) (Document, error) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(body))
	if decoder.PeekKind() != '{' {
		return nil, malformed("the body must be one JSON object in UTF-8")
	}
	document := Document{}
	if _, err := decoder.ReadToken(); err != nil {
		return nil, malformedBy(err)
	}
	for decoder.PeekKind() != '}' {
		token, err := decoder.ReadToken()
		if err != nil {
			return nil, malformedBy(err)
		}
		name := token.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, malformedBy(err)
		}
		if deeperThan(value, maxDepth-1) {
			return nil, malformed("the JSON object nests too deep: at most 32 levels")
		}
		if value.Kind() != 'n' {
			end := decoder.InputOffset()
			document[name] = body[end-int64(len(value)) : end : end]
		}
	}
	if _, err := decoder.ReadToken(); err != nil {
		return nil, malformedBy(err)
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, malformed("the body must be one JSON object and nothing after it")
	}
	return document, nil
}

// Text returns the content of a member that is a string; ok is false when it is something else, or is not there.
func (d Document) Text(name string) (text string, ok bool) { return decodeText(d[name]) }

// RedirectHosts returns the hosts of the http and https redirect URIs that the document asks for, at most so many, in
// lower case and each once. Nothing is checked: a redirect URI of which no host can be made out is passed over.
func (d Document) RedirectHosts(most int) (hosts []string) {
	for element := range elements(d["redirect_uris"]) {
		text, _ := decodeText(element)
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" {
			continue
		}
		host := strings.ToLower(u.Hostname())
		if host != "" && len(hosts) < most && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// deeperThan reports whether a valid JSON value nests deeper than limit.
func deeperThan(value jsontext.Value, limit int) bool {
	depth, quoted := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

func malformed(detail string) *Error {
	return &Error{Code: InvalidClientMetadata, Detail: detail}
}

// malformedBy describes a mistake in JSON without repeating any of the input.
func malformedBy(err error) *Error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return malformed("the JSON object has a member more than once")
	}
	return malformed("the body is not valid JSON in UTF-8")
}

// elements yields the elements of a valid JSON array, and nothing of another value.
func elements(array jsontext.Value) iter.Seq[jsontext.Value] {
	return func(yield func(jsontext.Value) bool) {
		if array.Kind() != '[' {
			return
		}
		for rest := array[1:]; ; {
			rest = bytes.TrimLeft(rest, ", \t\r\n")
			if rest[0] == ']' {
				return
			}
			length := lengthOf(rest)
			if !yield(rest[:length:length]) {
				return
			}
			rest = rest[length:]
		}
	}
}

// lengthOf returns the length of the valid JSON value that a text begins with, which is an element of an array.
func lengthOf(text []byte) int {
	depth, quoted := 0, false
	for i := 0; ; i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth > 0 && (c == '}' || c == ']'):
			depth--
		case depth == 0 && (c == ',' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			return i
		}
	}
}
