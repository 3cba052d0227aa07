package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// listTokensCommand prints all initial access tokens.
type listTokensCommand struct {
	remoteSettings
}

// Validate refuses wrong settings.
func (t *listTokensCommand) Validate() error { return t.remoteSettings.Validate() }

func (t *listTokensCommand) run(ctx context.Context, stdout, _ io.Writer) error {
	server, err := t.server()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {"500"}}
	for {
		body, err := server.exchange(ctx, http.MethodGet, tokensPath, query, nil, http.StatusOK)
		if err != nil {
			return err
		}
		var page struct {
			Tokens     []json.RawMessage `json:"initial_access_tokens"`
			NextCursor string            `json:"next_cursor"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return fmt.Errorf("read from server: %w", err)
		}
		for _, token := range page.Tokens {
			if _, err := fmt.Fprintf(stdout, "%s\n", token); err != nil {
				return err
			}
		}
		if page.NextCursor == "" {
			return nil
		}
		query.Set("cursor", page.NextCursor)
	}
}
