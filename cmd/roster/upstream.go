package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	upstreamInterval = 5 * time.Minute
	upstreamTimeout  = 10 * time.Second
	upstreamLimit    = 1 << 20 // bytes
)

// upstream is the authorization server that Roster stands in front of, as far as its metadata go.
type upstream struct {
	source  string             // an http or https URL, or a file
	publish func([]byte) error // takes what was read, or refuses it
	client  *http.Client
	logger  *slog.Logger
}

// followUpstream publishes the metadata of an authorization server, now and as they change, until stop
// returns. What cannot be read or is refused now is an error; later the last that was good stay. No source
// is nothing to do.
func followUpstream(ctx context.Context, source string, publish func([]byte) error, logger *slog.Logger) (stop func(), err error) {
	if source == "" {
		return func() {}, nil
	}
	u := &upstream{source: source, publish: publish, logger: logger, client: &http.Client{
		Timeout: upstreamTimeout,
		// What stands behind another address is not what the operator named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
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
	document, err := u.read(ctx)
	if err == nil {
		err = u.publish(document)
	}
	if err != nil {
		return fmt.Errorf("upstream metadata: %w", err)
	}
	return nil
}

func (u *upstream) read(ctx context.Context) ([]byte, error) {
	if !strings.Contains(u.source, "://") {
		file, err := os.Open(u.source)
		if err != nil {
			return nil, withoutUser(err)
		}
		defer file.Close()
		return readAtMost(file, upstreamLimit)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.source, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := u.client.Do(request)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New("answers " + response.Status)
	}
	return readAtMost(response.Body, upstreamLimit)
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	return content, err
}
