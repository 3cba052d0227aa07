package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"roster/cmd/roster/vault"
	"roster/domain"
	"roster/eventstore/jetstream"
)

// commands are the program's commands with their settings. Every flag has an environment twin:
// --listen is ROSTER_LISTEN. Flags win.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the registry."`
	Events  eventsCommand  `cmd:"" help:"Print the event log of a running server or a data directory, one JSON object a line."`
	Replay  replayCommand  `cmd:"" help:"Print the registry as it stood at a moment, of a running server or a data directory, one client a line."`
	Token   tokenCommands  `cmd:"" help:"Issue, list and revoke initial access tokens."`
	Version versionCommand `cmd:"" help:"Print the version."`
	Help    struct{}       `cmd:"" help:"Print this help."`
}

// storage is where log and read model are.
type storage struct {
	Data         string `help:"Directory of the embedded log and the read model." default:"./data" placeholder:"DIR"`
	NatsURL      string `help:"URLs of an external JetStream, comma-separated; empty: an embedded server." placeholder:"URL"`
	NatsReplicas int    `help:"Replicas that the stream must have on an external JetStream." default:"1" placeholder:"N"`
}

// Validate refuses wrong settings.
func (s storage) Validate() error {
	switch {
	case s.Data == "":
		return errors.New("--data must name a directory")
	case s.NatsReplicas < 1 || s.NatsReplicas > 5:
		return errors.New("--nats-replicas must be from 1 to 5")
	case s.NatsURL != "" && jetstream.CheckURLs(s.NatsURL) != nil:
		return fmt.Errorf("--nats-url: %w", jetstream.CheckURLs(s.NatsURL))
	}
	return nil
}

// serveCommand are the settings of the service.
type serveCommand struct {
	storage
	policySettings
	upstreamSettings
	administratorPassword
	Listen                        string        `help:"Address of the HTTP server." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	PublicURL                     string        `help:"What clients see; base of registration_client_uri (default: http:// and the listen address)." placeholder:"URL"`
	AdminUser                     string        `help:"Name of the administrator." default:"admin" placeholder:"NAME"`
	APITokens                     apiTokens     `help:"Bearer tokens for the JSON API, comma-separated, each of 32 characters or more." placeholder:"NAME=TOKEN"`
	Registration                  string        `help:"Who may register: open, token (holders of an initial access token) or closed." enum:"open,token,closed" default:"open" placeholder:"MODE"`
	RegistrationRate              int           `help:"Registrations a minute from one address, and as many changes and deletions by clients, and sector identifier documents fetched for it; 0: no limit." default:"600" placeholder:"N"`
	ChangeRate                    int           `help:"Changes an hour that a client may make to itself, all at once if need be; 0: no limit." default:"240" placeholder:"N"`
	SoftwareIssuers               issuerSources `help:"Issuers whose software statements are trusted, comma-separated, each with its JSON Web Key Set: a file, or an https URL on a public address." placeholder:"ISS=FILE|URL"`
	SecretLifetime                time.Duration `help:"Lifetime of new client secrets, such as 2160h; 0: they never expire." default:"0" placeholder:"DURATION"`
	RotateRegistrationAccessToken bool          `help:"Issue a new registration access token with every update of a client; the former ends at once."`
	SecretKey                     string        `help:"Keys for secrets which are needed again, each of 32 bytes in base64, comma-separated: the first seals, all can open (default: roster.key in the data directory)." placeholder:"KEY"`
	AcceptLoss                    bool          `help:"Go on without what is lost for good: acknowledged events that are missing from the log, or a sealing key. The log says so. Without it such a start is refused."`
	TrustedProxies                prefixes      `help:"Addresses of proxies whose X-Forwarded-For is believed, as CIDRs, comma-separated." placeholder:"CIDR"`
	LogLevel                      string        `help:"Least level of log lines: debug, info, warn or error." enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL"`
	LogFormat                     string        `help:"Format of log lines on standard error: text or json." enum:"text,json" default:"text" placeholder:"FORMAT"`
}

// apiTokens are the digests of API tokens by the names of their holders.
type apiTokens map[string]domain.Digest

// minAPIToken is the least length of an API token: 32 characters of base64 hold 192 bits.
const minAPIToken = 32

// UnmarshalText reads NAME=TOKEN,NAME=TOKEN. Its error says nothing of the tokens.
func (tokens *apiTokens) UnmarshalText(text []byte) error {
	*tokens = apiTokens{}
	if len(text) == 0 {
		return nil
	}
	for pair := range strings.SplitSeq(string(text), ",") {
		name, token, _ := strings.Cut(pair, "=")
		if name == "" || len(token) < minAPIToken {
			return fmt.Errorf("must be NAME=TOKEN, comma-separated, with tokens of %d characters or more", minAPIToken)
		}
		(*tokens)[name] = domain.DigestOf(token)
	}
	return nil
}

