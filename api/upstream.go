package api

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Members of an authorization server's metadata by which clients would come to it past this registry.
const (
	registrationMember   = "registration_endpoint"
	aliasesMember        = "mtls_endpoint_aliases" // RFC 8705 5: a client that uses mutual TLS prefers what is in it
	signedMetadataMember = "signed_metadata"       // RFC 8414 2.1: what it says wins over the members beside it
)

// otherWays are members that tell how a client becomes known without registration at this registry (OpenID
// Federation 1.0, 5.1.3; OAuth Client ID Metadata Document 5).
var otherWays = []string{
	"federation_registration_endpoint", "client_registration_types_supported", "client_id_metadata_document_supported",
}

// PublishMetadata replaces what discovery answers by an authorization server's own metadata, changed by a JSON
// Merge Patch (RFC 7396), which may be nil. This registry's registration_endpoint takes the place of any other,
// whatever the patch says; when registration is closed, the authorization server's stays. Members by which
// clients would come past this registry are left out, and everything else is as it was. Endpoints of another
// origin than the issuer's, which may be a mistake, are logged when they are others than before.
//
// It returns an error for metadata that are not one JSON object with an issuer that is a URL, and for a patch
// that is not one JSON object; then discovery answers as before. It may be called at any time.
func (a *API) PublishMetadata(upstream, patch []byte) error {
	published, err := republished(upstream, patch, a.registrationEndpoint())
	if err != nil {
		return err
	}
	former := a.metadata.Swap(published)
	if len(published.elsewhere) > 0 && !slices.Equal(published.elsewhere, former.elsewhere) {
		a.Logger.Warn("endpoints of the authorization server are of another origin than its issuer", "endpoints", published.elsewhere)
	}
	return nil
}

// CheckMetadataPatch returns why PublishMetadata would refuse a patch, whatever it is merged over, or nil.
func CheckMetadataPatch(patch []byte) error {
	_, err := republished([]byte(`{"issuer":"https://as.example"}`), patch, "")
	return err
}

// republished returns the metadata that PublishMetadata publishes. Without a registration endpoint nobody can
// come past this registry.
func republished(upstream, patch []byte, registrationEndpoint string) (*metadata, error) {
	document, err := readMembers(upstream)
	if err != nil {
		return nil, fmt.Errorf("metadata of the authorization server: %w", err)
	}
	if registrationEndpoint != "" {
		document = document.without(otherWays...)
	}
	if patch != nil {
		changes, err := readMembers(patch)
		if err != nil {
			return nil, fmt.Errorf("patch of the metadata: %w", err)
		}
		document = document.patched(changes)
	}
	issuer, err := url.Parse(document.text("issuer"))
	if err != nil || issuer.Host == "" {
		return nil, errors.New("metadata of the authorization server: no issuer that is a URL")
	}
	document = document.without(signedMetadataMember)
	if registrationEndpoint == "" {
		return publishable(document, issuer, elsewhere(document, issuer)), nil
	}
	document = document.without(registrationMember)
	document.change(aliasesMember, func(aliases members) members { return aliases.without(registrationMember) })
	foreign := elsewhere(document, issuer)
	registration, _ := jsontext.AppendQuote(nil, registrationEndpoint)
	return publishable(append(document, member{registrationMember, registration}), issuer, foreign), nil
}

func publishable(document members, issuer *url.URL, elsewhere []string) *metadata {
	m := newMetadata(document.encode(), issuer.Path)
	m.elsewhere = elsewhere
	return m
}

// elsewhere returns the endpoints of another origin than the issuer's, as NAME=URL. Endpoints for mutual TLS
// are elsewhere on purpose (RFC 8705 5) and left out.
func elsewhere(document members, issuer *url.URL) (found []string) {
	for _, m := range document {
		if !strings.HasSuffix(m.name, "_endpoint") && m.name != "jwks_uri" && m.name != "signed_jwks_uri" {
			continue
		}
		address := document.text(m.name)
		if endpoint, err := url.Parse(address); err != nil || originOf(endpoint) != originOf(issuer) {
			found = append(found, m.name+"="+address)
		}
	}
	return found
}

// originOf is the origin of a URL (RFC 6454 4), in one spelling.
func originOf(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	defaultPort := map[string]string{"https": ":443", "http": ":80"}[scheme]
	return scheme + "://" + strings.TrimSuffix(host, defaultPort)
}
