package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/domain/access"
)

func TestSamplesOfTheContract(t *testing.T) {
	s := checked(t)
	got := s.do("POST", connectPath, body(`{"redirect_uris":["server.example.com"],"client_name":"application_1","ext_param_owner":"application_owner","grant_types":["password"]}`))
	expect(t, got, http.StatusCreated, "")
	client := got.json(t)
	if client["client_name"] != "application_owner_application_1" {
		t.Errorf("client_name is %v", client["client_name"])
	}
	if diff := cmp.Diff([]any{"server.example.com"}, client["redirect_uris"]); diff != "" {
		t.Errorf("redirect_uris (-want +got):\n%s", diff)
	}
	if _, ok := client["client_secret_expires_at"].(json.Number); !ok || client["client_secret"] == nil {
		t.Errorf("no secret with the time it expires at in %s", got)
	}
	deleted := s.do("DELETE", clientsPath+"/"+got.text(t, "client_id"), bearer(got.text(t, "registration_access_token")))
	expect(t, deleted, http.StatusNoContent, "")
	if len(deleted.body) != 0 {
		t.Errorf("deletion answered %q, want nothing", deleted.body)
	}
}

func TestRegistrationAnswer(t *testing.T) {
	s := checked(t)
	got := s.do("POST", clientsPath, body(publicClient), header("X-Forwarded-Host", "evil.example"), func(r *http.Request) { r.Host = "evil.example" })
	expect(t, got, http.StatusCreated, "")
	for name, want := range map[string]string{
		"Content-Type":           "application/json",
		"Cache-Control":          "no-store",
		"Pragma":                 "no-cache",
		"X-Content-Type-Options": "nosniff",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.header.Get(name), want)
		}
	}
	id := got.text(t, "client_id")
	if uri := got.text(t, "registration_client_uri"); uri != publicURL+"/identity/register/"+id {
		t.Errorf("registration_client_uri is %s", uri)
	}
	for _, member := range []string{"client_secret", "client_secret_expires_at"} {
		if _, ok := got.json(t)[member]; ok {
			t.Errorf("a client without a secret has %s: %s", member, got)
		}
	}
	// What a client is lies before what it asked for, for people who read the answer.
	if !strings.HasPrefix(string(got.body), fmt.Sprintf(`{"client_id":%q,"client_id_issued_at":`, id)) {
		t.Errorf("order of members: %s", got)
	}
	withoutRedirect := s.register(`{"grant_types":["client_credentials"]}`)
	if diff := cmp.Diff([]any{}, withoutRedirect.json(t)["redirect_uris"]); diff != "" {
		t.Errorf("redirect_uris (-want +got):\n%s", diff)
	}
}