// Validate refuses wrong settings.
func (s *serveCommand) Validate() error {
	if err := s.storage.Validate(); err != nil {
		return err
	}
	if _, err := s.policy(); err != nil {
		return err
	}
	if err := s.upstreamSettings.validate(); err != nil {
		return err
	}
	password, err := s.administratorPassword.read()
	if err != nil {
		return err
	}
	_, _, err = net.SplitHostPort(s.Listen)
	switch {
	case err != nil:
		return errors.New("--listen must be HOST:PORT")
	case s.PublicURL != "" && !isOrigin(s.PublicURL):
		return errors.New("--public-url must be an http or https URL of a host alone, such as https://roster.example.org")
	case s.AdminUser == "" || strings.ContainsAny(s.AdminUser, ":\x00\r\n"):
		return errors.New("--admin-user must be a name without a colon")
	case password != "" && len(password) < 8:
		return errors.New("--admin-password must have at least 8 characters")
	case s.RegistrationRate < 0:
		return errors.New("--registration-rate must be 0 or more")
	case s.ChangeRate < 0:
		return errors.New("--change-rate must be 0 or more")
	case s.RequireSoftwareStatement && len(s.SoftwareIssuers) == 0:
		return errors.New("--require-software-statement needs --software-issuers: nobody could register")
	case s.SecretLifetime < 0 || s.SecretLifetime > 0 && s.SecretLifetime < time.Second:
		return errors.New("--secret-lifetime must be 0, or a second or more")
	}
	if s.SecretKey != "" {
		if _, err := vault.ParseKeyring(s.SecretKey); err != nil {
			return fmt.Errorf("--secret-key %w", err)
		}
	}
	return s.SoftwareIssuers.validate()
}

// isOrigin reports whether s is an http or https URL of a host and, where there is one, a port.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == "" && strings.Trim(u.Path, "/") == ""
}

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// publicURL is what clients see of a server that listens at an address.
func (s *serveCommand) publicURL(listening net.Addr) string {
	if s.PublicURL != "" {
		return strings.TrimRight(s.PublicURL, "/")
	}
	host, _, _ := net.SplitHostPort(s.Listen)
	if host == "" {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(listening.String())
	return "http://" + net.JoinHostPort(host, port)
}

func (s *serveCommand) logger(stderr io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // the settings name levels alone
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(stderr, options))
	}
	return slog.New(slog.NewTextHandler(stderr, options))
}

// command is what a parsed command line asks for.
type command interface {
	run(ctx context.Context, stdout, stderr io.Writer) error
}

// errHelped says that help was asked for and printed.
var errHelped = errors.New("help was printed")

// newParser returns the parser of the program's commands and settings.
func newParser(all *commands, stdout io.Writer, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(all, append(options,
		kong.Name("roster"),
		kong.Description("A registry of OAuth 2.0 and OpenID Connect clients."),
		kong.DefaultEnvars("ROSTER"),
		policyDefaults(),
		kong.Writers(stdout, stdout),
	)...)
}

// parse reads command line and environment.
func parse(args []string, stdout io.Writer) (command, error) {
	var all commands
	exited := false
	parser, err := newParser(&all, stdout, kong.Exit(func(int) { exited = true }))
	if err != nil {
		return nil, fmt.Errorf("build command line: %w", err)
	}
	if err := checkEnvironment(parser.Model); err != nil {
		return nil, err
	}
	if len(args) > 0 && args[0] == "help" {
		args = append(slices.Clone(args[1:]), "--help")
	}
	parsed, err := parser.Parse(args)
	switch {
	case exited:
		return nil, errHelped
	case err != nil:
		return nil, withoutValues(err)
	}
	switch parsed.Command() {
	case "serve":
		return &all.Serve, nil
	case "events":
		return &all.Events, nil
	case "replay":
		return &all.Replay, nil
	case "token create":
		return &all.Token.Create, nil
	case "token list":
		return &all.Token.List, nil
	case "token revoke <id>":
		return &all.Token.Revoke, nil
	default:
		return all.Version, nil
	}
}

// checkEnvironment refuses variables that look like settings and are none, such as misspelt ones.
func checkEnvironment(model *kong.Application) error {
	known := map[string]bool{}
	err := kong.Visit(model, func(visited kong.Visitable, next kong.Next) error {
		if flag, ok := visited.(*kong.Flag); ok {
			for _, name := range flag.Envs {
				known[name] = true
			}
		}
		return next(nil)
	})
	if err != nil {
		return err
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "ROSTER_") && !known[name] {
			return fmt.Errorf("unknown setting %s in the environment", name)
		}
	}
	return nil
}
