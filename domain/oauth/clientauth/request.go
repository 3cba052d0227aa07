// Package clientauth has the rules by which a client proves to an authorization server that it is who it says: what a
// request presents (RFC 6749 2.3, RFC 7521 4.2), and what an assertion must say (RFC 7523 3; OpenID Connect Core 1.0, 9).
//
// It knows no client's secret or keys, and has no I/O and no clock.
package clientauth

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// The authentication methods that are decided here (OpenID Connect Core 1.0, 9).
const (
	SecretBasic   = "client_secret_basic"
	SecretPost    = "client_secret_post"
	SecretJWT     = "client_secret_jwt"
	PrivateKeyJWT = "private_key_jwt"
	None          = "none"
)

// JWTBearer is the client_assertion_type of a JWT (RFC 7523 2.2).
const JWTBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// A Request is what a client sent to an authorization server to prove who it is. What is empty was not sent: a secret
// that is empty may be left out (RFC 6749 2.3.1).
type Request struct {
	Authorization string // the Authorization header as it came
	ClientID      string // parameters of the request
	ClientSecret  string
	AssertionType string // client_assertion_type
	Assertion     string // client_assertion
}

// Credentials are what a request presents, by one method.
type Credentials struct {
	ClientID  string    // whose they say they are
	Secret    string    // with client_secret_basic and client_secret_post
	Assertion Assertion // with private_key_jwt and client_secret_jwt
	methods   []string
}

// By reports whether the credentials are those of a method. An assertion does not say of which of the two it is.
func (c Credentials) By(method string) bool {
	for _, m := range c.methods {
		if m == method {
			return true
		}
	}
	return false
}

// Credentials returns what the request presents, or a Reason why it presents nothing by which a client can be
// authenticated.
func (r Request) Credentials() (Credentials, error) {
	var found []Credentials
	if r.Authorization != "" {
		basic, err := basicCredentials(r.Authorization)
		if err != nil {
			return Credentials{}, err
		}
		found = append(found, basic)
	}
	if r.ClientSecret != "" {
		found = append(found, Credentials{ClientID: r.ClientID, Secret: r.ClientSecret, methods: []string{SecretPost}})
	}
	if r.Assertion != "" || r.AssertionType != "" {
		asserted, err := assertedCredentials(r.AssertionType, r.Assertion)
		if err != nil {
			return Credentials{}, err
		}
		found = append(found, asserted)
	}
	if found == nil {
		found = append(found, Credentials{ClientID: r.ClientID, methods: []string{None}})
	}
	switch c := found[0]; {
	case len(found) > 1:
		return Credentials{}, SeveralMethods
	case c.ClientID == "":
		return Credentials{}, NoCredentials
	case r.ClientID != "" && r.ClientID != c.ClientID:
		return Credentials{}, OtherClient
	default:
		return c, nil
	}
}

// basicCredentials reads an Authorization header. Id and secret are form-encoded in it (RFC 6749 2.3.1).
func basicCredentials(header string) (Credentials, error) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return Credentials{}, Malformed
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return Credentials{}, Malformed
	}
	id, secret, ok := strings.Cut(string(decoded), ":")
	if !ok {
		return Credentials{}, Malformed
	}
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	if idErr != nil || secretErr != nil {
		return Credentials{}, Malformed
	}
	return Credentials{ClientID: id, Secret: secret, methods: []string{SecretBasic}}, nil
}

func assertedCredentials(assertionType, text string) (Credentials, error) {
	if assertionType != JWTBearer {
		return Credentials{}, WrongType
	}
	assertion, err := ParseAssertion(text)
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{ClientID: assertion.ClientID, Assertion: assertion, methods: []string{PrivateKeyJWT, SecretJWT}}, nil
}
