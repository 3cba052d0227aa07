package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A rowID is that of a statement of a specification, as tests name it: C for OpenID Connect Dynamic Client
// Registration 1.0, D for RFC 7591, M for RFC 7592, H for HTTP and U for redirect URIs.
var rowID = regexp.MustCompile(`\b[CDMHU]-[0-9]+\b`)

// Whoever reads a test can look up the statements that it names.
func TestDecisionsHoldEveryRowThatTestsName(t *testing.T) {
	decisions, err := os.ReadFile("../../docs/decisions.md")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	err = filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, id := range rowID.FindAllString(string(source), -1) {
			if named++; !strings.Contains(string(decisions), "\n| "+id+" |") {
				t.Errorf("%s names %s, which docs/decisions.md does not have", path, id)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if named == 0 {
		t.Error("no test names a row")
	}
}
