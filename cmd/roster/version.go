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
	version, revision := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				revision = " " + setting.Value
			}
		}
	}
	_, err := fmt.Fprintf(stdout, "roster %s%s\n", version, revision)
	return err
}
