package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// A ServedClient is a client that an authorization server may serve. The credentials of the Options must be those of an
// authorization server for all that has to do with it.
type ServedClient struct {
	ID                    string
	IssuedAt              int64    // client_id_issued_at, seconds since 1970
	ClientSecretExpiresAt *int64   // seconds since 1970, 0: never; nil: the client has no secret
	ClientSecretSHA256    []string // in base64; each secret with one of these hashes is accepted until it expires
	Metadata              Metadata
}

// servedView are the members of a ServedClient that are not metadata.
type servedView struct {
	ID                    string   `json:"client_id"`
	IssuedAt              int64    `json:"client_id_issued_at"`
	ClientSecretExpiresAt *int64   `json:"client_secret_expires_at"`
	ClientSecretSHA256    []string `json:"client_secret_sha256"`
}

var servedViewMembers = []string{"client_id", "client_id_issued_at", "client_secret_expires_at", "client_secret_sha256"}

// UnmarshalJSON reads a client.
func (c *ServedClient) UnmarshalJSON(encoded []byte) error {
	var known servedView
	if err := json.Unmarshal(encoded, &known); err != nil {
		return err
	}
	metadata, err := metadataOf(encoded, servedViewMembers)
	*c = ServedClient{known.ID, known.IssuedAt, known.ClientSecretExpiresAt, known.ClientSecretSHA256, metadata}
	return err
}

// LookUp returns a client that may be served now. For any other, be it unknown, suspended or ended, it returns an *Error
// with the code "invalid_client".
func (r *Registry) LookUp(ctx context.Context, clientID string) (c ServedClient, err error) {
	_, err = r.ask(ctx, call{method: http.MethodGet, path: "/as/v1/clients/" + url.PathEscape(clientID)}, &c)
	return c, err
}

// A ClientRequest is what a client sent to an authorization server to prove who it is. What is empty was not sent.
type ClientRequest struct {
	Authorization       string // the Authorization header as it came
	ClientID            string // parameters of the request
	ClientSecret        string
	ClientAssertionType string
	ClientAssertion     string
	// Audience is needed with a ClientAssertion: each name by which it may address the authorization server. They are
	// the server's own words, and not the client's.
	Audience []string
}

// An Authentication says whether a request proves who its client is.
type Authentication struct {
	Active   bool   `json:"active"`
	ClientID string `json:"client_id"`
	Method   string `json:"token_endpoint_auth_method"` // "none": the client said who it is and proved nothing
}

// Authenticate has a client authenticated. One that is not is no error.
func (r *Registry) Authenticate(ctx context.Context, request ClientRequest) (a Authentication, err error) {
	form := parameters("authorization", request.Authorization, "client_id", request.ClientID, "client_secret", request.ClientSecret,
		"client_assertion_type", request.ClientAssertionType, "client_assertion", request.ClientAssertion)
	form["audience"] = request.Audience
	_, err = r.ask(ctx, call{method: http.MethodPost, path: "/as/v1/authenticate", form: form}, &a)
	return a, err
}

// A Change is what became of a client, or with an empty ClientID the position of whoever has read up to it.
type Change struct {
	Seq      *uint64       `json:"seq"` // to go on from; nil: a snapshot, which is no position before it is complete
	ClientID string        `json:"client_id"`
	Status   string        `json:"status"`
	Client   *ServedClient `json:"client"` // nil: it must not be served
}

func changes(after uint64) call {
	return call{method: http.MethodGet, path: "/as/v1/changes", query: parameters("after", number(after))}
}

// Changes calls yield for what became of each client that something happened to beyond a sequence, with 0 for each client
// that may be served, and last with a position, until yield returns an error, which it returns. A sequence that the log
// has not come to is an *Error with status 409.
func (r *Registry) Changes(ctx context.Context, after uint64, yield func(Change) error) error {
	return eachLine(ctx, r, changes(after), yield)
}

// FollowChanges is Changes with what is to come, until ctx ends, which is no error. It comes back as Follow does.
func (r *Registry) FollowChanges(ctx context.Context, after uint64, lost func(wait time.Duration), yield func(Change) error) error {
	return follow(ctx, r, changes(after), lost, yield)
}

// A Consumer is a reader of changes that has its position kept by the server.
type Consumer struct {
	Name      string    `json:"name"`
	Seq       uint64    `json:"seq"`
	UpdatedAt time.Time `json:"updated_at"`
	Lag       uint64    `json:"lag"` // how many sequences the log is ahead
}

// Consumers returns the consumers of the authorization server by their names.
func (r *Registry) Consumers(ctx context.Context) ([]Consumer, error) {
	var listed struct {
		Consumers []Consumer `json:"consumers"`
	}
	_, err := r.ask(ctx, call{method: http.MethodGet, path: consumersPath}, &listed)
	return listed.Consumers, err
}

// Consumer returns one; one that there is not is an *Error with status 404.
func (r *Registry) Consumer(ctx context.Context, name string) (c Consumer, err error) {
	_, err = r.ask(ctx, call{method: http.MethodGet, path: consumersPath + "/" + url.PathEscape(name)}, &c)
	return c, err
}

// SetConsumer keeps the position of a consumer, which may be new.
func (r *Registry) SetConsumer(ctx context.Context, name string, seq uint64) (c Consumer, err error) {
	position := struct {
		Seq uint64 `json:"seq"`
	}{seq}
	_, err = r.ask(ctx, call{method: http.MethodPut, path: consumersPath + "/" + url.PathEscape(name), body: position}, &c)
	return c, err
}

// RemoveConsumer forgets a consumer, if there is one.
func (r *Registry) RemoveConsumer(ctx context.Context, name string) error {
	_, err := r.ask(ctx, call{method: http.MethodDelete, path: consumersPath + "/" + url.PathEscape(name)}, nil)
	return err
}

const consumersPath = "/as/v1/consumers"
