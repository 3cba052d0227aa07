package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// commands are the program's commands with their settings. Every flag has an environment twin:
// --listen is ROSTER_LISTEN. Flags win.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the registry."`
	Events  eventsCommand  `cmd:"" help:"Print the event log of a running server or a data directory, one JSON object a line."`
	Replay  replayCommand  `cmd:"" help:"Print the registry as it stood at a moment, of a running server or a data directory, one client a line."`
	Diff    diffCommand    `cmd:"" help:"Print what became of clients between two moments, of a running server or a data directory, one client a line."`
	Token   tokenCommands  `cmd:"" help:"Issue, list and revoke initial access tokens."`
	Version versionCommand `cmd:"" help:"Print the version."`
	Help    struct{}       `cmd:"" help:"Print this help."`
}

// tokenCommands administer initial access tokens on a running server.
type tokenCommands struct {
	Create createTokenCommand `cmd:"" help:"Issue an initial access token and print it, this once."`
	List   listTokensCommand  `cmd:"" help:"Print the initial access tokens, the newest first, one JSON object a line."`
	Revoke revokeTokenCommand `cmd:"" help:"Revoke an initial access token. The clients registered with it stay."`
}

// command is what every command implements, in a file of its own; a field of commands or of a group makes it known. kong
// also calls its Validate, where it has one, when the settings were read.
type command interface {
	// run does what the command is for, until it is done or ctx ends.
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

// parse returns the command that the command line asks for, with its settings from command line and environment. It
// returns errHelped when it has printed help instead. Its error never contains the value of a setting.
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
	selected, ok := parsed.Selected().Target.Addr().Interface().(command)
	if !ok { // help, which is no command of its own
		return nil, errors.Join(errHelped, parsed.PrintUsage(false))
	}
	if serve, ok := selected.(*serveCommand); ok {
		serve.inEffect = inEffect(parsed)
	}
	return selected, nil
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

// What kong tells of a value that is wrong, a value of the environment included.
var (
	toldValue       = regexp.MustCompile(`(?s) but got .*$| \(from envar .*$`)
	toldArgument    = regexp.MustCompile(`(?s)^(unexpected argument) .*$`)
	toldEnvironment = regexp.MustCompile(`\(from envar (\w+)=`)
)

// withoutValues takes out of an error of kong the value that it is about: any may be a secret, be it only one
// that was given to the wrong setting.
func withoutValues(err error) error {
	text := err.Error()
	told := toldValue.ReplaceAllString(text, "")
	told = toldArgument.ReplaceAllString(told, "$1")
	if strings.Contains(text, "; perhaps try ") {
		told += "; one that begins with a dash is written behind an equals sign"
	}
	if from := toldEnvironment.FindStringSubmatch(text); from != nil {
		told += " (from " + from[1] + ")"
	}
	return errors.New(told)
}
