// Package remote gets documents that the registry's callers point to, so that nobody can use the registry to
// reach what only the registry can reach, or to keep it busy.
package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

const (
	timeLimit   = 2500 * time.Millisecond // in all: a common client gives up on a registration after 3.5 s
	sizeLimit   = 64 << 10
	headerLimit = 16 << 10
	atOnce      = 64 // fetches under way; more wait
)

// ports are those that documents are served at: that of https and the usual other one.
var ports = []uint16{443, 8443}

// deniedAddresses are reached by one machine alone although they look public: the metadata of a cloud.
var deniedAddresses = []netip.Prefix{netip.MustParsePrefix("168.63.129.16/32")}

// ErrUnavailable says that a document could not be had, whatever the reason.
var ErrUnavailable = errors.New("document could not be had")

// Fetcher gets documents over https from public addresses. It may be used concurrently.
type Fetcher struct {
	client *http.Client
	places chan struct{} // one taken by each fetch under way
	logger *slog.Logger
}

// New returns a Fetcher that logs why a document could not be had.
func New(logger *slog.Logger) *Fetcher {
	return newFetcher(logger, &net.Dialer{Control: publicOnly(ports...)}, nil)
}

// publicOnly lets nothing through but public addresses. It decides just before an address is connected to, on
// the address itself, whatever its name stood for when it was looked up before.
func publicOnly(ports ...uint16) func(network, address string, connection syscall.RawConn) error {
	return ssrf.New(ssrf.WithPorts(ports...), ssrf.WithDeniedV4Prefixes(deniedAddresses...)).Safe
}

func newFetcher(logger *slog.Logger, dialer *net.Dialer, config *tls.Config) *Fetcher {
	return &Fetcher{
		client: &http.Client{
			// No Proxy, which would connect in our place, and no cookies.
			Transport: &http.Transport{
				DialContext:            bounded(dialer),
				TLSClientConfig:        config,
				ForceAttemptHTTP2:      true,
				DisableKeepAlives:      true,
				DisableCompression:     true,
				MaxResponseHeaderBytes: headerLimit,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		places: make(chan struct{}, atOnce),
		logger: logger,
	}
}

// fetching is the key of a fetch's own context in the context that net/http dials with.
type fetching struct{}

// bounded gives a connection the life of its fetch. net/http dials and shakes hands without regard to the
// end of the request's context, so that a server that stalls there would keep the connection.
func bounded(dialer *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		fetch := ctx.Value(fetching{}).(context.Context)
		connection, err := dialer.DialContext(fetch, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(fetch, func() { _ = connection.Close() })
		return connection, nil
	}
}

// Fetch returns the document at an https URL: what a GET answers with status 200, without following
// redirects or decoding. It takes 2.5 seconds at most, for at most 64 KiB. It returns ErrUnavailable
// and no other error.
func (f *Fetcher) Fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	document, err := f.fetch(ctx, address)
	if err != nil {
		f.logger.Warn("document of another not had", "host", hostOf(address), "reason", reason(err))
		return nil, ErrUnavailable
	}
	return document, nil
}

func hostOf(address string) string {
	target, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return target.Host
}

func (f *Fetcher) fetch(ctx context.Context, address string) ([]byte, error) {
	target, err := url.Parse(address)
	if err != nil || target.Scheme != "https" || target.Host == "" || target.User != nil {
		return nil, errAddress
	}
	select {
	case f.places <- struct{}{}:
		defer func() { <-f.places }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	request, err := http.NewRequestWithContext(context.WithValue(ctx, fetching{}, ctx), http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, errAddress
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "roster")
	response, err := f.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return read(response)
}

// read returns the body of an answer that is as it should be.
func read(response *http.Response) ([]byte, error) {
	switch coding := response.Header.Get("Content-Encoding"); {
	case response.StatusCode != http.StatusOK:
		return nil, errStatus
	case coding != "" && !strings.EqualFold(coding, "identity"):
		return nil, errEncoding
	case response.ContentLength > sizeLimit:
		return nil, errSize
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, sizeLimit+1))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if len(body) > sizeLimit {
		return nil, errSize
	}
	return body, nil
}

// What may be wrong with an address or an answer.
var (
	errAddress  = errors.New("not an https URL without user information")
	errStatus   = errors.New("status other than 200")
	errEncoding = errors.New("content encoding")
	errSize     = errors.New("larger than the limit")
)

// reason says for operators why a document could not be had. Of other errors it tells nothing: their text
// may hold a part of the answer.
func reason(err error) string {
	for _, ours := range []error{errAddress, errStatus, errEncoding, errSize} {
		if errors.Is(err, ours) {
			return ours.Error()
		}
	}
	var (
		lookup      *net.DNSError
		certificate *tls.CertificateVerificationError
		connection  *net.OpError
	)
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return "address or port that is not public"
	case errors.Is(err, context.DeadlineExceeded):
		return "time limit"
	case errors.Is(err, context.Canceled):
		return "caller gone"
	case errors.As(err, &lookup):
		return "name not resolved"
	case errors.As(err, &certificate):
		return "certificate not trusted"
	case errors.As(err, &connection):
		return "connection failed"
	}
	return "answer not understood"
}
