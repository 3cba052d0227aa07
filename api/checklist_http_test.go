package api_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/domain/registrar"
)

// The tests of this file are named for the rows of statements that the specifications make: H of Bearer and
// HTTP, M of RFC 7592, C of OpenID Connect Dynamic Client Registration 1.0, D of RFC 7591. Each row has one.

// rows runs the tests of rows against one service whose answers are held against the OpenAPI document.
func rows(t *testing.T, tests map[string]func(t *testing.T, s *service), change ...func(*api.Options)) {
	s := checked(t, change...)
	for row, test := range tests {
		t.Run(row, func(t *testing.T) { test(t, s.in(t)) })
	}
}

// challenge returns the challenge of a 401.
func challenge(t *testing.T, got answer) string {
	t.Helper()
	expect(t, got, http.StatusUnauthorized, "invalid_token")
	return got.header.Get("WWW-Authenticate")
}

// silent fails the test when do adds an event to the log.
func (s *service) silent(do func()) {
	s.tb.Helper()
	before := s.last()
	do()
	if added := s.last() - before; added != 0 {
		s.tb.Errorf("%d events were added", added)
	}
}

var refusedRequests = map[int]func(s *service) answer{
	400: func(s *service) answer { return s.do("POST", clientsPath, body(`{`)) },
	401: func(s *service) answer { return s.do("GET", clientsPath+"/x", bearer("x")) },
	404: func(s *service) answer { return s.do("GET", "/nowhere") },
	405: func(s *service) answer { return s.do("GET", clientsPath) },
	413: func(s *service) answer { return s.do("POST", clientsPath, body(strings.Repeat(" ", 65<<10))) },
	415: func(s *service) answer { return s.do("POST", clientsPath, body(webClient), typed("text/plain")) },
}

func typed(contentType string) part {
	return func(r *http.Request) { r.Header.Set("Content-Type", contentType) }
}

