// Package authenticator decides whether whoever sent a request to an authorization server is the client that it says, for
// authorization servers that leave this to the registry. It has the secrets and keys of clients; the rules are those of
// package clientauth.
package authenticator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	lru "github.com/hashicorp/golang-lru/v2"

	"roster/domain"
	"roster/domain/keyset"
	"roster/domain/oauth"
	"roster/domain/oauth/clientauth"
)

// Clients are where clients are looked up. Its contract is that of registrar.Registrar.
type Clients interface {
	Current(ctx context.Context, clientID string) (domain.Client, error)
}

// Opener opens the client secrets that were sealed. It may be used concurrently.
type Opener interface {
	Open(clientID string, sealed []byte) (secret string, err error)
}

// Fetcher gets the document at an https URL that a client registered, in bounded time. It may be used concurrently.
type Fetcher interface {
	Fetch(ctx context.Context, url string) ([]byte, error)
}

// Replays remember the assertions that were used. It may be used concurrently.
type Replays interface {
	// Use remembers that a client used the assertion with an id, until a time, and reports whether it is the first
	// time. It returns an error, which wraps domain.ErrUnavailable, when it cannot tell or has no room to remember it.
	Use(ctx context.Context, clientID, assertionID string, until time.Time) (first bool, err error)
}

// Options are what an Authenticator needs. All but Now must be given.
type Options struct {
	Clients Clients
	Opener  Opener
	Fetcher Fetcher // of the keys behind a jwks_uri
	Replays Replays
	Logger  *slog.Logger
	Now     func() time.Time // nil: time.Now
}

// Authenticator authenticates clients. It may be used concurrently.
type Authenticator struct {
	Options
	keys *lru.Cache[string, *keyset.Set] // by jwks_uri
}

// keySetsKept is how many key sets behind a jwks_uri are kept: those of the clients that came last. Each has 64 KiB at
// most, as fetched.
const keySetsKept = 1024

// New returns an Authenticator.
func New(o Options) *Authenticator {
	if o.Now == nil {
		o.Now = time.Now
	}
	keys, err := lru.New[string, *keyset.Set](keySetsKept)
	if err != nil {
		panic(err) // the size is above 0
	}
	return &Authenticator{Options: o, keys: keys}
}

// Authenticated is a client that proved who it is.
type Authenticated struct {
	ClientID string
	Method   string    // its token_endpoint_auth_method; "none": it said who it is and proved nothing
	At       time.Time // when it did
}

// Authenticate returns the client of a request to an authorization server that is known by any of the names of an
// audience. The client must be served now, and use the method that it registered. An assertion counts once.
//
// It returns a clientauth.Reason when the request proves no client, with the ClientID that it presents and that may be
// anything, and otherwise an error that wraps domain.ErrUnavailable, or the context's.
func (a *Authenticator) Authenticate(ctx context.Context, r clientauth.Request, audience []string) (Authenticated, error) {
	presented, err := r.Credentials()
	if err != nil {
		return Authenticated{}, err
	}
	result := Authenticated{ClientID: presented.ClientID}
	client, err := a.Clients.Current(ctx, presented.ClientID)
	switch {
	case errors.Is(err, domain.ErrNotFound) || err == nil && !client.MayBeServed():
		return result, clientauth.NotServed
	case err != nil:
		return result, fmt.Errorf("authenticate client: %w", err)
	}
	result.At, result.Method = a.Now(), client.Metadata.Text("token_endpoint_auth_method")
	if !presented.By(result.Method) {
		return result, clientauth.OtherMethod
	}
	switch result.Method {
	case clientauth.SecretBasic, clientauth.SecretPost:
		err = checkSecret(client.Secret, presented.Secret, result.At)
	case clientauth.PrivateKeyJWT, clientauth.SecretJWT:
		err = a.checkAssertion(ctx, client, presented.Assertion, audience, result.At)
	}
	return result, err
}

