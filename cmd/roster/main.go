// Command roster is a registry of OAuth 2.0 and OpenID Connect clients.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"roster/cmd/roster/terminal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit statuses of the program.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2 // wrong or unknown settings
)

// Run runs the program with these arguments and the settings of the environment until it is done or ctx
// ends, and returns its exit status. What goes wrong is one line on stderr. All that is printed is printable.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	stdout, stderr = terminal.NewWriter(stdout), terminal.NewWriter(stderr)
	command, err := parse(args, stdout)
	if errors.Is(err, errHelped) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(stderr, "roster:", err)
		return exitUsage
	}
	if err := command.run(ctx, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "roster:", err)
		return exitFailure
	}
	return exitOK
}