func TestChecklistBearerAndHTTP(t *testing.T) {
	rows(t, map[string]func(*testing.T, *service){
		"H-1": func(t *testing.T, s *service) {
			for _, path := range []string{clientsPath + "/x", connectPath + "/x"} {
				for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
					if got := s.do(method, path, body(webClient)); got.status != 401 || got.header.Get("WWW-Authenticate") == "" {
						t.Errorf("%s %s: %s without a challenge", method, path, got)
					}
				}
			}
			got := s.do("GET", "/api/v1/clients")
			expect(t, got, http.StatusUnauthorized, "unauthorized")
		},
		"H-2": func(t *testing.T, s *service) {
			if got := challenge(t, s.do("GET", clientsPath+"/x")); strings.Contains(got, "error") {
				t.Errorf("a caller without credentials is told %s", got)
			}
		},
		"H-3": func(t *testing.T, s *service) {
			if got := challenge(t, s.do("GET", clientsPath+"/x", bearer("wrong"))); !strings.Contains(got, `error="invalid_token"`) {
				t.Errorf("a wrong token is answered with %s", got)
			}
			expect(t, s.do("GET", clientsPath+"/x", bearer("a"), bearer("b")), http.StatusBadRequest, "invalid_request")
		},
		"H-4": func(t *testing.T, s *service) {
			const attribute = `([A-Za-z]+ )?[a-z]+="[\x20-\x21\x23-\x5B\x5D-\x7E]*"`
			challenges := regexp.MustCompile(`^` + attribute + `(, ` + attribute + `)*$`)
			for _, got := range []answer{
				s.do("GET", clientsPath+"/x"), s.do("GET", clientsPath+"/%22%5C%00%C3%A4", bearer("\"\\")), s.do("GET", "/api/v1/clients"),
			} {
				if value := got.header.Get("WWW-Authenticate"); !challenges.MatchString(value) {
					t.Errorf("challenge %q", value)
				}
			}
		},
		"H-5": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, method := range []string{"GET", "PUT", "DELETE"} {
				challenge(t, s.do(method, client.path+"?access_token="+client.token, body(webClient)))
			}
			form := s.do("PUT", client.path, body("access_token="+client.token), typed("application/x-www-form-urlencoded"))
			challenge(t, form)
		},
		"H-6": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, scheme := range []string{"Bearer", "bearer", "BEARER", "bEaReR"} {
				expect(t, s.do("GET", client.path, header("Authorization", scheme+" "+client.token)), http.StatusOK, "")
			}
		},
		"H-7": func(t *testing.T, s *service) {
			for path, allowed := range map[string]string{clientsPath: "OPTIONS, POST", clientsPath + "/x": "OPTIONS, DELETE, GET, HEAD, PUT"} {
				got := s.do("PATCH", path, body(`{}`))
				expect(t, got, http.StatusMethodNotAllowed, "method_not_allowed")
				if got.header.Get("Allow") != allowed {
					t.Errorf("%s: Allow is %q, want %q", path, got.header.Get("Allow"), allowed)
				}
			}
		},
		"H-8": func(t *testing.T, s *service) {
			for _, contentType := range []string{"", "text/plain", "application/xml", "application/x-www-form-urlencoded", "application/jwt"} {
				s.silent(func() {
					expect(t, s.do("POST", clientsPath, body(webClient), typed(contentType)), http.StatusUnsupportedMediaType, "invalid_request")
				})
			}
		},
		"H-9": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, path := range []string{client.path, discoveryPaths[0], "/openapi.json", "/healthz"} {
				get, head := s.do("GET", path, bearer(client.token)), s.do("HEAD", path, bearer(client.token))
				get.header.Del("Date")
				head.header.Del("Date")
				if head.status != get.status || len(head.body) != 0 {
					t.Errorf("HEAD %s: %s", path, head)
				}
				if diff := cmp.Diff(get.header, head.header); diff != "" {
					t.Errorf("HEAD %s (-get +head):\n%s", path, diff)
				}
			}
			expect(t, s.do("HEAD", clientsPath), http.StatusMethodNotAllowed, "")
		},
		"H-11": func(t *testing.T, s *service) {
			for _, document := range []string{
				`{"redirect_uris":["https://a.example/"],"redirect_uris":["https://a.example/"]}`,
				`{"redirect_uris":["https://a.example/"],"unknown":1,"unknown":1}`,
				`{"redirect_uris":["https://a.example/"],"unknown":{"a":1,"\u0061":2}}`,
			} {
				s.silent(func() {
					expect(t, s.do("POST", clientsPath, body(document)), http.StatusBadRequest, "invalid_client_metadata")
				})
			}
		},
		"H-12": func(t *testing.T, s *service) {
			s.silent(func() {
				expect(t, s.do("POST", clientsPath, body("\xef\xbb\xbf"+webClient)), http.StatusBadRequest, "invalid_client_metadata")
				expect(t, s.do("POST", clientsPath, body("{\"client_name\":\"\xff\"}")), http.StatusBadRequest, "invalid_client_metadata")
			})
			got := s.register(`{"redirect_uris":["https://a.example/"],"client_name":"Müller \u00e4"}`)
			if got.text(t, "client_name") != "Müller ä" || got.body[0] != '{' {
				t.Errorf("answered %q", got.body)
			}
		},
		"H-13": func(t *testing.T, s *service) {
			for status, request := range refusedRequests {
				got := request(s.unchecked())
				expect(t, got, status, got.text(t, "error"))
			}
		},
	})
	rows(t, map[string]func(*testing.T, *service){
		"H-10": func(t *testing.T, s *service) {
			s.register(webClient)
			got := s.do("POST", connectPath, body(webClient))
			expect(t, got, http.StatusTooManyRequests, "too_many_requests")
			if after := got.header.Get("Retry-After"); !regexp.MustCompile(`^[1-9][0-9]*$`).MatchString(after) {
				t.Errorf("Retry-After is %q", after)
			}
		},
	}, func(o *api.Options) { o.RegistrationRate = 1 })
}

