package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
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
	server, err := t.server()
	if err != nil {
		return err
	}
	query := url.Values{}
	if t.Reason != "" {
		query.Set("reason", t.Reason)
	}
	id, _, _ := strings.Cut(t.ID, ".") // the rest of a token has no place in an address
	_, err = server.exchange(ctx, http.MethodDelete, tokensPath+"/"+url.PathEscape(id), query, nil, http.StatusNoContent)
	return err
}
