package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

func TestDocumentIsOpenAPI(t *testing.T) {
	if err := servedDocument(t).Valid(); err != nil {
		t.Error(err)
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
		Type, Format, Pattern, Description string
		Enum                               []string
		Items                              *schema
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
	types := map[oauth.Kind]string{
		oauth.KindText: "string", oauth.KindURI: "string", oauth.KindList: "array",
		oauth.KindFlag: "boolean", oauth.KindNumber: "integer", oauth.KindObject: "object",
	}
	for _, name := range []string{"ClientMetadata", "RegisteredMetadata"} {
		described := document.Components.Schemas[name]
		for _, member := range oauth.Members {
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
			pattern := member.Pattern()
			if name == "ClientMetadata" && member.EmptyIsNothing() {
				pattern = "^$|" + pattern
			}
			if member.Kind <= oauth.KindList && word.Pattern != pattern {
				t.Errorf("%s: the pattern of %s is %q, want %q", name, member.Name, word.Pattern, pattern)
			}
			var want []string
			if name == "ClientMetadata" {
				want = member.Values(oauth.DefaultPolicy)
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

// What the document does not describe is found by those who hold answers against it.
func TestDocumentRefusesWrongAnswers(t *testing.T) {
	s := checked(t)
	registered, refused := s.register(webClient), s.do("POST", clientsPath, body(`{}`))
	set := func(name string, value any) func(map[string]any) {
		return func(object map[string]any) { object[name] = value }
	}
	without := func(name string) func(map[string]any) {
		return func(object map[string]any) { delete(object, name) }
	}
	for name, wrong := range map[string]struct {
		answer answer
		status int
		change func(map[string]any)
	}{
		"null":                  {registered, http.StatusCreated, set("client_uri", nil)},
		"empty string":          {registered, http.StatusCreated, set("client_name", "")},
		"control character":     {registered, http.StatusCreated, set("client_name", "a\nb")},
		"other type":            {registered, http.StatusCreated, set("require_auth_time", "true")},
		"no integer":            {registered, http.StatusCreated, set("client_id_issued_at", 1.5)},
		"no URI":                {registered, http.StatusCreated, set("registration_client_uri", "no URI")},
		"other scheme":          {registered, http.StatusCreated, set("client_uri", "javascript:alert(1)")},
		"unknown member":        {registered, http.StatusCreated, set("owner", "x")},
		"list of choices":       {registered, http.StatusCreated, set("subject_types_supported", []string{"public"})},
		"tag where none can be": {registered, http.StatusCreated, set("scope#de", "x")},
		"no client_id":          {registered, http.StatusCreated, without("client_id")},
		"no redirect_uris":      {registered, http.StatusCreated, without("redirect_uris")},
		"secret without expiry": {registered, http.StatusCreated, without("client_secret_expires_at")},
		"expiry without secret": {registered, http.StatusCreated, without("client_secret")},
		"token without URI":     {registered, http.StatusCreated, without("registration_client_uri")},
		"other status":          {registered, http.StatusAccepted, func(map[string]any) {}},
		"unknown error":         {refused, http.StatusBadRequest, set("error", "wrong")},
		"no description":        {refused, http.StatusBadRequest, without("error_description")},
		"quoting description":   {refused, http.StatusBadRequest, set("error_description", `"`)},
		"undescribed error":     {refused, http.StatusTeapot, func(map[string]any) {}},
	} {
		object := wrong.answer.json(t)
		wrong.change(object)
		encoded, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		request, _ := http.NewRequest("POST", publicURL+clientsPath, nil)
		answer := &http.Response{StatusCode: wrong.status, Header: wrong.answer.header, Body: io.NopCloser(bytes.NewReader(encoded))}
		if s.check.Answer(request, answer) == nil {
			t.Errorf("%s: %s is taken", name, encoded)
		}
	}
}
