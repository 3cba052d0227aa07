package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// Every command that the command line knows can be run: a field of commands is all that makes one known.
func TestEveryCommandRuns(t *testing.T) {
	parser, err := newParser(&commands{}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		if _, ok := leaf.Target.Addr().Interface().(command); !ok && leaf.Name != "help" {
			t.Errorf("%s is no command", leaf.FullPath())
		}
	}
}

// Help is printed, and nothing is run, however it is asked for.
func TestHelp(t *testing.T) {
	for _, asked := range []string{"help", "--help", "help serve", "serve --help", "help token create", "-- help"} {
		var out, err bytes.Buffer
		if status := Run(t.Context(), strings.Fields(asked), &out, &err); status != exitOK || !strings.Contains(out.String(), "Usage: roster") || err.Len() > 0 {
			t.Errorf("%s: status %d, %s%s", asked, status, &out, &err)
		}
	}
}
