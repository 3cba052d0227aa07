package main

import (
	"errors"
	"log/slog"
	"time"

	"roster/cmd/roster/outbound"
	"roster/domain/oauth"
	"roster/domain/registrar"
)

// registrationSettings are who may register clients and how often, and what clients are issued.
type registrationSettings struct {
	Registration                  string        `help:"Who may register: open, token (holders of an initial access token) or closed." enum:"open,token,closed" default:"open" placeholder:"MODE"`
	RegistrationRate              int           `help:"Registrations a minute from one address, and as many changes and deletions by clients, and sector identifier documents fetched for it; 0: no limit." default:"600" placeholder:"N"`
	ChangeRate                    int           `help:"Changes an hour that a client may make to itself, all at once if need be; 0: no limit." default:"240" placeholder:"N"`
	SoftwareIssuers               issuerSources `help:"Issuers whose software statements are trusted, comma-separated, each with its JSON Web Key Set: a file, or an https URL on a public address." placeholder:"ISS=FILE|URL"`
	SecretLifetime                time.Duration `help:"Lifetime of new client secrets, such as 2160h; 0: they never expire." default:"0" placeholder:"DURATION"`
	RotateRegistrationAccessToken bool          `help:"Issue a new registration access token with every update of a client; the former ends at once."`
}

func (s registrationSettings) validate(requireSoftwareStatement bool) error {
	switch {
	case s.RegistrationRate < 0:
		return errors.New("--registration-rate must be 0 or more")
	case s.ChangeRate < 0:
		return errors.New("--change-rate must be 0 or more")
	case requireSoftwareStatement && len(s.SoftwareIssuers) == 0:
		return errors.New("--require-software-statement needs --software-issuers: nobody could register")
	case s.SecretLifetime < 0 || s.SecretLifetime > 0 && s.SecretLifetime < time.Second:
		return errors.New("--secret-lifetime must be 0, or a second or more")
	}
	return s.SoftwareIssuers.validate()
}

// registrar returns the use cases over a core, for clients that see publicURL.
func (s registrationSettings) registrar(c *core, policy oauth.Policy, publicURL string, logger *slog.Logger) *registrar.Registrar {
	return registrar.New(registrar.Options{
		Log: c.log, Snapshots: c.model, Alone: c.alone, Census: c.model, Sealer: c.keys,
		Policy: policy, ChangeRate: s.ChangeRate,
		SecretLifetime: s.SecretLifetime, RotateAccessTokens: s.RotateRegistrationAccessToken,
		Issuers: s.SoftwareIssuers.trusted(publicURL, logger),
		Fetcher: outbound.New(logger), FetchRate: s.RegistrationRate,
		Logger: logger,
	})
}
