package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"roster/api"
)

const (
	upstreamInterval = 5 * time.Minute
	upstreamTimeout  = 10 * time.Second
)

// upstreamSettings tell of the authorization server that Roster stands in front of.
type upstreamSettings struct {
	UpstreamMetadata string `help:"Metadata of the authorization server that Roster stands in front of, a URL or a file; served with Roster's registration endpoint in place of any other." placeholder:"URL|FILE"`
	UpstreamHost     string `help:"Host to ask for in place of that of the URL, of an authorization server that is asked at an inner address and told by its public name: in the request and, over https, in its certificate." placeholder:"HOST[:PORT]"`
	UpstreamPatch    string `help:"File with a JSON Merge Patch (RFC 7396) over that metadata; read again whenever they are." placeholder:"FILE"`
}

func (s upstreamSettings) validate() error {
	switch {
	case isURL(s.UpstreamMetadata) && !isWebURL(s.UpstreamMetadata):
		return errors.New("--upstream-metadata must be an http or https URL, or a file")
	case s.UpstreamHost != "" && !isURL(s.UpstreamMetadata):
		return errors.New("--upstream-host needs --upstream-metadata with a URL")
	case s.UpstreamHost != "" && !isAuthority(s.UpstreamHost):
		return errors.New("--upstream-host must be HOST or HOST:PORT")
	case s.UpstreamPatch != "" && s.UpstreamMetadata == "":
		return errors.New("--upstream-patch needs --upstream-metadata")
	case s.UpstreamPatch == "":
		return nil
	}
	patch, err := s.patch()
	if err == nil {
		err = api.CheckMetadataPatch(patch)
	}
	if err != nil {
		return fmt.Errorf("--upstream-patch: %w", err)
	}
	return nil
}

// isAuthority reports whether s is the host, and the port where there is one, of a URL (RFC 9110 7.2).
func isAuthority(s string) bool {
	u, err := url.Parse("https://" + s)
	return err == nil && u.Host == s && u.Hostname() != ""
}

// patch reads the patch, nil when there is none.
func (s upstreamSettings) patch() ([]byte, error) {
	if s.UpstreamPatch == "" {
		return nil, nil
	}
	return readFile(s.UpstreamPatch)
}

// client returns what the metadata are asked for with.
func (s upstreamSettings) client() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if s.UpstreamHost != "" {
		transport.TLSClientConfig = &tls.Config{ServerName: (&url.URL{Host: s.UpstreamHost}).Hostname()}
	}
	return &http.Client{
		Timeout:   upstreamTimeout,
		Transport: transport,
		// What stands behind another address is not what the operator named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// upstream is the authorization server, as far as its metadata go.
type upstream struct {
	upstreamSettings
	publish func(metadata, patch []byte) error // takes what was read, or refuses it
	http    *http.Client
	logger  *slog.Logger
}

// followUpstream publishes the metadata of an authorization server with their patch, now and as they change,
// until stop returns. What cannot be read or is refused now is an error; later the last that was good stay.
// Where the settings name no authorization server there is nothing to do.
func followUpstream(
	ctx context.Context, s upstreamSettings, publish func(metadata, patch []byte) error, logger *slog.Logger,
) (stop func(), err error) {
	if s.UpstreamMetadata == "" {
		return func() {}, nil
	}
	u := &upstream{upstreamSettings: s, publish: publish, http: s.client(), logger: logger}
	if err := u.refresh(ctx); err != nil {
		return nil, err
	}
	following, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		u.follow(following)
	}()
	return func() { cancel(); <-ended }, nil
}

// follow refreshes from time to time until ctx ends.
func (u *upstream) follow(ctx context.Context) {
	ticker := time.NewTicker(upstreamInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := u.refresh(ctx); err != nil && ctx.Err() == nil {
			u.logger.Warn("metadata of the authorization server stay as they were", "error", err)
		}
	}
}

func (u *upstream) refresh(ctx context.Context) error {
	metadata, err := u.read(ctx)
	if err != nil {
		return fmt.Errorf("upstream metadata: %w", err)
	}
	patch, err := u.patch()
	if err != nil {
		return fmt.Errorf("upstream patch: %w", err)
	}
	return u.publish(metadata, patch)
}

func (u *upstream) read(ctx context.Context) ([]byte, error) {
	if !isURL(u.UpstreamMetadata) {
		return readFile(u.UpstreamMetadata)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.UpstreamMetadata, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Host = u.UpstreamHost // that of the URL when empty
	response, err := u.http.Do(request)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New("answers " + response.Status)
	}
	return readAtMost(response.Body, maxDocument)
}