func TestChecklistManagement(t *testing.T) {
	rows(t, map[string]func(*testing.T, *service){
		"M-1": func(t *testing.T, s *service) {
			client := s.client(webClient)
			s.silent(func() {
				for _, method := range []string{"GET", "PUT", "DELETE"} {
					challenge(t, s.do(method, client.path, body(webClient)))
				}
			})
		},
		"M-2": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, method := range []string{"POST", "PATCH"} {
				expect(t, s.do(method, client.path, bearer(client.token), body(webClient)), http.StatusMethodNotAllowed, "method_not_allowed")
			}
		},
		"M-3": func(t *testing.T, s *service) {
			client := s.client(webClient)
			got := s.do("GET", client.path, bearer(client.token))
			expect(t, got, http.StatusOK, "")
			if got.text(t, "client_id") != client.id || got.text(t, "client_name") != "Web" {
				t.Errorf("read %s", got)
			}
		},
		"M-4": func(t *testing.T, s *service) {
			// A token that is another client's is left alone: revoking it would let anybody who saw a token
			// take its client's away.
			client := s.client(webClient)
			challenge(t, s.do("GET", clientsPath+"/01890000-0000-7000-8000-000000000000", bearer(client.token)))
			expect(t, s.do("GET", client.path, bearer(client.token)), http.StatusOK, "")
		},
		"M-5": func(t *testing.T, s *service) {
			// Whose token it is, may everything; so that 403 is for nothing but closed registration.
			client := s.client(webClient)
			token := bearer(client.token)
			expect(t, s.do("GET", client.path, token), http.StatusOK, "")
			expect(t, s.do("PUT", client.path, token, client.update("New")), http.StatusOK, "")
			expect(t, s.do("DELETE", client.path, token), http.StatusNoContent, "")
		},
		"M-6": func(t *testing.T, s *service) {
			client := s.client(`{"redirect_uris":["https://a.example/"],"contacts":["a@b.example"],"default_max_age":0,"client_name#de":"Name"}`)
			read := s.do("GET", client.path, bearer(client.token))
			s.silent(func() {
				put := s.do("PUT", client.path, bearer(client.token), body(stripped(t, read)))
				if string(put.body) != string(read.body) {
					t.Errorf("read %s, put back %s", read, put)
				}
			})
		},
		"M-7": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, member := range []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"} {
				var document map[string]any
				if err := json.Unmarshal([]byte(stripped(t, client.answer)), &document); err != nil {
					t.Fatal(err)
				}
				document[member] = client.json(t)[member]
				text, _ := json.Marshal(document)
				s.silent(func() {
					expect(t, s.do("PUT", client.path, bearer(client.token), body(string(text))), http.StatusBadRequest, "invalid_request")
				})
			}
		},
		"M-8": func(t *testing.T, s *service) {
			client := s.client(`{"redirect_uris":["https://a.example/","https://b.example/"],"contacts":["a@b.example"]}`)
			got := s.do("PUT", client.path, bearer(client.token), body(`{"client_id":"`+client.id+`","redirect_uris":["https://c.example/"]}`)).json(t)
			if diff := cmp.Diff([]any{"https://c.example/"}, got["redirect_uris"]); diff != "" || got["contacts"] != nil {
				t.Errorf("augmented to %v", got)
			}
		},
		"M-9": func(t *testing.T, s *service) {
			client := s.client(`{"redirect_uris":["https://a.example/"],"client_name":"x","tos_uri":"https://a.example/tos"}`)
			got := s.do("PUT", client.path, bearer(client.token), body(`{"client_id":"`+client.id+`","redirect_uris":["https://a.example/"],"client_name":null}`)).json(t)
			for _, member := range []string{"client_name", "tos_uri"} {
				if value, there := got[member]; there {
					t.Errorf("%s is still %v", member, value)
				}
			}
		},
		"M-10": func(t *testing.T, s *service) {
			client, other := s.client(webClient), s.client(webClient)
			s.silent(func() {
				for _, id := range []string{``, `"client_id":"",`, `"client_id":"` + other.id + `",`, `"client_id":1,`, `"client_id":null,`} {
					got := s.do("PUT", client.path, bearer(client.token), body(`{`+id+`"redirect_uris":["https://a.example/"]}`))
					expect(t, got, http.StatusBadRequest, "invalid_request")
				}
			})
		},
		"M-11": func(t *testing.T, s *service) {
			client := s.client(webClient)
			with := func(secret string) answer {
				return s.do("PUT", client.path, bearer(client.token), body(`{"client_id":"`+client.id+`","client_secret":"`+secret+`","redirect_uris":["https://a.example/"]}`))
			}
			s.silent(func() { expect(t, with("of my own choosing"), http.StatusBadRequest, "invalid_request") })
			got := with(client.text(t, "client_secret"))
			expect(t, got, http.StatusOK, "")
			if secret, told := got.json(t)["client_secret"]; told {
				t.Errorf("the secret is %v now", secret)
			}
		},
		"M-12": func(t *testing.T, s *service) {
			client := s.client(`{"redirect_uris":["https://a.example/"],"token_endpoint_auth_method":"none"}`)
			got := s.do("PUT", client.path, bearer(client.token), body(`{"client_id":"`+client.id+`","redirect_uris":["cursor://cb"]}`))
			expect(t, got, http.StatusOK, "")
			for member, want := range map[string]string{"application_type": "native", "token_endpoint_auth_method": "client_secret_basic"} {
				if got.text(t, member) != want {
					t.Errorf("the default of %s is %s", member, got.text(t, member))
				}
			}
			if got.text(t, "client_secret") == "" {
				t.Error("a client that became confidential has no secret")
			}
		},
		"M-13": func(t *testing.T, s *service) {
			client := s.client(webClient)
			s.silent(func() {
				expect(t, s.do("PUT", client.path, bearer(client.token), body(`{"client_id":"`+client.id+`","redirect_uris":["http://a.example/"]}`)), http.StatusBadRequest, "invalid_redirect_uri")
				expect(t, s.do("PUT", client.path, bearer(client.token), body(`{"client_id":"`+client.id+`","grant_types":["none such"]}`)), http.StatusBadRequest, "invalid_client_metadata")
			})
			expect(t, s.do("PUT", client.path, bearer(client.token), client.update("x")), http.StatusOK, "")
		},
		"M-14": func(t *testing.T, s *service) {
			client := s.client(webClient)
			got := s.do("DELETE", client.path, bearer(client.token))
			expect(t, got, http.StatusNoContent, "")
			if len(got.body) != 0 || got.header.Get("Content-Type") != "" {
				t.Errorf("answered %q of %s", got.body, got.header.Get("Content-Type"))
			}
		},
		"M-15": endedClientsAreGone,
		"M-16": func(t *testing.T, s *service) {
			client := s.client(webClient)
			challenge(t, s.do("DELETE", clientsPath+"/unknown", bearer(client.token)))
			expect(t, s.do("DELETE", clientsPath, bearer(client.token)), http.StatusMethodNotAllowed, "method_not_allowed")
		},
		"M-17": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, got := range []answer{
				client.answer,
				s.do("GET", client.path, bearer(client.token)),
				s.do("PUT", client.path, bearer(client.token), client.update("New")),
			} {
				if got.text(t, "registration_access_token") != client.token || got.text(t, "registration_client_uri") != publicURL+client.path {
					t.Errorf("answered %s", got)
				}
			}
		},
		"M-19": func(t *testing.T, s *service) {
			seen := map[string]bool{}
			for range 20 {
				client := s.client(webClient)
				for _, secret := range []string{client.token, client.text(t, "client_secret")} {
					// 43 characters of base64url hold 256 bits.
					if !regexp.MustCompile(`^[A-Za-z0-9_-]{43,}$`).MatchString(secret) || seen[secret] {
						t.Errorf("%q is short or came before", secret)
					}
					seen[secret] = true
				}
			}
		},
		"M-20": endedClientsAreGone,
		"M-21": func(t *testing.T, s *service) {
			// TLS ends at a proxy; what callers are told to come back to is the address behind it.
			if uri := s.client(webClient).text(t, "registration_client_uri"); !strings.HasPrefix(uri, "https://") {
				t.Errorf("registration_client_uri is %s", uri)
			}
		},
		"M-22": func(t *testing.T, s *service) {
			client := s.client(webClient)
			uri := strings.TrimPrefix(client.text(t, "registration_client_uri"), publicURL)
			expect(t, s.do("GET", uri, bearer(client.token)), http.StatusOK, "")
			expect(t, s.do("PUT", uri, bearer(client.token), client.update("New")), http.StatusOK, "")
		},
	})
	now := time.Now()
	rows(t, map[string]func(*testing.T, *service){
		"M-18": func(t *testing.T, s *service) {
			client := s.client(webClient)
			now = now.AddDate(10, 0, 0)
			expect(t, s.do("GET", client.path, bearer(client.token)), http.StatusOK, "")
			expect(t, s.do("PUT", client.path, bearer(client.token), client.update("New")), http.StatusOK, "")
		},
	}, func(o *api.Options) {
		o.Now = func() time.Time { return now }
		o.Registrar.(*registrar.Registrar).Now = o.Now
		o.Registrar.(*registrar.Registrar).SecretLifetime = time.Hour
	})
}