// What is answered about a client is the same in every byte whenever it is asked for: first what the server says, then
// the metadata in the order of the table of members.
func TestClientInformationByteForByte(t *testing.T) {
	s := checked(t)
	registered := s.register(`{"jwks":{ "keys": [] },"redirect_uris":["https://client.example.org/cb?a=1&b=2"],"default_max_age":1e2,` +
		`"client_name#de":"N\u00e4me","client_name":"W\u00e9b \"x\" \\ \u2028 <\/script>","require_auth_time":true}`)
	told := registered.json(t)
	issued := fmt.Sprintf(`"client_id_issued_at":%s,"registration_access_token":%q,"registration_client_uri":%q,`,
		told["client_id_issued_at"], told["registration_access_token"], told["registration_client_uri"])
	metadata := `"client_name":"Wéb \"x\" \\ ` + "\u2028" + ` </script>","client_name#de":"Näme","application_type":"web",` +
		`"redirect_uris":["https://client.example.org/cb?a=1&b=2"],"grant_types":["authorization_code"],"response_types":["code"],` +
		`"token_endpoint_auth_method":"client_secret_basic","jwks":{"keys":[]},"id_token_signed_response_alg":"RS256",` +
		`"default_max_age":100,"require_auth_time":true}`
	want := fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"client_secret_expires_at":0,`, told["client_id"], told["client_secret"]) + issued + metadata
	if string(registered.body) != want {
		t.Errorf("registration:\n got %s\nwant %s", registered, want)
	}
	path := clientsPath + "/" + registered.text(t, "client_id")
	want = fmt.Sprintf(`{"client_id":%q,`, told["client_id"]) + issued + metadata
	for range 2 {
		if got := s.do("GET", path, bearer(registered.text(t, "registration_access_token"))); string(got.body) != want {
			t.Errorf("read:\n got %s\nwant %s", got, want)
		}
	}
	want = fmt.Sprintf(`{"client_id":%q,"client_id_issued_at":%s,`, told["client_id"], told["client_id_issued_at"]) + metadata
	if got := s.do("GET", path, asAdmin); string(got.body) != want {
		t.Errorf("read by an administrator:\n got %s\nwant %s", got, want)
	}
}

func TestWhoMayRegister(t *testing.T) {
	const noError, invalidToken = `Bearer realm="roster"`, `Bearer realm="roster", error="invalid_token"`
	for _, test := range []struct {
		registration  access.RegistrationMode
		authorization []string
		status        int
		code          string
		challenge     string
	}{
		{access.RegistrationOpen, nil, 201, "", ""},
		{access.RegistrationOpen, []string{"Basic YWRtaW46YWRtaW4="}, 201, "", ""},
		{access.RegistrationOpen, []string{"Bearer wrong"}, 401, "invalid_token", invalidToken},
		{access.RegistrationOpen, []string{"bEARER wrong"}, 401, "invalid_token", invalidToken},
		{access.RegistrationOpen, []string{"Bearer"}, 401, "invalid_token", invalidToken},
		{access.RegistrationOpen, []string{"Bearer one", "Bearer two"}, 400, "invalid_request", ""},
		{access.RegistrationToken, nil, 401, "invalid_token", noError},
		{access.RegistrationToken, []string{"Bearer wrong"}, 401, "invalid_token", invalidToken},
		{access.RegistrationToken, []string{"Basic YWRtaW46YWRtaW4="}, 401, "invalid_token", noError},
		{access.RegistrationClosed, nil, 403, "access_denied", ""},
		{access.RegistrationClosed, []string{"Bearer wrong"}, 403, "access_denied", ""},
	} {
		t.Run(fmt.Sprint(test.registration, test.authorization), func(t *testing.T) {
			s := checked(t, func(o *api.Options) { o.RegistrationMode = test.registration })
			got := s.do("POST", clientsPath, body(webClient), func(r *http.Request) { r.Header["Authorization"] = test.authorization })
			expect(t, got, test.status, test.code)
			if challenge := got.header.Get("WWW-Authenticate"); challenge != test.challenge {
				t.Errorf("WWW-Authenticate is %q, want %q", challenge, test.challenge)
			}
			if events := s.last(); test.status != 201 && events != 0 {
				t.Errorf("%d events for a refusal", events)
			}
		})
	}
}

func TestRegistrationRate(t *testing.T) {
	now := time.Now()
	s := checked(t, func(o *api.Options) { o.RegistrationRate, o.Now = 3, func() time.Time { return now } })
	for range 3 {
		s.register(webClient)
	}
	got := s.do("POST", connectPath, body(webClient), header("X-Forwarded-For", "192.0.2.1"), header("X-Real-IP", "192.0.2.1"))
	expect(t, got, http.StatusTooManyRequests, "too_many_requests")
	if after := got.header.Get("Retry-After"); after != "20" {
		t.Errorf("Retry-After is %q, want 20", after)
	}
	expect(t, s.do("OPTIONS", clientsPath), http.StatusNoContent, "")
	now = now.Add(20 * time.Second)
	s.register(webClient)
	expect(t, s.do("POST", clientsPath, body(webClient)), http.StatusTooManyRequests, "too_many_requests")
}

// Changes by clients are limited by address, whatever token comes with them; those by administrators are not.
func TestChangeRate(t *testing.T) {
	now := time.Now()
	s := checked(t, func(o *api.Options) { o.RegistrationRate, o.Now = 3, func() time.Time { return now } })
	client, doomed := s.client(webClient), s.client(webClient)
	put := func(token string) answer {
		return s.do("PUT", client.path, bearer(token), body(`{"client_id":"`+client.id+`","redirect_uris":["https://client.example.org/cb"]}`))
	}
	expect(t, put(client.token), http.StatusOK, "")
	expect(t, put("wrong"), http.StatusUnauthorized, "invalid_token")
	expect(t, s.do("DELETE", client.path, bearer("wrong")), http.StatusUnauthorized, "invalid_token")
	for _, token := range []string{client.token, "wrong"} {
		got := put(token)
		expect(t, got, http.StatusTooManyRequests, "too_many_requests")
		if after := got.header.Get("Retry-After"); after != "20" {
			t.Errorf("Retry-After is %q, want 20", after)
		}
		expect(t, s.do("DELETE", client.path, bearer(token)), http.StatusTooManyRequests, "too_many_requests")
	}
	expect(t, s.do("GET", client.path, bearer(client.token)), http.StatusOK, "")
	expect(t, s.do("DELETE", doomed.path, asAdmin), http.StatusNoContent, "")
	expect(t, s.do("DELETE", "/api/v1/clients/"+client.id, asAdmin), http.StatusNoContent, "")
	s.register(webClient)
	now = now.Add(20 * time.Second)
	expect(t, put(client.token), http.StatusUnauthorized, "invalid_token")
}

func TestRegistrationFromABrowser(t *testing.T) {
	s := checked(t)
	id := s.register(webClient).text(t, "client_id")
	origin := header("Origin", "https://app.example")
	for path, methods := range map[string]string{
		clientsPath:            "OPTIONS, POST",
		connectPath:            "OPTIONS, POST",
		clientsPath + "/" + id: "OPTIONS, DELETE, GET, HEAD, PUT",
		connectPath + "/" + id: "OPTIONS, DELETE, GET, HEAD, PUT",
	} {
		got := s.do("OPTIONS", path, origin, header("Access-Control-Request-Method", "POST"),
			header("Access-Control-Request-Headers", "authorization,content-type"))
		expect(t, got, http.StatusNoContent, "")
		want := map[string]string{
			"Access-Control-Allow-Origin":      "*",
			"Access-Control-Allow-Methods":     methods,
			"Access-Control-Allow-Headers":     "authorization,content-type",
			"Access-Control-Allow-Credentials": "",
			"Allow":                            methods,
		}
		for name, value := range want {
			if got.header.Get(name) != value {
				t.Errorf("preflight of %s: %s is %q, want %q", path, name, got.header.Get(name), value)
			}
		}
	}
	for _, got := range []answer{
		s.do("POST", clientsPath, origin, body(webClient)),
		s.do("POST", clientsPath, origin, body(`{`)),
		s.do("GET", clientsPath+"/"+id, origin),
		s.do("PATCH", clientsPath+"/"+id, origin),
		s.do("POST", clientsPath, origin, body(strings.Repeat(" ", 65<<10))),
		s.do("POST", clientsPath, origin),
		s.do("POST", clientsPath+"s", origin, body(webClient)),
	} {
		if got.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(got.header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") {
			t.Errorf("a script cannot read %s: %v", got, got.header)
		}
	}
	if got := s.do("GET", "/api/v1/clients", origin, asAdmin); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("the administrators' part answers other origins")
	}
}
