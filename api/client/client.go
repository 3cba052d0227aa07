// Package client is Roster's API for Go programs.
//
// An application registers itself and manages its registration (RFC 7591, RFC 7592):
//
//	registry, err := client.New("https://roster.example.org", client.Options{})
//	registered, err := registry.Register(ctx, client.Metadata{"redirect_uris": []string{"https://app.example.org/cb"}}, "")
//	…
//	current, err := registry.Read(ctx, registered.ClientID, registered.RegistrationAccessToken)
//
// An administrator or auditor, with credentials in the Options, lists, suspends and revokes clients, issues initial
// access tokens and reads or follows the log. An authorization server, with its token there, looks clients up, has them
// authenticated, and follows what becomes of them.
//
// What the server refuses is an *Error; other errors say that there was no answer, or none that can be understood.
// After those, and after an *Error with status 503, a change may have been made all the same.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Registry is a Roster server and the way to it. It may be used concurrently.
type Registry struct {
	Options
	server string // without a slash at its end
}

// Options say how to call a server. The zero Options are those of an application.
type Options struct {
	Credentials Credentials   // of an administrator, auditor or authorization server; zero: none
	HTTPClient  *http.Client  // nil: http.DefaultClient
	Timeout     time.Duration // for a request and its answer, streams excepted; 0: 30 seconds
}

// Credentials are those of an administrator, by name and password, of an administrator or auditor, by API token, or of an
// authorization server, by its token.
type Credentials struct {
	User, Password string
	APIToken       string // instead of both
	AuthorityToken string // of an authorization server, instead of the others
}

const (
	defaultTimeout = 30 * time.Second
	answerLimit    = 16 << 20 // bytes of an answer that is no stream
	lineLimit      = 4 << 20  // bytes of a line of a stream: a registration has 256 KiB at most
)

// New returns the registry at the http or https URL of a server. It calls nobody.
func New(server string, o Options) (*Registry, error) {
	u, err := url.Parse(server)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, errors.New("server must be an http or https URL")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("server must be a URL without user information, query and fragment")
	}
	if o.HTTPClient == nil {
		o.HTTPClient = http.DefaultClient
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return &Registry{Options: o, server: strings.TrimRight(server, "/")}, nil
}

// An Error is a refusal by the server.
type Error struct {
	Status      int           // of the answer
	Code        string        // "error" of the answer, such as "invalid_redirect_uri"; empty: the answer is not Roster's
	Description string        // "error_description"
	RetryAfter  time.Duration // when it is worth to come back; 0: not said
}

// Error says the status and the description.
func (e *Error) Error() string {
	text := fmt.Sprintf("server answers %d %s", e.Status, http.StatusText(e.Status))
	if e.Description == "" {
		return text
	}
	return text + ": " + e.Description
}

// refusalOf reads what a server said instead of answering.
func refusalOf(response *http.Response) error {
	e := &Error{Status: response.StatusCode}
	var said struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err == nil && json.Unmarshal(body, &said) == nil {
		e.Code, e.Description = said.Code, said.Description
	}
	if seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 31); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}

// A call is a request to the server.
type call struct {
	method, path string
	query        url.Values
	token        string // a registration or initial access token, instead of the credentials of the Options
	header       http.Header
	body         any        // as JSON; nil: none
	form         url.Values // instead of body; nil: none
}

// authorize authorizes a request with the credentials of the Options.
func (r *Registry) authorize(request *http.Request) {
	switch c := r.Credentials; {
	case c.AuthorityToken != "":
		request.Header.Set("Authorization", "Bearer "+c.AuthorityToken)
	case c.APIToken != "":
		request.Header.Set("Authorization", "Bearer "+c.APIToken)
	case c.User != "":
		request.SetBasicAuth(c.User, c.Password)
	}
}

func (r *Registry) request(ctx context.Context, c call) (*http.Request, error) {
	var body io.Reader
	contentType := "application/json"
	if c.form != nil {
		body, contentType = strings.NewReader(c.form.Encode()), "application/x-www-form-urlencoded"
	}
	if c.body != nil {
		encoded, err := json.Marshal(c.body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	target := r.server + c.path
	if len(c.query) > 0 {
		target += "?" + c.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, c.method, target, body)
	if err != nil {
		return nil, err
	}
	for name, values := range c.header {
		request.Header[name] = values
	}
	if body != nil {
		request.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	return request, nil
}

// exchange makes a request and decodes the answer into answer, nil for none. It returns the answer's header and
// the answer as it came.
func (r *Registry) exchange(ctx context.Context, request *http.Request, answer any) (http.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	response, err := r.HTTPClient.Do(request.WithContext(ctx))
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, nil, refusalOf(response)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return nil, nil, fmt.Errorf("read from server: %w", err)
	}
	if answer != nil {
		if err := json.Unmarshal(body, answer); err != nil {
			return nil, nil, fmt.Errorf("read from server: %w", err)
		}
	}
	return response.Header, bytes.TrimSpace(body), nil
}

// ask makes a request with the credentials of the Options, as exchange does.
func (r *Registry) ask(ctx context.Context, c call, answer any) ([]byte, error) {
	request, err := r.request(ctx, c)
	if err != nil {
		return nil, err
	}
	r.authorize(request)
	_, body, err := r.exchange(ctx, request, answer)
	return body, err
}