// endedClientsAreGone is RFC 7592 2.3 and 5: nothing of a client works once it was deleted or revoked, and
// nobody can tell that it was ever there.
func endedClientsAreGone(t *testing.T, s *service) {
	deleted, revoked := s.client(webClient), s.client(webClient)
	expect(t, s.do("DELETE", deleted.path, bearer(deleted.token)), http.StatusNoContent, "")
	expect(t, s.do("DELETE", "/api/v1/clients/"+revoked.id, asAdmin), http.StatusNoContent, "")
	s.silent(func() {
		for _, client := range []registered{deleted, revoked} {
			for _, method := range []string{"GET", "PUT", "DELETE"} {
				challenge(t, s.do(method, client.path, bearer(client.token), client.update("x")))
			}
		}
	})
}

func TestChecklistRegistration(t *testing.T) {
	rows(t, map[string]func(*testing.T, *service){
		"C-31": func(t *testing.T, s *service) {
			preflight := s.do("OPTIONS", connectPath, header("Origin", "https://app.example"),
				header("Access-Control-Request-Method", "POST"), header("Access-Control-Request-Headers", "authorization,content-type"))
			expect(t, preflight, http.StatusNoContent, "")
			for _, got := range []answer{preflight, s.do("POST", connectPath, header("Origin", "https://app.example"), body(webClient))} {
				if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("headers are %v", got.header)
				}
			}
		},
		"C-32": func(t *testing.T, s *service) {
			expect(t, s.do("POST", connectPath, body(webClient)), http.StatusCreated, "")
		},
		"C-34": func(t *testing.T, s *service) {
			got := s.do("POST", connectPath, body(`{"metadata":{"redirect_uris":["https://a.example/"]}}`))
			expect(t, got, http.StatusBadRequest, "invalid_redirect_uri")
		},
		"C-35": func(t *testing.T, s *service) {
			first, second := s.client(webClient), s.client(webClient)
			if first.id == second.id || first.text(t, "client_secret") == second.text(t, "client_secret") {
				t.Errorf("registered %s and %s", first, second)
			}
			if _, has := s.client(publicClient).json(t)["client_secret"]; has {
				t.Error("a public client has a secret")
			}
		},
		"C-36": func(t *testing.T, s *service) {
			uris := []any{"https://b.example/%7eA?x=1&y=", "https://B.example:443/", "https://b.example/%7eA?x=1&y=", "https://a.example"}
			document, _ := json.Marshal(map[string]any{"redirect_uris": uris})
			got := s.register(string(document)).json(t)
			if diff := cmp.Diff(uris, got["redirect_uris"]); diff != "" {
				t.Errorf("redirect_uris (-sent +registered):\n%s", diff)
			}
		},
		"C-37": func(t *testing.T, s *service) {
			got := s.register(`{"redirect_uris":["https://a.example/"],"unheard_of":{"x":[1]},"Client_Name":"x","redirect_uri\u017f":["javascript:x"]}`).json(t)
			for _, member := range []string{"unheard_of", "Client_Name", "client_name", "redirect_uri\u017f"} {
				if _, there := got[member]; there {
					t.Errorf("%s is registered", member)
				}
			}
		},
		"C-38": func(t *testing.T, s *service) {
			got := s.do("POST", connectPath, body(webClient))
			expect(t, got, http.StatusCreated, "")
			if got.header.Get("Content-Type") != "application/json" {
				t.Errorf("Content-Type is %s", got.header.Get("Content-Type"))
			}
			for _, member := range []string{
				"client_id", "client_secret", "client_secret_expires_at", "client_id_issued_at", "registration_access_token", "registration_client_uri",
				"redirect_uris", "client_name", "grant_types", "response_types", "application_type", "token_endpoint_auth_method", "id_token_signed_response_alg",
			} {
				if got.json(t)[member] == nil {
					t.Errorf("%s is missing in %s", member, got)
				}
			}
		},
		"C-39": func(t *testing.T, s *service) {
			seen := map[string]bool{}
			for range 20 {
				client := s.client(webClient)
				for _, member := range []string{"client_id", "client_secret", "registration_access_token"} {
					if value := client.text(t, member); seen[value] {
						t.Errorf("%s repeats", member)
					} else {
						seen[value] = true
					}
				}
			}
		},
		"C-40": func(t *testing.T, s *service) {
			client := s.client(webClient)
			if uri := client.text(t, "registration_client_uri"); uri != publicURL+clientsPath+"/"+client.id {
				t.Errorf("registration_client_uri is %s", uri)
			}
		},
		"C-41": func(t *testing.T, s *service) {
			client := s.client(webClient).json(t)
			if client["client_secret_expires_at"] != json.Number("0") {
				t.Errorf("client_secret_expires_at is %v", client["client_secret_expires_at"])
			}
			if _, there := s.client(publicClient).json(t)["client_secret_expires_at"]; there {
				t.Error("an expiry of no secret is told")
			}
		},
		"C-42": func(t *testing.T, s *service) {
			s.silent(func() {
				expect(t, s.do("POST", connectPath, body(`{"redirect_uris":["http://a.example/"]}`)), http.StatusBadRequest, "invalid_redirect_uri")
				expect(t, s.do("POST", connectPath, body(`{"redirect_uris":["https://a.example/"],"subject_type":"x"}`)), http.StatusBadRequest, "invalid_client_metadata")
				challenge(t, s.do("POST", connectPath, body(webClient), bearer("wrong")))
			})
		},
		"C-43": func(t *testing.T, s *service) {
			client := s.client(webClient)
			origin := header("Origin", "https://app.example")
			expect(t, s.do("OPTIONS", client.path, origin, header("Access-Control-Request-Method", "PUT")), http.StatusNoContent, "")
			for _, got := range []answer{
				s.do("GET", client.path, origin, bearer(client.token)), s.do("GET", client.path, origin),
				s.do("PUT", client.path, origin, bearer(client.token), client.update("x")), s.do("DELETE", client.path, origin, bearer(client.token)),
			} {
				if got.header.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("a script may not read %s", got)
				}
			}
		},
		"C-44": func(t *testing.T, s *service) {
			mine, other := s.client(webClient), s.client(webClient)
			s.silent(func() {
				for _, method := range []string{"GET", "PUT", "DELETE"} {
					challenge(t, s.do(method, other.path, bearer(mine.token), other.update("x")))
				}
			})
		},
		"C-45": func(t *testing.T, s *service) {
			client := s.client(webClient)
			s.silent(func() {
				first, second := s.do("GET", client.path, bearer(client.token)), s.do("GET", client.path, bearer(client.token))
				if string(first.body) != string(second.body) {
					t.Errorf("read %s, then %s", first, second)
				}
			})
		},
		"C-46": func(t *testing.T, s *service) {
			client := s.client(webClient)
			got := s.do("GET", client.path, bearer(client.token))
			expect(t, got, http.StatusOK, "")
			want := client.json(t)
			delete(want, "client_secret")
			delete(want, "client_secret_expires_at")
			if diff := cmp.Diff(want, got.json(t)); diff != "" || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("of %s (-registered +read):\n%s", got.header.Get("Content-Type"), diff)
			}
		},
		"C-47": func(t *testing.T, s *service) {
			client := s.client(webClient)
			unknown, wrong := s.do("GET", clientsPath+"/unknown", bearer(client.token)), s.do("GET", client.path, bearer("wrong"))
			if challenge(t, unknown) != challenge(t, wrong) || string(unknown.body) != string(wrong.body) {
				t.Errorf("an unknown client is answered %s, a wrong token %s", unknown, wrong)
			}
		},
		"C-49": func(t *testing.T, s *service) {
			for _, path := range []string{clientsPath, connectPath} {
				for _, id := range []string{"/unknown", "/", "/%00", "/a/b", "/..%2f", "/" + strings.Repeat("x", 5000)} {
					for _, method := range []string{"GET", "PUT", "DELETE"} {
						got := s.unchecked().do(method, path+id, bearer("x"), body(webClient))
						if got.status == http.StatusNotFound && id != "/" {
							t.Errorf("%s %.60s: %s", method, path+id, got)
						}
					}
				}
			}
		},
		"D-13": func(t *testing.T, s *service) {
			for _, path := range []string{clientsPath, connectPath} {
				expect(t, s.do("POST", path, body(webClient), typed("application/json")), http.StatusCreated, "")
				expect(t, s.do("POST", path, body("redirect_uris=x"), typed("application/x-www-form-urlencoded")), http.StatusUnsupportedMediaType, "invalid_request")
			}
		},
		"D-14": func(t *testing.T, s *service) {
			expect(t, s.do("POST", clientsPath, body(webClient)), http.StatusCreated, "")
		},
		"D-15": func(t *testing.T, s *service) {
			got := s.do("POST", clientsPath, body(webClient))
			if got.status != http.StatusCreated || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("%d of %s", got.status, got.header.Get("Content-Type"))
			}
		},
		"D-16": func(t *testing.T, s *service) {
			document := `{"redirect_uris":["https://a.example/"],"client_name":"x","client_name#de-AT":"y","contacts":["a@a.example"],"scope":"a b","software_id":"s","software_version":"1"}`
			got := s.register(document).json(t)
			var sent map[string]any
			if err := json.Unmarshal([]byte(document), &sent); err != nil {
				t.Fatal(err)
			}
			for member, value := range sent {
				if diff := cmp.Diff(value, got[member]); diff != "" {
					t.Errorf("%s (-sent +registered):\n%s", member, diff)
				}
			}
			for _, member := range []string{"client_secret", "client_secret_expires_at", "grant_types", "token_endpoint_auth_method"} {
				if got[member] == nil {
					t.Errorf("%s is missing", member)
				}
			}
		},
		"D-18": func(t *testing.T, s *service) {
			client := s.client(webClient)
			for _, got := range []answer{
				client.answer, s.do("GET", client.path, bearer(client.token)), s.do("PUT", client.path, bearer(client.token), client.update("x")),
				s.do("POST", clientsPath, body(`{`)), s.do("GET", client.path), s.do("DELETE", client.path, bearer(client.token)),
			} {
				if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Pragma") != "no-cache" {
					t.Errorf("%s may be cached: %v", got, got.header)
				}
			}
		},
		"D-19": func(t *testing.T, s *service) {
			if got := challenge(t, s.do("POST", clientsPath, body(webClient), bearer("wrong"))); !strings.Contains(got, "invalid_token") {
				t.Errorf("challenge %s", got)
			}
			got := s.do("POST", clientsPath, body(`{"redirect_uris":[]}`))
			if got.status != http.StatusBadRequest || got.header.Get("Content-Type") != "application/json" || got.header.Get("WWW-Authenticate") != "" {
				t.Errorf("refused with %s, %v", got, got.header)
			}
		},
		"D-20": func(t *testing.T, s *service) {
			for _, document := range []string{
				`{"redirect_uris":["https://a.example/\"\\ä\u0000"]}`, `{"redirect_uris":["https://a.example/"],"client_name#ä\"":"x","subject_type":"ä\"\\"}`,
				`{"redirect_uris":["ä://x"],"grant_types":["ä\n"]}`,
			} {
				got := s.do("POST", clientsPath, body(document))
				if got.status != http.StatusBadRequest {
					t.Errorf("%s: %s", document, got)
					continue
				}
				expect(t, got, got.status, got.text(t, "error"))
				if code := got.text(t, "error"); !regexp.MustCompile(`^[a-z_]+$`).MatchString(code) {
					t.Errorf("error is %q", code)
				}
			}
		},
	})
	rows(t, map[string]func(*testing.T, *service){
		"C-33": func(t *testing.T, s *service) {
			if got := challenge(t, s.do("POST", connectPath, body(webClient))); strings.Contains(got, "error") {
				t.Errorf("challenge %s", got)
			}
			if got := challenge(t, s.do("POST", connectPath, body(webClient), bearer("wrong"))); !strings.Contains(got, `error="invalid_token"`) {
				t.Errorf("challenge %s", got)
			}
		},
	}, func(o *api.Options) { o.Registration = api.RegistrationToken })
	rows(t, map[string]func(*testing.T, *service){
		"C-48": func(t *testing.T, s *service) {
			expect(t, s.do("POST", connectPath, body(webClient)), http.StatusForbidden, "access_denied")
		},
	}, func(o *api.Options) { o.Registration = api.RegistrationClosed })
}

