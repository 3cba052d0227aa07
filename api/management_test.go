package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"roster/domain"
)

// registered is a client with what it needs to come back.
type registered struct {
	id, token, path string
	answer
}

func (s *service) client(document string) registered {
	s.tb.Helper()
	got := s.register(document)
	id := got.text(s.tb, "client_id")
	return registered{id, got.text(s.tb, "registration_access_token"), clientsPath + "/" + id, got}
}

// stripped is an answer as RFC 7592 2.2 lets it be put back, each value in its very text.
func stripped(tb testing.TB, got answer) string {
	tb.Helper()
	var document map[string]jsontext.Value
	if err := json.Unmarshal(got.body, &document); err != nil {
		tb.Fatal(err)
	}
	for _, member := range []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"} {
		delete(document, member)
	}
	text, err := json.Marshal(document)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// What defaults add to the largest request must not make it too large to be put back.
func TestTheLargestClientCanBePutBack(t *testing.T) {
	s := checked(t)
	document := func(size int) string {
		const begin, end = `{"redirect_uris":["https://client.example.org/cb"],"contacts":["`, `"]}`
		return begin + strings.Repeat("a", size-len(begin)-len(end)) + end
	}
	size := 64 << 10 // of the largest body
	got := s.do("POST", clientsPath, body(document(size)))
	for ; got.status != http.StatusCreated && size > 60<<10; size -= 64 {
		expect(t, got, http.StatusBadRequest, "invalid_client_metadata")
		got = s.do("POST", clientsPath, body(document(size)))
	}
	expect(t, got, http.StatusCreated, "")
	if size == 64<<10 {
		t.Error("no request is too large for what becomes of it")
	}
	path, token := clientsPath+"/"+got.text(t, "client_id"), bearer(got.text(t, "registration_access_token"))
	before := s.last()
	expect(t, s.do("PUT", path, token, body(stripped(t, got))), http.StatusOK, "")
	if s.last() != before {
		t.Error("what was put back is not what was read")
	}
}

func TestReadClient(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	for _, path := range []string{client.path, connectPath + "/" + client.id} {
		got := s.do("GET", path, bearer(client.token))
		expect(t, got, http.StatusOK, "")
		want := client.json(t)
		delete(want, "client_secret")
		delete(want, "client_secret_expires_at")
		if diff := cmp.Diff(want, got.json(t)); diff != "" {
			t.Errorf("read (-registered +read):\n%s", diff)
		}
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Pragma") != "no-cache" {
			t.Errorf("an answer with a token may be cached: %v", got.header)
		}
	}
	head := s.do("HEAD", client.path, bearer(client.token))
	expect(t, head, http.StatusOK, "")
	if len(head.body) != 0 || head.header.Get("Content-Type") != "application/json" {
		t.Errorf("HEAD answered %s", head)
	}
}

func TestPuttingBackWhatWasReadChangesNothing(t *testing.T) {
	s := checked(t)
	for _, document := range []string{
		webClient, publicClient,
		`{"grant_types":["client_credentials"]}`,
		`{"redirect_uris":["server.example.com"],"client_name":"application_1","ext_param_owner":"application_owner","grant_types":["password"]}`,
		`{"redirect_uris":["cursor://cb"],"client_name#de":"Name","default_max_age":0,"contacts":["a@b.example"]}`,
	} {
		client := s.client(document)
		before := s.last()
		read := s.do("GET", client.path, bearer(client.token))
		for _, again := range []answer{read, client.answer} {
			put := s.do("PUT", client.path, bearer(client.token), body(stripped(t, again)))
			expect(t, put, http.StatusOK, "")
			if diff := cmp.Diff(string(read.body), string(put.body)); diff != "" {
				t.Errorf("%s put back (-read +put):\n%s", document, diff)
			}
		}
		if after := s.do("GET", client.path, bearer(client.token)); string(after.body) != string(read.body) {
			t.Errorf("%s reads differently afterwards: %s", document, after)
		}
		if added := s.last() - before; added != 0 {
			t.Errorf("%s: %d events", document, added)
		}
	}
}

