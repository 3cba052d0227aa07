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
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
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
	for _, member := range domain.Members {
		if document.Components.Schemas["ClientMetadata"].Properties[member.Name] == nil {
			t.Errorf("%s is not described", member.Name)
		}
	}
}
