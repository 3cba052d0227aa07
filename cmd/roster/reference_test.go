package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/domain"
	"roster/domain/oauth"
)

//go:generate go test -count=1 -run ^TestReferenceIsCurrent$ . -update

var update = flag.Bool("update", false, "write the reference anew")

const referenceFile = "../../docs/reference.md"

// The reference says what the tables of the program say: members, settings and errors.
func TestReferenceIsCurrent(t *testing.T) {
	got := reference(t)
	if *update {
		if err := os.WriteFile(referenceFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/reference.md is not current, make generate writes it (-file +program):\n%s", diff)
	}
}

func reference(t *testing.T) string {
	var b strings.Builder
	b.WriteString("<!-- Written by make generate. -->\n# Reference\n\n## Members of a client's metadata\n\n" +
		"Members that are not listed are ignored. `null` is as good as nothing, and so is an\n" +
		"empty string, but for members that hold one of a list of words and for `tls_client_auth_*`. A name in which `#LANG` may follow takes a\n" +
		"language tag, such as `client_name#de`.\n\n")
	table(&b, "member", "type", "what it must be", "default", "source")
	for _, member := range oauth.Members {
		name := code(member.Name)
		if member.Localized {
			name += ", " + code(member.Name+"#LANG")
		}
		row(&b, name, member.Kind.String(), member.Rule(), defaultOf(t, member), member.Source)
	}

	b.WriteString("\n## Settings of `roster serve`\n\nFlags win over the environment.\n\n")
	table(&b, "flag", "environment", "default", "meaning")
	flags := serveFlags(t)
	for _, flag := range flags {
		value := code(flag.Default)
		if flag.IsBool() && !flag.HasDefault {
			value = code("false")
		}
		row(&b, code("--"+flag.Name), code(strings.Join(flag.Envs, ", ")), value, flag.Help)
	}

	b.WriteString("\n## Statuses of a client\n\n")
	table(&b, "status", "meaning", "counts towards limits")
	for _, s := range domain.Statuses {
		counts := "no"
		if s.Counts {
			counts = "yes"
		}
		row(&b, code(string(s.Status)), s.Meaning, counts)
	}

	b.WriteString("\n## Errors\n\nAn error is `{\"error\": CODE, \"error_description\": TEXT}`. Nothing was changed unless its meaning says otherwise.\n\n")
	table(&b, "`error`", "status", "meaning", "source")
	for _, e := range api.ErrorCodes {
		var statuses []string
		for _, status := range e.Statuses {
			statuses = append(statuses, strconv.Itoa(status))
		}
		row(&b, code(e.Code), strings.Join(statuses, ", "), e.Meaning, e.Source)
	}
	return b.String()
}

func defaultOf(t *testing.T, member oauth.Member) string {
	t.Helper()
	if member.Default == nil {
		return ""
	}
	encoded, err := json.Marshal(member.Default)
	if err != nil {
		t.Fatal(err)
	}
	return code(string(encoded))
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

func table(b *strings.Builder, columns ...string) {
	row(b, columns...)
	b.WriteString(strings.Repeat("|---", len(columns)) + "|\n")
}

func row(b *strings.Builder, cells ...string) {
	for _, cell := range cells {
		fmt.Fprintf(b, "| %s ", strings.ReplaceAll(cell, "|", `\|`))
	}
	b.WriteString("|\n")
}

// serveFlags returns the flags of the command that runs the service.
func serveFlags(t *testing.T) []*kong.Flag {
	t.Helper()
	parser, err := newParser(&commands{}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(parser.Model.Children, func(c *kong.Node) bool { return c.Name == "serve" })
	return parser.Model.Children[i].Flags
}