func TestUpdateReplaces(t *testing.T) {
	s := checked(t)
	client := s.client(`{"redirect_uris":["https://client.example.org/cb"],"client_name":"Before","contacts":["a@b.example"]}`)
	put := s.do("PUT", client.path, bearer(client.token), body(fmt.Sprintf(`{"client_id":%q,"redirect_uris":["https://client.example.org/other"],"client_name":"After"}`, client.id)))
	expect(t, put, http.StatusOK, "")
	got := put.json(t)
	if _, kept := got["contacts"]; kept || got["client_name"] != "After" {
		t.Errorf("not replaced: %s", put)
	}
	if _, told := got["client_secret"]; told {
		t.Errorf("an update tells the secret that it did not issue: %s", put)
	}
	if got["registration_access_token"] != client.token {
		t.Errorf("the token is not the one that was presented: %s", put)
	}
}

func TestUpdateThatIsRefused(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	before := s.last()
	with := func(member string) string {
		return fmt.Sprintf(`{"client_id":%q,"redirect_uris":["https://client.example.org/cb"]%s}`, client.id, member)
	}
	for document, code := range map[string]string{
		with(`,"registration_access_token":"x"`):                    "invalid_request",
		with(`,"registration_client_uri":"x"`):                      "invalid_request",
		with(`,"client_secret_expires_at":0`):                       "invalid_request",
		with(`,"client_id_issued_at":0`):                            "invalid_request",
		with(`,"client_secret":"of my choosing"`):                   "invalid_request",
		strings.ReplaceAll(webClient, "{", `{"client_id":"other",`): "invalid_request",
		webClient: "invalid_request",
		`null`:    "invalid_client_metadata",
		fmt.Sprintf(`{"client_id":%q,"redirect_uris":["http://public.example/"]}`, client.id): "invalid_redirect_uri",
	} {
		expect(t, s.do("PUT", client.path, bearer(client.token), body(document)), http.StatusBadRequest, code)
	}
	if added := s.last() - before; added != 0 {
		t.Errorf("%d events for refusals", added)
	}
}

// Unknown clients, ended ones, wrong tokens and those of others must not be told apart, and no one may be
// told that a client is not there (OpenID Connect Dynamic Client Registration 1.0 section 4.4, RFC 7592 5).
func TestRefusedTokensAreAllTheSame(t *testing.T) {
	s := checked(t)
	client, other, ended, revoked := s.client(webClient), s.client(webClient), s.client(webClient), s.client(webClient)
	expect(t, s.do("DELETE", ended.path, bearer(ended.token)), http.StatusNoContent, "")
	expect(t, s.do("DELETE", "/api/v1/clients/"+revoked.id, asAdmin), http.StatusNoContent, "")
	before := s.last()

	for _, method := range []string{"GET", "PUT", "DELETE"} {
		var first answer
		for name, got := range map[string]answer{
			"unknown":      s.do(method, clientsPath+"/01890000-0000-7000-8000-000000000000", bearer(client.token), body(webClient)),
			"no id at all": s.do(method, clientsPath+"/'%20OR%201=1--", bearer(client.token), body(webClient)),
			"longer path":  s.unchecked().do(method, client.path+"/more", bearer(client.token), body(webClient)),
			"wrong":        s.do(method, client.path, bearer("wrong"), body(webClient)),
			"empty":        s.do(method, client.path, header("Authorization", "Bearer"), body(webClient)),
			"foreign":      s.do(method, client.path, bearer(other.token), body(webClient)),
			"ended":        s.do(method, ended.path, bearer(ended.token), body(webClient)),
			"revoked":      s.do(method, revoked.path, bearer(revoked.token), body(webClient)),
			"API token":    s.do(method, client.path, bearer(apiToken), body(webClient)),
			"no document":  s.do(method, client.path, bearer("wrong"), body("{")),
			"other type":   s.do(method, ended.path, bearer(ended.token), body(webClient), header("Content-Type", "text/plain")),
			"large":        s.do(method, client.path, bearer("wrong"), body(strings.Repeat(" ", 65<<10))),
			"malformed":    s.do(method, client.path, bearer("wrong"), body(webClient), header("If-Match", "?")),
		} {
			expect(t, got, http.StatusUnauthorized, "invalid_token")
			if challenge := got.header.Get("WWW-Authenticate"); challenge != `Bearer realm="roster", error="invalid_token"` {
				t.Errorf("%s %s: WWW-Authenticate is %q", method, name, challenge)
			}
			if first.status == 0 {
				first = got
			}
			if diff := cmp.Diff(first, got, cmp.AllowUnexported(answer{}), undated); diff != "" {
				t.Errorf("%s %s can be told from another:\n%s", method, name, diff)
			}
		}
	}
	if added := s.last() - before; added != 0 {
		t.Errorf("%d events for refusals", added)
	}
	expect(t, s.do("GET", client.path, bearer(client.token)), http.StatusOK, "")
}

