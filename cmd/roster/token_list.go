package main

import (
	"context"
	"io"
)

// listTokensCommand prints all initial access tokens.
type listTokensCommand struct {
	remoteSettings
}

// Validate refuses wrong settings.
func (t *listTokensCommand) Validate() error { return t.remoteSettings.Validate() }

func (t *listTokensCommand) run(ctx context.Context, stdout, _ io.Writer) error {
	registry, err := t.registry()
	if err != nil {
		return err
	}
	for cursor := ""; ; {
		page, err := registry.InitialAccessTokens(ctx, 500, cursor)
		if err != nil {
			return err
		}
		for _, token := range page.InitialAccessTokens {
			if err := printLine(stdout, token.Raw); err != nil {
				return err
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			return nil
		}
	}
}
