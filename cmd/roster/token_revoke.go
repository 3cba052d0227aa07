package main

import (
	"context"
	"io"
)

// revokeTokenCommand revokes an initial access token.
type revokeTokenCommand struct {
	remoteSettings
	ID     string `arg:"" help:"id of the token, or the token itself."`
	Reason string `help:"Why; kept in the log." env:"ROSTER_TOKEN_REASON" placeholder:"TEXT"`
}

// Validate refuses wrong settings.
func (t *revokeTokenCommand) Validate() error { return t.remoteSettings.Validate() }

func (t *revokeTokenCommand) run(ctx context.Context, _, _ io.Writer) error {
	registry, err := t.registry()
	if err != nil {
		return err
	}
	return registry.RevokeInitialAccessToken(ctx, t.ID, t.Reason)
}