// checkSecret returns a Reason unless a secret is the one that was issued and is still valid.
func checkSecret(issued *domain.Secret, presented string, now time.Time) error {
	switch {
	case issued == nil || !issued.Digest.Matches(presented):
		return clientauth.WrongSecret
	case issued.Expired(now):
		return clientauth.ExpiredSecret
	}
	return nil
}

// checkAssertion returns a Reason unless an assertion is the client's, for now and for the audience, and is used for the
// first time. Only an assertion whose signature is right is remembered: others take no room, and use up no jti.
func (a *Authenticator) checkAssertion(
	ctx context.Context, client domain.Client, assertion clientauth.Assertion, audience []string, now time.Time,
) error {
	if err := assertion.Check(now, audience); err != nil {
		return err
	}
	signed, err := assertion.Signed(client.Metadata)
	if err != nil {
		return err
	}
	if err := a.checkSignature(ctx, client, signed, now); err != nil {
		return err
	}
	first, err := a.Replays.Use(ctx, client.ID, assertion.ID(), assertion.UsableUntil())
	switch {
	case err != nil:
		return fmt.Errorf("authenticate client: %w", err)
	case !first:
		return clientauth.Replayed
	}
	return nil
}

func (a *Authenticator) checkSignature(ctx context.Context, client domain.Client, signed *jose.JSONWebSignature, now time.Time) error {
	switch {
	case client.Metadata.Text("token_endpoint_auth_method") == clientauth.SecretJWT:
		return a.checkMAC(client, signed, now)
	case client.Metadata.Text("jwks_uri") != "":
		return a.checkByURI(ctx, client.Metadata.Text("jwks_uri"), signed, now)
	}
	set, _ := client.Metadata["jwks"].(oauth.Object)
	keys, err := oauth.VerificationKeys([]byte(set))
	if err != nil {
		return clientauth.NoKeys
	}
	return wrongUnless(oauth.VerifiedBy(keys, signed))
}

// checkMAC returns a Reason unless an assertion was signed with the client's secret, which is still valid.
func (a *Authenticator) checkMAC(client domain.Client, signed *jose.JSONWebSignature, now time.Time) error {
	switch {
	case client.Secret == nil || len(client.Secret.Sealed) == 0:
		return clientauth.SealedSecret
	case client.Secret.Expired(now):
		return clientauth.ExpiredSecret
	}
	secret, err := a.Opener.Open(client.ID, client.Secret.Sealed)
	if err != nil {
		return clientauth.SealedSecret
	}
	_, err = signed.Verify([]byte(secret))
	return wrongUnless(err == nil)
}

// checkByURI returns a Reason unless one of the keys behind a URI made the signature. A key that is gone there serves for
// up to 15 minutes more.
func (a *Authenticator) checkByURI(ctx context.Context, uri string, signed *jose.JSONWebSignature, now time.Time) error {
	genuine, err := a.keysAt(uri).Verify(ctx, now, signed)
	switch {
	case errors.Is(err, domain.ErrKeysUnavailable):
		return clientauth.NoKeys
	case err != nil:
		return fmt.Errorf("authenticate client: %w", err)
	}
	return wrongUnless(genuine)
}

// keysAt returns the keys behind a jwks_uri.
func (a *Authenticator) keysAt(uri string) *keyset.Set {
	if keys, known := a.keys.Get(uri); known {
		return keys
	}
	var host string
	if u, err := url.Parse(uri); err == nil {
		host = u.Host
	}
	read := func(ctx context.Context) ([]byte, error) { return a.Fetcher.Fetch(ctx, uri) }
	keys := keyset.New(read, a.Logger.With("jwks_uri_host", host))
	if earlier, known, _ := a.keys.PeekOrAdd(uri, keys); known {
		return earlier
	}
	return keys
}

func wrongUnless(genuine bool) error {
	if !genuine {
		return clientauth.WrongSignature
	}
	return nil
}