// Every answer can be put back as it is, and holds neither null nor an empty string.
func TestAnswersCanBePutBack(t *testing.T) {
	s := checked(t)
	for _, c := range conformanceCases(t) {
		registered := s.do("POST", connectPath, func(r *http.Request) {
			body(string(c.bytes(t)))(r)
			for name, value := range c.Headers {
				r.Header.Set(name, value)
			}
		})
		if registered.status != http.StatusCreated {
			continue
		}
		path, token := connectPath+"/"+registered.text(t, "client_id"), bearer(registered.text(t, "registration_access_token"))
		for member, value := range registered.json(t) {
			if value == nil || value == "" {
				t.Errorf("%s: %s is %#v", c.ID, member, value)
			}
		}
		s.silent(func() {
			expect(t, s.do("PUT", path, token, body(stripped(t, registered))), http.StatusOK, "")
			read := s.do("GET", path, token)
			put := s.do("PUT", path, token, body(stripped(t, read)))
			if string(put.body) != string(read.body) {
				t.Errorf("%s: read %s, put back %s", c.ID, read, put)
			}
		})
	}
}

// Whatever a registration refuses, an update refuses in the same words and changes nothing.
func TestUpdatesRefuseWhatRegistrationsRefuse(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	for _, c := range conformanceCases(t) {
		var document map[string]any
		if c.Method != "POST" || json.Unmarshal(c.Body, &document) != nil || document == nil {
			continue
		}
		refused := s.do("POST", clientsPath, body(string(c.Body)))
		if refused.status != http.StatusBadRequest {
			continue
		}
		for _, member := range []string{"client_secret", "registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"} {
			delete(document, member)
		}
		document["client_id"] = client.id
		text, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		s.silent(func() {
			if got := s.do("PUT", client.path, bearer(client.token), body(string(text))); got.String() != refused.String() {
				t.Errorf("%s: registration: %s, update: %s", c.ID, refused, got)
			}
		})
	}
	if got := s.do("GET", client.path, bearer(client.token)); got.text(t, "client_name") != "Web" {
		t.Errorf("the client has changed to %s", got)
	}
}
