package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
)

// versionCommand prints the version that the program was built as.
type versionCommand struct{}

func (versionCommand) run(_ context.Context, stdout, _ io.Writer) error {
	_, err := fmt.Fprintf(stdout, "roster %s\n", version())
	return err
}

// version returns the version that the program was built as, with the revision where it is known.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return info.Main.Version + " " + setting.Value
		}
	}
	return info.Main.Version
}
