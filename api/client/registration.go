package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// Metadata are the members of a client's metadata by their names (RFC 7591 2).
type Metadata map[string]any

// Information is what the server answers about a client to the client itself (RFC 7591 3.2.1).
type Information struct {
	ClientID                string
	ClientSecret            string // told when it is issued; empty otherwise
	ClientSecretExpiresAt   int64  // seconds since 1970; 0: never
	ClientIDIssuedAt        int64  // seconds since 1970
	RegistrationAccessToken string // needed for every later request; it may change with an update
	RegistrationClientURI   string
	Metadata                Metadata // all that is registered
	Version                 string   // of the answer to a registration or a read, for IfVersion; empty: not told
}

// information are the members of an Information that are not metadata.
type information struct {
	ClientID                string `json:"client_id"`
	ClientSecret            string `json:"client_secret"`
	ClientSecretExpiresAt   int64  `json:"client_secret_expires_at"`
	ClientIDIssuedAt        int64  `json:"client_id_issued_at"`
	RegistrationAccessToken string `json:"registration_access_token"`
	RegistrationClientURI   string `json:"registration_client_uri"`
}

var informationMembers = []string{
	"client_id", "client_secret", "client_secret_expires_at", "client_id_issued_at", "registration_access_token", "registration_client_uri",
}

// UnmarshalJSON reads a client information response.
func (i *Information) UnmarshalJSON(encoded []byte) error {
	var known information
	if err := json.Unmarshal(encoded, &known); err != nil {
		return err
	}
	metadata, err := metadataOf(encoded, informationMembers)
	*i = Information{
		ClientID: known.ClientID, ClientSecret: known.ClientSecret, ClientSecretExpiresAt: known.ClientSecretExpiresAt,
		ClientIDIssuedAt: known.ClientIDIssuedAt, RegistrationAccessToken: known.RegistrationAccessToken,
		RegistrationClientURI: known.RegistrationClientURI, Metadata: metadata,
	}
	return err
}

// metadataOf returns the members of an object beside others.
func metadataOf(encoded []byte, others []string) (Metadata, error) {
	var metadata Metadata
	if err := json.Unmarshal(encoded, &metadata); err != nil {
		return nil, err
	}
	for _, name := range others {
		delete(metadata, name)
	}
	return metadata, nil
}

// A Condition makes a request depend on the state of the client.
type Condition func(http.Header)

// IfVersion has a change made only while the client is at a version; else it is refused with status 412.
func IfVersion(version string) Condition {
	return func(h http.Header) { h.Set("If-Match", version) }
}

// Register registers a client (RFC 7591 3). An initial access token is needed where registration is not open;
// empty: none.
func (r *Registry) Register(ctx context.Context, metadata Metadata, initialAccessToken string) (Information, error) {
	return r.manage(ctx, call{method: http.MethodPost, path: "/identity/register", token: initialAccessToken, body: metadata}, nil)
}

// Read returns what is registered of a client (RFC 7592 2.1).
func (r *Registry) Read(ctx context.Context, clientID, registrationAccessToken string) (Information, error) {
	return r.manage(ctx, call{method: http.MethodGet, path: managementPath(clientID), token: registrationAccessToken}, nil)
}

// Update replaces the metadata of a client (RFC 7592 2.2): members that are left out are deleted or take their
// defaults.
func (r *Registry) Update(ctx context.Context, clientID, registrationAccessToken string, metadata Metadata, conditions ...Condition) (Information, error) {
	document := Metadata{}
	for name, value := range metadata {
		document[name] = value
	}
	document["client_id"] = clientID
	return r.manage(ctx, call{method: http.MethodPut, path: managementPath(clientID), token: registrationAccessToken, body: document}, conditions)
}

// Delete ends a client (RFC 7592 2.3).
func (r *Registry) Delete(ctx context.Context, clientID, registrationAccessToken string, conditions ...Condition) error {
	request, err := r.request(ctx, call{
		method: http.MethodDelete, path: managementPath(clientID), token: registrationAccessToken, header: headerOf(conditions),
	})
	if err != nil {
		return err
	}
	_, _, err = r.exchange(ctx, request, nil)
	return err
}

func managementPath(clientID string) string { return "/identity/register/" + url.PathEscape(clientID) }

func headerOf(conditions []Condition) http.Header {
	header := http.Header{}
	for _, set := range conditions {
		set(header)
	}
	return header
}

// manage makes a request that is answered with a client information response.
func (r *Registry) manage(ctx context.Context, c call, conditions []Condition) (Information, error) {
	c.header = headerOf(conditions)
	request, err := r.request(ctx, c)
	if err != nil {
		return Information{}, err
	}
	var answer Information
	header, _, err := r.exchange(ctx, request, &answer)
	if err != nil {
		return Information{}, err
	}
	if answer.ClientID == "" {
		return Information{}, fmt.Errorf("read from server: no client_id in the answer")
	}
	answer.Version = header.Get("ETag")
	return answer, nil
}
