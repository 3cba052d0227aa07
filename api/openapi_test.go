package api_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
)

func TestDocumentIsOpenAPI(t *testing.T) {
	if ok, errs := documentValidator(t).ValidateDocument(); !ok {
		for _, err := range errs {
			t.Error(err)
		}
	}
}

// Every route is described, and nothing else is.
func TestDocumentListsEveryRoute(t *testing.T) {
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		}
	}
	if err := json.Unmarshal(openAPIDocument(t), &document); err != nil {
		t.Fatal(err)
	}
	var described, ids []string
	for path, operations := range document.Paths {
		for method, operation := range operations {
			described = append(described, strings.ToUpper(method)+" "+path)
			ids = append(ids, operation.OperationID)
		}
	}
	parameters := regexp.MustCompile(`:(\w+)`)
	var routes []string
	for _, route := range start(t).api.Routes() {
		if !strings.HasPrefix(route, "HEAD ") {
			routes = append(routes, parameters.ReplaceAllString(route, "{$1}"))
		}
	}
	slices.Sort(described)
	slices.Sort(routes)
	if diff := cmp.Diff(routes, described); diff != "" {
		t.Errorf("(-routes +document):\n%s", diff)
	}
	slices.Sort(ids)
	if unique := slices.Compact(slices.Clone(ids)); len(unique) != len(ids) {
		t.Errorf("operation ids repeat: %v", ids)
	}
}

// Requests and answers are described by the table of members: their words, URIs and language tags.
func TestDocumentDescribesEveryMember(t *testing.T) {
	type schema struct {
		Type, Format, Description string
		Enum                      []string
		Items                     *schema
	}
	var document struct {
		Components struct {
			Schemas map[string]struct {
				Properties, PatternProperties map[string]schema
			}
		}
	}
	if err := json.Unmarshal(openAPIDocument(t), &document); err != nil {
		t.Fatal(err)
	}
	types := map[domain.Kind]string{
		domain.KindText: "string", domain.KindURI: "string", domain.KindList: "array",
		domain.KindFlag: "boolean", domain.KindNumber: "integer", domain.KindObject: "object",
	}
	for _, name := range []string{"ClientMetadata", "RegisteredMetadata"} {
		described := document.Components.Schemas[name]
		for _, member := range domain.Members {
			got, found := described.Properties[member.Name]
			if name == "RegisteredMetadata" && member.ChoiceOf != "" {
				if found {
					t.Errorf("%s: %s is never answered", name, member.Name)
				}
				continue
			}
			if got.Type != types[member.Kind] || !strings.Contains(got.Description, member.Source) {
				t.Errorf("%s: %s is described as %+v", name, member.Name, got)
			}
			word := got
			if got.Items != nil {
				word = *got.Items
			}
			if (word.Format == "uri") != member.HoldsURIs() {
				t.Errorf("%s: the format of %s is %q", name, member.Name, word.Format)
			}
			var want []string
			if name == "ClientMetadata" {
				want = member.Values(domain.DefaultPolicy)
			}
			if diff := cmp.Diff(want, word.Enum); diff != "" {
				t.Errorf("%s: words of %s (-table +document):\n%s", name, member.Name, diff)
			}
			tagged := described.PatternProperties["^"+member.Name+"#[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"]
			if member.Localized != (tagged.Type == got.Type) {
				t.Errorf("%s: %s with a language tag is described as %+v", name, member.Name, tagged)
			}
		}
	}
}
