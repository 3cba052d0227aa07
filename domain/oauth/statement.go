package oauth

import (
	"encoding/base64"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// SoftwareStatement is the content of a software statement, whether it is true or not (RFC 7591 2.3).
type SoftwareStatement struct {
	Header Document
	Claims Document
	Issuer string // the claim iss, never empty
}

// ParseSoftwareStatement reads a JWT in compact form (RFC 7519 3): header and claims are JSON objects read as
// strictly as requests are. It verifies nothing. It returns an *Error with InvalidSoftwareStatement.
func ParseSoftwareStatement(statement string) (SoftwareStatement, error) {
	parts := strings.Split(statement, ".")
	if len(parts) != 3 {
		return SoftwareStatement{}, InvalidStatement("must be a signed JWT in compact form")
	}
	header, err := parsePart(parts[0])
	if err != nil {
		return SoftwareStatement{}, err
	}
	claims, err := parsePart(parts[1])
	if err != nil {
		return SoftwareStatement{}, err
	}
	issuer, ok := decodeText(claims["iss"])
	if !ok || issuer == "" {
		return SoftwareStatement{}, InvalidStatement("must name its issuer in the claim iss (RFC 7591 2.3)")
	}
	return SoftwareStatement{Header: header, Claims: claims, Issuer: issuer}, nil
}

func parsePart(part string) (Document, error) {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, InvalidStatement("must be a signed JWT in compact form")
	}
	document, err := ParseDocument(decoded)
	if err != nil {
		return nil, InvalidStatement("must have a header and claims that are JSON objects without a member twice")
	}
	return document, nil
}

// InvalidStatement refuses a software statement that is wrong in itself (RFC 7591 3.2.2).
func InvalidStatement(detail string) *Error {
	return &Error{Code: InvalidSoftwareStatement, Field: statementMember, Detail: detail}
}

// UnapprovedStatement refuses a software statement that may be right, but not for this server, by one of its settings
// (RFC 7591 3.2.2).
func UnapprovedStatement(setting, detail string) *Error {
	return &Error{Code: UnapprovedSoftwareStatement, Field: statementMember, Setting: setting, Detail: detail}
}

const statementMember = "software_statement"

// claims returns the members that the software statement of a request states, nothing if there is none. It returns a
// *Missing for a statement that nobody has verified.
func (r Request) claims(p Policy) (Metadata, error) {
	text, ok := r.Document.Text(statementMember)
	if r.Document[statementMember] == nil || ok && text == "" {
		if p.RequireSoftwareStatement {
			return nil, UnapprovedStatement(SettingRequireSoftwareStatement, "is needed by the policy "+SettingRequireSoftwareStatement+" of this server, from an issuer that it trusts")
		}
		return nil, nil
	}
	if !ok {
		return nil, InvalidStatement("must be a signed JWT in compact form")
	}
	_, claimed, err := readStatement(text)
	if err != nil {
		return nil, err
	}
	if text != r.Former.Text(statementMember) && text != r.Evidence.SoftwareStatement {
		return nil, &Missing{SoftwareStatement: text}
	}
	return claimed, nil
}

var statedAsNumbers = membersThat(func(m Member) bool { return m.statedAsNumber })

// readStatement returns the issuer of a software statement and those of its claims that are members. It returns
// an *Error with InvalidSoftwareStatement.
func readStatement(text string) (issuer string, claimed Metadata, err error) {
	statement, err := ParseSoftwareStatement(text)
	if err != nil {
		return "", nil, err
	}
	delete(statement.Claims, statementMember)
	for _, name := range statedAsNumbers {
		if raw := statement.Claims[name]; raw.Kind() == '0' {
			statement.Claims[name] = appendString(nil, string(raw))
		}
	}
	claimed, err = decodeMetadata(statement.Claims)
	if err != nil {
		return "", nil, InvalidStatement("has a claim that is not of its member's type: " + err.Error())
	}
	return statement.Issuer, claimed, nil
}

// VerificationKeys returns the public keys of a JSON Web Key Set that signatures can be verified with. Keys
// that are of another kind or use, weak or wrong are passed over (RFC 7517 5). The set itself is parsed as strictly as a
// request. It returns an error for what is no such set, and for one without any such key.
func VerificationKeys(set []byte) ([]jose.JSONWebKey, error) {
	document, err := ParseDocument(set)
	if err != nil {
		return nil, err
	}
	if document["keys"].Kind() != '[' {
		return nil, malformed("a JSON Web Key Set is an object with an array keys (RFC 7517 5)")
	}
	var keys []jose.JSONWebKey
	for raw := range elements(document["keys"]) {
		candidate, wrong := publicKey(DefaultPolicy, raw)
		if wrong != nil || candidate.name.use == "enc" {
			continue
		}
		if key, ok := decodeKey(candidate.members); ok {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, malformed("the JSON Web Key Set has no key that signatures can be verified with")
	}
	return keys, nil
}
