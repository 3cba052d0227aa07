package main

import (
	"context"
	"errors"
	"io"
	"time"

	"roster/api/client"
)

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
	registry, err := t.registry()
	if err != nil {
		return err
	}
	issued, err := registry.IssueInitialAccessToken(ctx, client.InitialAccessTokenRequest{
		Label: t.Label, Owner: t.Owner, ExpiresIn: int64(t.ExpiresIn / time.Second), Uses: t.Uses,
		GrantTypes: t.GrantType, Scopes: t.Scope, RedirectHosts: t.RedirectHost, ApplicationTypes: t.ApplicationType,
	})
	if err != nil {
		return err
	}
	return printLine(stdout, issued.Raw)
}
