package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const tokensPath = "/api/v1/initial-access-tokens"

// createTokenCommand issues an initial access token. Its flags have names of their own in the environment,
// so that none is mistaken for a setting of the service.
type createTokenCommand struct {
	remoteSettings
	Label           string        `help:"What administrators know the token by." env:"ROSTER_TOKEN_LABEL" placeholder:"TEXT"`
	Owner           string        `help:"ext_param_owner of every client." env:"ROSTER_TOKEN_OWNER" placeholder:"NAME"`
	ExpiresIn       time.Duration `help:"Lifetime, such as 72h; 0: it never expires." default:"0" env:"ROSTER_TOKEN_EXPIRES_IN" placeholder:"DURATION"`
	Uses            uint          `help:"How many clients can be registered with it, at most 1000; 0: any number." default:"0" env:"ROSTER_TOKEN_USES" placeholder:"N"`
	GrantType       []string      `help:"Grant types that clients may have, comma-separated; none: any." env:"ROSTER_TOKEN_GRANT_TYPE" placeholder:"TYPE"`
	Scope           []string      `help:"Scopes that clients may have, comma-separated; none: any." env:"ROSTER_TOKEN_SCOPE" placeholder:"SCOPE"`
	RedirectHost    []string      `help:"Hosts on the web that clients may have people sent to, such as client.example.org, or .example.org for all below it, comma-separated; none: any." env:"ROSTER_TOKEN_REDIRECT_HOST" placeholder:"HOST"`
	ApplicationType []string      `help:"Application types that clients may have: web, native; none: any." env:"ROSTER_TOKEN_APPLICATION_TYPE" placeholder:"TYPE"`
}

// Validate refuses wrong settings.
func (t *createTokenCommand) Validate() error {
	if t.ExpiresIn < 0 || t.ExpiresIn%time.Second != 0 {
		return errors.New("--expires-in must be 0, or whole seconds")
	}
	return t.remoteSettings.Validate()
}

func (t *createTokenCommand) run(ctx context.Context, stdout, _ io.Writer) error {
	request, err := json.Marshal(struct {
		Label            string   `json:"label,omitempty"`
		Owner            string   `json:"owner,omitempty"`
		ExpiresIn        int64    `json:"expires_in,omitempty"`
		Uses             uint     `json:"uses,omitempty"`
		GrantTypes       []string `json:"grant_types,omitempty"`
		Scopes           []string `json:"scopes,omitempty"`
		RedirectHosts    []string `json:"redirect_hosts,omitempty"`
		ApplicationTypes []string `json:"application_types,omitempty"`
	}{t.Label, t.Owner, int64(t.ExpiresIn / time.Second), t.Uses, t.GrantType, t.Scope, t.RedirectHost, t.ApplicationType})
	if err != nil {
		return err
	}
	server, err := t.server()
	if err != nil {
		return err
	}
	issued, err := server.exchange(ctx, http.MethodPost, tokensPath, nil, request, http.StatusCreated)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s\n", bytes.TrimSpace(issued))
	return err
}
