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
	"roster/domain/oauth":            {},
	"roster/domain/oauth/clientauth": {"roster/domain/oauth"},
	"roster/domain":                  {"roster/domain/oauth"},
	"roster/domain/access":           {"roster/domain"},
	"roster/domain/keyset":           {"roster/domain", "roster/domain/oauth"},
	"roster/domain/registrar":        {"roster/domain", "roster/domain/oauth", "roster/domain/access", "roster/domain/keyset"},
	"roster/domain/authenticator":    {"roster/domain", "roster/domain/oauth", "roster/domain/oauth/clientauth", "roster/domain/keyset"},
	"roster/eventstore":              {"roster/domain", "roster/domain/oauth"},
	"roster/eventstore/jetstream":    {"roster/domain", "roster/eventstore"},
	"roster/eventstore/memory":       {"roster/domain", "roster/eventstore"},
	"roster/eventstore/storetest":    {"roster/domain", "roster/domain/oauth", "roster/eventstore"},
	"roster/projections":             {"roster/domain", "roster/eventstore"},
	"roster/projections/followertest": {
		"roster/domain", "roster/domain/oauth", "roster/eventstore", "roster/eventstore/memory", "roster/projections",
	},
	"roster/projections/readmodel": {
		"roster/domain", "roster/domain/oauth", "roster/eventstore", "roster/projections", "roster/projections/readmodel/search",
		"roster/projections/sqlitefile",
	},
	"roster/projections/readmodel/search": {},
	"roster/projections/sqlitefile":       {},
	"roster/api/client":                   {},
	"roster/api/document":                 {"roster/domain", "roster/domain/oauth", "roster/projections/readmodel"},
	"roster/api/front":                    {"roster/domain/oauth"},
	"roster/api/lastuse":                  {"roster/projections/sqlitefile"},
	"roster/api/openapitest":              {},
	"roster/api/refusals":                 {"roster/domain/access", "roster/projections/sqlitefile"},
	"roster/api":                          append([]string{"roster/api/front", "roster/api/lastuse", "roster/domain/authenticator", "roster/domain/oauth/clientauth"}, answering...),
	"roster/web/ui":                       {"roster/domain", "roster/domain/oauth"},
	"roster/web":                          append([]string{"roster/api/front", "roster/api/lastuse", "roster/web/ui"}, answering...),
	"roster/web/browsertest":              {},
	"roster/cmd/roster/consumers":         {"roster/api", "roster/domain", "roster/eventstore/jetstream"},
	"roster/cmd/roster/replays":           {"roster/domain", "roster/domain/oauth/clientauth", "roster/eventstore/jetstream"},
	"roster/cmd/roster/httpserver":        {"roster/api/front"},
	"roster/cmd/roster/jobs":              {}, // tests alone
	"roster/cmd/roster/loadtest":          {},
	"roster/cmd/roster/outbound":          {},
	"roster/cmd/roster/rostertest":        {"*"}, // for tests alone
	"roster/cmd/roster/sessions":          {"roster/domain", "roster/eventstore/jetstream"},
	"roster/cmd/roster/terminal":          {},
	"roster/cmd/roster/vault":             {},
	"roster/cmd/roster":                   {"*"},
}

// answering is what requests are answered from.
var answering = []string{
	"roster/domain", "roster/domain/oauth", "roster/domain/access", "roster/domain/registrar", "roster/projections/readmodel",
	"roster/api/document", "roster/api/refusals",
}

// pure are the packages of rules and decisions.
var pure = []string{"roster/domain", "roster/domain/oauth", "roster/domain/oauth/clientauth"}

// pureParsers are the packages of others that they may import. Those of Unicode and of public suffixes only look up tables
// that are compiled in.
var pureParsers = []string{
	"github.com/go-jose/go-jose/v4", "github.com/go-json-experiment/json/jsontext", "go.mau.fi/util/confusable",
	"golang.org/x/net/publicsuffix", "golang.org/x/text/unicode/norm",
}

var (
	// worldly are packages that reach outside of the process: nothing under domain imports them.
	worldly = []string{
		"os", "net", "net/http", "database/sql", "modernc.org/sqlite", "github.com/labstack/echo/v4",
		"github.com/nats-io/nats.go", "github.com/nats-io/nats.go/jetstream", "github.com/nats-io/nats-server/v2/server",
	}
	// impure are further packages of the standard library that are a clock's wait, randomness or logging: the
	// rules and decisions import none.
	impure = []string{"log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "sync"}
)

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
			if ours && !slices.Contains(allowed, imported) && !slices.Contains(allowed, "*") {
				t.Errorf("%s must not import %s", p.ImportPath, imported)
			}
			foreign := strings.Contains(imported, ".") && !slices.Contains(pureParsers, imported)
			switch {
			case strings.HasPrefix(p.ImportPath, "roster/domain") && slices.Contains(worldly, imported):
				t.Errorf("%s must not reach outside of the process, but imports %s", p.ImportPath, imported)
			case slices.Contains(pure, p.ImportPath) && (foreign || slices.Contains(impure, imported)):
				t.Errorf("%s must stay pure, but imports %s", p.ImportPath, imported)
			}
		}
	}
	if seen != len(arrows) {
		t.Errorf("%d packages, %d in the arrows", seen, len(arrows))
	}
}
