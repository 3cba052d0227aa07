package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/domain/access"
	"roster/domain/oauth"
)

// TestChecklist has the statements of the specifications on requests and answers by their ids in
// docs/decisions.md: C is OpenID Connect Dynamic Client Registration 1.0, D is RFC 7591, M is RFC 7592, H is what
// HTTP and RFC 6750 say. Those on metadata are in the domain's.
func TestChecklist(t *testing.T) {
	all := checked(t)
	origin := header("Origin", "https://app.example")
	const absent, unknown = "absent", "/identity/register/01890000-0000-7000-8000-000000000000"

	// members are those of an answer, of which some must be there and some must not.
	members := func(t *testing.T, got answer, present, missing []string) map[string]any {
		t.Helper()
		object := got.json(t)
		for _, name := range present {
			if object[name] == nil {
				t.Errorf("%s is missing in %s", name, got)
			}
		}
		for _, name := range missing {
			if _, there := object[name]; there {
				t.Errorf("%s is in %s", name, got)
			}
		}
		return object
	}
	challenge := func(t *testing.T, got answer, want string) {
		t.Helper()
		if have := got.header.Get("WWW-Authenticate"); have != want {
			t.Errorf("WWW-Authenticate is %q, want %q", have, want)
		}
	}
	update := func(client registered, members string) part {
		return body(`{"client_id":"` + client.id + `","redirect_uris":["https://client.example.org/cb"]` + members + `}`)
	}
	const noError, invalidToken = `Bearer realm="roster"`, `Bearer realm="roster", error="invalid_token"`

	for row, check := range map[string]func(t *testing.T, s *service){
		"C-12 what an authorization server is to show of a client it can read": func(t *testing.T, s *service) {
			client := s.client(everyMember)
			shown := s.do("GET", "/api/v1/clients/"+client.id, asAdmin).json(t)
			for _, name := range []string{"client_name", "client_name#de", "logo_uri", "client_uri", "policy_uri", "tos_uri"} {
				if want := client.json(t)[name]; want == nil || shown[name] != want {
					t.Errorf("%s is %v, registered %v", name, shown[name], want)
				}
			}
		},
		"C-31 C-43 scripts of other origins": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, got := range []answer{
				s.do("POST", connectPath, origin, body(webClient)), s.do("POST", connectPath, origin, body("x")),
				s.do("GET", client.path, origin, bearer(client.token)), s.do("GET", client.path, origin, bearer("x")),
			} {
				if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("%s: %v", got, got.header)
				}
			}
		},
		"C-32 D-14 no token is needed": func(t *testing.T, s *service) {
			expect(t, s.do("POST", connectPath, body(webClient)), http.StatusCreated, "")
			expect(t, s.do("POST", connectPath, body(webClient), bearer("of nobody")), http.StatusUnauthorized, "invalid_token")
		},
		"C-33 a token is needed": func(t *testing.T, _ *service) {
			s := checked(t, func(o *api.Options) { o.RegistrationMode = access.RegistrationToken })
			without, wrong := s.do("POST", connectPath, body(webClient)), s.do("POST", connectPath, body(webClient), bearer("wrong"))
			expect(t, without, http.StatusUnauthorized, "invalid_token")
			challenge(t, without, noError)
			expect(t, wrong, http.StatusUnauthorized, "invalid_token")
			challenge(t, wrong, invalidToken)
		},
		"C-34 D-13 parameters are members of a JSON object": func(t *testing.T, s *service) {
			for _, path := range []string{clientsPath, connectPath} {
				got := s.do("POST", path, body(webClient))
				expect(t, got, http.StatusCreated, "")
				if got.text(t, "client_name") != "Web" {
					t.Errorf("answer %s", got)
				}
			}
			form := func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }
			expect(t, s.do("POST", connectPath, body(`redirect_uris=x`), form), http.StatusUnsupportedMediaType, "invalid_request")
		},
		"C-35 C-39 ids and secrets are the server's and of one client": func(t *testing.T, s *service) {
			seen := map[string]bool{}
			for range 20 {
				got := s.register(`{"redirect_uris":["https://client.example.org/cb"],"client_id":"admin","client_secret":"mine","registration_access_token":"mine"}`)
				for _, member := range []string{"client_id", "client_secret", "registration_access_token"} {
					value := got.text(t, member)
					if seen[value] || value == "admin" || value == "mine" {
						t.Errorf("%s is %q", member, value)
					}
					seen[value] = true
				}
			}
		},
		"C-36 C-38 D-15 D-16 the answer is all that was registered": func(t *testing.T, s *service) {
			asked := `{"redirect_uris":["https://client.example.org/cb","https://client.example.org/b"],"client_name#de":"Ä","contacts":["b@b.example","a@b.example"],` +
				`"default_max_age":0,"jwks":{"keys":[{"kty":"OKP","crv":"Ed25519","x":"5lL9EjmkosoCZ9jUvRyENNje-T1SXf8BGKelX0TkQ14"}]},"scope":"b a"}`
			got := s.do("POST", connectPath, body(asked))
			expect(t, got, http.StatusCreated, "")
			if got.header.Get("Content-Type") != "application/json" {
				t.Errorf("Content-Type is %q", got.header.Get("Content-Type"))
			}
			object := got.json(t)
			for name, want := range (answer{body: []byte(asked)}).json(t) {
				if diff := cmp.Diff(want, object[name]); diff != "" {
					t.Errorf("%s (-asked +answered):\n%s", name, diff)
				}
			}
			members(t, got, []string{"grant_types", "response_types", "token_endpoint_auth_method", "application_type",
				"id_token_signed_response_alg", "require_auth_time", "client_id_issued_at"}, nil)
		},
		"C-37 D-2 what is not understood is ignored": func(t *testing.T, s *service) {
			unknown := []string{"unheard_of", "Client_Name", "redirect_uri\u017f"}
			members(t, s.register(`{"redirect_uris":["https://a.example/"],"unheard_of":{"x":[1]},"Client_Name":"x","redirect_uri\u017f":["javascript:x"]}`),
				nil, append(unknown, "client_name"))
		},
		"C-40 C-54 M-17 M-21 token and address come together": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, got := range []answer{client.answer, s.do("GET", client.path, bearer(client.token)), s.do("PUT", client.path,
				bearer(client.token), update(client, ""))} {
				object := members(t, got, []string{"registration_access_token", "registration_client_uri"}, nil)
				if object["registration_client_uri"] != publicURL+client.path || !strings.HasPrefix(publicURL, "https://") {
					t.Errorf("registration_client_uri is %v", object["registration_client_uri"])
				}
			}
			if at := client.header.Get("Location"); at != publicURL+client.path { // RFC 9110 9.3.3
				t.Errorf("Location is %q", at)
			}
		},
		"C-41 D-16 secret and expiry come together": func(t *testing.T, s *service) {
			object := members(t, s.register(webClient), []string{"client_secret", "client_secret_expires_at"}, nil)
			if fmt.Sprint(object["client_secret_expires_at"]) != "0" {
				t.Errorf("a secret that never expires expires at %v", object["client_secret_expires_at"])
			}
			members(t, s.register(publicClient), nil, []string{"client_secret", "client_secret_expires_at"})
		},
		"C-42 D-19 D-20 H-13 errors": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for code, document := range map[string]string{
				"invalid_redirect_uri":    `{"redirect_uris":["http://client.example.org/"]}`,
				"invalid_client_metadata": `{"redirect_uris":["https://client.example.org/"],"logo_uri":"\"\\<ä\u0007"}`,
			} {
				expect(t, s.do("POST", connectPath, body(document)), http.StatusBadRequest, code)
			}
			expect(t, s.do("GET", client.path), http.StatusUnauthorized, "invalid_token")
		},
		"C-44 the token is held against the client of the address": func(t *testing.T, s *service) {
			one, other := s.client(webClient), s.client(webClient)
			for _, method := range []string{"GET", "PUT", "DELETE"} {
				expect(t, s.do(method, one.path, bearer(other.token), update(one, "")), http.StatusUnauthorized, "invalid_token")
			}
			expect(t, s.do("GET", other.path, bearer(other.token)), http.StatusOK, "") // and nothing was revoked
		},
		"C-45 C-46 M-3 reading changes nothing": func(t *testing.T, s *service) {
			client := s.client(webClient)
			before := s.last()
			first := s.do("GET", client.path, bearer(client.token))
			expect(t, first, http.StatusOK, "")
			if again := s.do("GET", client.path, bearer(client.token)); again.String() != first.String() || first.text(t, "client_id") != client.id {
				t.Errorf("read %s, then %s", first, again)
			}
			if s.last() != before {
				t.Error("reading is in the log")
			}
		},
		"C-47 C-49 M-4 M-16 M-20 never 404": func(t *testing.T, s *service) {
			ended := s.client(webClient)
			expect(t, s.do("DELETE", ended.path, bearer(ended.token)), http.StatusNoContent, "")
			for _, path := range []string{unknown, ended.path, connectPath + "/x", clientsPath + "/" + strings.Repeat("x", 2000),
				clientsPath + "/%00"} {
				for _, method := range []string{"GET", "PUT", "DELETE"} {
					got := s.do(method, path, bearer(ended.token), update(ended, ""))
					expect(t, got, http.StatusUnauthorized, "invalid_token")
					challenge(t, got, invalidToken)
				}
			}
		},
		"C-48 M-5 403 is for who may not, and who holds the token may": func(t *testing.T, s *service) {
			closed := checked(t, func(o *api.Options) { o.RegistrationMode = access.RegistrationClosed })
			expect(t, closed.do("POST", connectPath, body(webClient)), http.StatusForbidden, "access_denied")
			client := s.client(webClient)
			expect(t, s.do("GET", client.path, bearer(client.token)), http.StatusOK, "")
			expect(t, s.do("PUT", client.path, bearer(client.token), update(client, "")), http.StatusOK, "")
			expect(t, s.do("DELETE", client.path, bearer(client.token)), http.StatusNoContent, "")
		},
		"D-18 H-13 no answer is cached": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, got := range []answer{client.answer, s.do("GET", client.path, bearer(client.token)), s.do("PUT", client.path,
				bearer(client.token), update(client, "")), s.do("GET", client.path), s.do("POST", clientsPath, body("x"))} {
				if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Pragma") != "no-cache" {
					t.Errorf("%s: %v", got, got.header)
				}
			}
		},
		"M-1 the token is a bearer token": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, method := range []string{"GET", "PUT", "DELETE"} {
				got := s.do(method, client.path, update(client, ""))
				expect(t, got, http.StatusUnauthorized, "invalid_token")
				challenge(t, got, noError)
			}
		},
		"M-2 M-22 C-47 H-7 other methods": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, method := range []string{"POST", "PATCH"} {
				got := s.do(method, client.path, bearer(client.token), update(client, ""))
				expect(t, got, http.StatusMethodNotAllowed, "method_not_allowed")
				if !strings.Contains(got.header.Get("Allow"), "PUT") {
					t.Errorf("Allow is %q", got.header.Get("Allow"))
				}
			}
			for _, method := range []string{"GET", "PUT", "DELETE", "PATCH"} {
				got := s.do(method, connectPath)
				expect(t, got, http.StatusMethodNotAllowed, "method_not_allowed")
				if got.header.Get("Allow") != "OPTIONS, POST" {
					t.Errorf("Allow is %q", got.header.Get("Allow"))
				}
			}
		},
		"M-6 what is read can be put": func(t *testing.T, s *service) {
			// Each member has a value here that it may have.
			client := s.client(everyMember)
			before := s.last()
			read := s.do("GET", client.path, bearer(client.token))
			// These exclude others, or need somebody else's word.
			apart := []string{"jwks_uri", "sector_identifier_uri", "software_statement"}
			for _, member := range oauth.Members {
				_, there := read.json(t)[member.Name]
				if there != (member.ChoiceOf == "") && !slices.Contains(apart, member.Name) {
					t.Errorf("%s is registered: %v", member.Name, there)
				}
			}
			put := s.do("PUT", client.path, bearer(client.token), body(stripped(t, read)))
			expect(t, put, http.StatusOK, "")
			if put.String() != read.String() || s.last() != before {
				t.Errorf("read %s, put %s, %d events", read, put, s.last()-before)
			}
		},
		"M-7 what is the server's to say": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, member := range []string{`"registration_access_token":"` + client.token + `"`,
				`"registration_client_uri":"` + publicURL + client.path + `"`, `"client_secret_expires_at":0`, `"client_id_issued_at":1`} {
				expect(t, s.do("PUT", client.path, bearer(client.token), update(client, ","+member)), http.StatusBadRequest, "invalid_request")
			}
		},
		"M-8 M-9 M-13 what is put replaces": func(t *testing.T, s *service) {
			client := s.client(`{"redirect_uris":["https://client.example.org/cb"],"client_name":"Before","contacts":["a@b.example"],"default_max_age":5,"grant_types":["authorization_code","refresh_token"]}`)
			put := s.do("PUT", client.path, bearer(client.token), update(client, `,"client_name":null`))
			expect(t, put, http.StatusOK, "")
			for _, got := range []answer{put, s.do("GET", client.path, bearer(client.token))} {
				object := members(t, got, nil, []string{"client_name", "contacts", "default_max_age"})
				if diff := cmp.Diff([]any{"authorization_code"}, object["grant_types"]); diff != "" {
					t.Errorf("grant_types: %s", diff)
				}
			}
		},
		"M-10 client_id must be the client's": func(t *testing.T, s *service) {
			client, other := s.client(webClient), s.client(webClient)
			for _, id := range []string{`"client_id":"` + other.id + `",`, `"client_id":1,`, `"client_id":null,`, `"client_id":"",`,
				`"Client_id":"` + client.id + `",`, ``} {
				got := s.do("PUT", client.path, bearer(client.token), body(`{`+id+`"redirect_uris":["https://client.example.org/cb"]}`))
				expect(t, got, http.StatusBadRequest, "invalid_request")
			}
		},
		"M-11 client_secret is the current one or none": func(t *testing.T, s *service) {
			client := s.client(webClient)
			secret := client.text(t, "client_secret")
			got := s.do("PUT", client.path, bearer(client.token), update(client, `,"client_secret":"`+secret+`"`))
			expect(t, got, http.StatusOK, "")
			members(t, got, nil, []string{"client_secret", "client_secret_expires_at"})
			for _, chosen := range []string{`"mine"`, `1`, `""`, `["` + secret + `"]`, `"` + secret + `x"`} {
				expect(t, s.do("PUT", client.path, bearer(client.token), update(client, `,"client_secret":`+chosen)), http.StatusBadRequest,
					"invalid_request")
			}
			public := s.client(publicClient)
			expect(t, s.do("PUT", public.path, bearer(public.token), update(public,
				`,"token_endpoint_auth_method":"none","client_secret":"mine"`)), http.StatusBadRequest, "invalid_request")
		},
		"M-12 defaults take the place of what is left out": func(t *testing.T, s *service) {
			client := s.client(publicClient)
			got := s.do("PUT", client.path, bearer(client.token), update(client, ""))
			expect(t, got, http.StatusOK, "")
			if object := members(t, got, []string{"client_secret", "client_secret_expires_at"},
				nil); object["token_endpoint_auth_method"] != "client_secret_basic" {
				t.Errorf("answer %s", got)
			}
		},
		"M-14 M-15 M-20 what is deleted is gone": func(t *testing.T, s *service) {
			client := s.client(webClient)
			got := s.do("DELETE", client.path, bearer(client.token))
			expect(t, got, http.StatusNoContent, "")
			if len(got.body) != 0 {
				t.Errorf("a 204 with %q", got.body)
			}
			for _, method := range []string{"GET", "PUT", "DELETE"} {
				expect(t, s.do(method, client.path, bearer(client.token), update(client, "")), http.StatusUnauthorized, "invalid_token")
			}
		},
		"M-18 tokens do not expire": func(t *testing.T, _ *service) {
			var years atomic.Int32 // that passed
			s := checked(t, func(o *api.Options) {
				o.Now = func() time.Time { return time.Now().AddDate(int(years.Load()), 0, 0) }
				o.Registrar.Now = o.Now
				o.Registrar.SecretLifetime = time.Hour
			})
			client := s.client(webClient)
			years.Store(10)
			expect(t, s.do("GET", client.path, bearer(client.token)), http.StatusOK, "")
			expect(t, s.do("PUT", client.path, bearer(client.token), update(client, "")), http.StatusOK, "")
		},
		"M-19 tokens cannot be guessed": func(t *testing.T, s *service) {
			// 43 characters of base64url hold 256 bits.
			if client := s.client(webClient); len(client.token) != 43 || len(client.text(t, "client_secret")) != 64 {
				t.Errorf("answer %s", client)
			}
		},
		"H-1 H-2 H-3 H-4 challenges": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for authorization, want := range map[string]string{
				absent: noError, "Bearer x": invalidToken, "Bearer": invalidToken, "Bearer ": invalidToken, "Digest x": noError, "x": noError,
				`Bearer "\` + "\x80": invalidToken, "Bearer " + strings.Repeat("x", 8000): invalidToken,
			} {
				got := s.do("GET", client.path, func(r *http.Request) {
					if authorization != absent {
						r.Header.Set("Authorization", authorization)
					}
				})
				expect(t, got, http.StatusUnauthorized, "invalid_token")
				challenge(t, got, want)
			}
			twice := s.do("GET", client.path, bearer(client.token), bearer(client.token))
			expect(t, twice, http.StatusBadRequest, "invalid_request")
		},
		"H-5 no token in the query": func(t *testing.T, s *service) {
			client := s.client(webClient)
			got := s.do("GET", client.path+"?access_token="+client.token)
			expect(t, got, http.StatusUnauthorized, "invalid_token")
			challenge(t, got, noError)
		},
		"H-6 schemes of any case": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
				expect(t, s.do("GET", client.path, header("Authorization", scheme+" "+client.token)), http.StatusOK, "")
			}
		},
		"H-8 other media types": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, contentType := range []string{"", "text/plain", "application/xml", "application/json-patch+json",
				"application/json; charset=iso-8859-1"} {
				typed := func(r *http.Request) { r.Header.Set("Content-Type", contentType) }
				expect(t, s.do("POST", connectPath, body(webClient), typed), http.StatusUnsupportedMediaType, "invalid_request")
				expect(t, s.do("PUT", client.path, bearer(client.token), update(client, ""), typed), http.StatusUnsupportedMediaType,
					"invalid_request")
			}
		},
		"H-9 HEAD": func(t *testing.T, s *service) {
			client := s.client(webClient)
			got := s.do("HEAD", client.path, bearer(client.token))
			expect(t, got, http.StatusOK, "")
			if len(got.body) != 0 {
				t.Errorf("HEAD with %q", got.body)
			}
		},
		"H-10 too many": func(t *testing.T, _ *service) {
			s := checked(t, func(o *api.Options) { o.RegistrationRate = 1 })
			s.register(webClient)
			got := s.do("POST", connectPath, body(webClient))
			expect(t, got, http.StatusTooManyRequests, "too_many_requests")
			if wait, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || wait < 1 {
				t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
			}
		},
		"H-13 every refusal says why in JSON": func(t *testing.T, s *service) {
			textual := header("Content-Type", "text/plain")
			for status, got := range map[int]answer{
				400: s.do("POST", clientsPath, body(`{`)),
				401: s.do("GET", clientsPath+"/x", bearer("x")),
				404: s.do("GET", "/nowhere"),
				405: s.do("GET", clientsPath),
				413: s.do("POST", clientsPath, body(strings.Repeat(" ", 65<<10))),
				415: s.do("POST", clientsPath, body(webClient), textual),
			} {
				expect(t, got, status, got.text(t, "error"))
			}
		},
		"H-11 H-12 C-51 JSON is read strictly": func(t *testing.T, s *service) {
			for _, document := range []string{
				`{"redirect_uris":["https://client.example.org/a"],"redirect_uris":["https://client.example.org/b"]}`,
				`{"redirect_uris":["https://client.example.org/a"],"redirect_\u0075ris":["https://client.example.org/b"]}`,
				"\xef\xbb\xbf" + webClient, "{\"client_name\":\"\xc0\xaf\"}", "\xff\xfe{\x00}\x00", `null`, `[]`, ``,
			} {
				expect(t, s.do("POST", connectPath, body(document)), http.StatusBadRequest, "invalid_client_metadata")
			}
			got := s.register(`{"redirect_uris":["https:\/\/client.example.org\/cb"],"client_name":"A\u030a\ud83d\ude00","Redirect_URIs":["javascript:x"]}`)
			if name := got.text(t, "client_name"); name != "A\u030a😀" || !utf8.Valid(got.body) {
				t.Errorf("client_name is %q", name)
			}
			if diff := cmp.Diff([]any{"https://client.example.org/cb"}, got.json(t)["redirect_uris"]); diff != "" {
				t.Error(diff)
			}
		},
	} {
		t.Run(row, func(t *testing.T) { check(t, all.in(t)) })
	}
}
