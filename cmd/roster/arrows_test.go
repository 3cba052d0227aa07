package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows says what each part may import of the others, itself aside. The rules of the domain import nothing
// of them, and beside the standard library only pure parsers.
var arrows = map[string][]string{
	"roster/domain":                  {"roster/domain/oauth"},
	"roster/domain/oauth":            {},
	"roster/domain/registrar":        {"roster/domain", "roster/domain/throttle"},
	"roster/domain/administrators":   {"roster/domain", "roster/domain/throttle"},
	"roster/domain/registrar/remote": {},
	"roster/domain/throttle":         {},
	"roster/eventstore":              {"roster/domain"},
	"roster/eventstore/jetstream":    {"roster/domain", "roster/eventstore"},
	"roster/eventstore/memory":       {"roster/domain", "roster/eventstore"},
	"roster/eventstore/storetest":    {"roster/domain", "roster/eventstore"},
	"roster/projections":             {"roster/domain", "roster/eventstore"},
	"roster/api": {
		"roster/domain", "roster/domain/registrar", "roster/domain/administrators", "roster/domain/throttle",
		"roster/projections",
	},
	"roster/web": {"roster/domain", "roster/domain/registrar", "roster/domain/administrators", "roster/projections"},
	"roster/cmd/roster": {
		"roster/api", "roster/web", "roster/domain", "roster/domain/registrar", "roster/domain/registrar/remote",
		"roster/domain/administrators", "roster/eventstore", "roster/eventstore/jetstream", "roster/projections",
	},
}

// pureParsers are the modules that the domain may import.
var pureParsers = []string{"github.com/go-jose/go-jose/v4", "github.com/go-json-experiment/json/jsontext"}

// impure are packages of the standard library that are I/O, a clock's wait, randomness or logging.
var impure = []string{"os", "net", "net/http", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "database/sql", "sync"}

func TestArrowsPointOneWay(t *testing.T) {
	list := exec.Command("go", "list", "-json=ImportPath,Imports", "roster/...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		allowed, known := arrows[p.ImportPath]
		if !known {
			t.Errorf("package %s has no place in the arrows", p.ImportPath)
		}
		for _, imported := range p.Imports {
			ours := strings.HasPrefix(imported, "roster/")
			if ours && !slices.Contains(allowed, imported) {
				t.Errorf("%s must not import %s", p.ImportPath, imported)
			}
			if p.ImportPath != "roster/domain" {
				continue
			}
			if strings.Contains(imported, ".") && !slices.Contains(pureParsers, imported) || slices.Contains(impure, imported) {
				t.Errorf("%s must stay pure, but imports %s", p.ImportPath, imported)
			}
		}
	}
	if seen != len(arrows) {
		t.Errorf("%d packages, %d in the arrows", seen, len(arrows))
	}
}