// undated leaves the time of an answer out of a comparison.
var undated = cmpopts.IgnoreMapEntries(func(name string, _ []string) bool { return name == "Date" })

func TestMissingTokens(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	for name, test := range map[string]struct {
		path  string
		parts []part
	}{
		"none":           {path: client.path},
		"in the query":   {path: client.path + "?access_token=" + client.token},
		"other scheme":   {path: client.path, parts: []part{header("Authorization", "Digest "+client.token)}},
		"scheme alone":   {path: client.path, parts: []part{header("Authorization", client.token)}},
		"wrong password": {path: client.path, parts: []part{func(r *http.Request) { r.SetBasicAuth("admin", "wrong") }}},
	} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			got := s.do(method, test.path, append(test.parts, body(webClient))...)
			expect(t, got, http.StatusUnauthorized, "invalid_token")
			if challenge := got.header.Get("WWW-Authenticate"); challenge != `Bearer realm="roster"` {
				t.Errorf("%s with %s: WWW-Authenticate is %q", method, name, challenge)
			}
		}
	}
	expect(t, s.do("GET", client.path, bearer(client.token), bearer(client.token)), http.StatusBadRequest, "invalid_request")
	expect(t, s.do("GET", client.path, header("Authorization", "bEaReR  "+client.token)), http.StatusOK, "")
}

func TestAdministratorAtARegistrationClientURI(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	got := s.do("GET", client.path, asAdmin)
	expect(t, got, http.StatusOK, "")
	for _, member := range []string{"registration_access_token", "registration_client_uri", "client_secret"} {
		if _, told := got.json(t)[member]; told {
			t.Errorf("an administrator is told %s", member)
		}
	}
	expect(t, s.do("PUT", client.path, asAdmin, body(webClient)), http.StatusUnauthorized, "invalid_token")
	expect(t, s.do("DELETE", client.path, asAdmin), http.StatusNoContent, "")
	// At this address no client is not found, to nobody (OpenID Connect Dynamic Client Registration 1.0, 4.4).
	refused := s.do("GET", client.path, bearer(client.token))
	expect(t, refused, http.StatusUnauthorized, "invalid_token")
	for _, path := range []string{client.path, clientsPath + "/unknown"} {
		for _, method := range []string{"GET", "DELETE"} {
			got := s.do(method, path, asAdmin)
			if diff := cmp.Diff(refused, got, cmp.AllowUnexported(answer{}), undated); diff != "" {
				t.Errorf("%s of a client that is not there can be told from a wrong token:\n%s", method, diff)
			}
		}
	}

	events := s.events("/api/v1/clients/" + client.id + "/events")
	if last := events[len(events)-1]; last.Type != (domain.ClientDeleted{}).Type() || last.Actor.ID != "admin" {
		t.Errorf("the log ends with %+v", last)
	}
}
