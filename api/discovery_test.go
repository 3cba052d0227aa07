package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/domain/access"
)

var discoveryPaths = []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}

func TestDiscovery(t *testing.T) {
	s := checked(t)
	document := s.do("GET", discoveryPaths[0]).json(t)
	for name, want := range map[string]string{"issuer": publicURL, "registration_endpoint": publicURL + connectPath} {
		if document[name] != want {
			t.Errorf("%s is %v, want %s", name, document[name], want)
		}
	}
	for _, path := range discoveryPaths {
		got := s.do("GET", path, header("Origin", "https://app.example"))
		expect(t, got, http.StatusOK, "")
		if diff := cmp.Diff(document, got.json(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		for name, value := range map[string]string{
			"Content-Type":                "application/json",
			"Cache-Control":               "public, max-age=300",
			"Pragma":                      "",
			"Access-Control-Allow-Origin": "*",
		} {
			if got.header.Get(name) != value {
				t.Errorf("%s: %s is %q, want %q", path, name, got.header.Get(name), value)
			}
		}
		head := s.do("HEAD", path)
		expect(t, head, http.StatusOK, "")
		tag := got.header.Get("ETag")
		for condition, status := range map[string]int{tag: 304, "W/" + tag: 304, `"1", ` + tag: 304, "*": 304, `"1"`: 200, tag[1:]: 200} {
			again := s.do("GET", path, header("If-None-Match", condition))
			if again.status != status || again.header.Get("ETag") != tag {
				t.Errorf("%s with If-None-Match %s: %d %v", path, condition, again.status, again.header)
			}
		}
		expect(t, s.do("POST", path), http.StatusMethodNotAllowed, "method_not_allowed")
	}
}

// Where nobody can register, nothing says where (RFC 7591 3).
func TestDiscoveryOfAClosedRegistry(t *testing.T) {
	s := checked(t, func(o *api.Options) { o.RegistrationMode = access.RegistrationClosed })
	for _, path := range discoveryPaths {
		got := s.do("GET", path)
		expect(t, got, http.StatusOK, "")
		if endpoint, there := got.json(t)["registration_endpoint"]; there {
			t.Errorf("%s: registration_endpoint is %v", path, endpoint)
		}
	}
}

func TestUpstreamMetadata(t *testing.T) {
	s := checked(t)
	own := s.do("GET", discoveryPaths[0])
	for _, wrong := range []string{
		``, `null`, `[]`, `{`, `{}`, `{"issuer":1}`, `{"issuer":""}`, `{"issuer":"as"}`, `{"issuer":"https://as.example:x"}`, `{"issuer":"https://as.example"}x`, `{"issuer":"https://as.example"}{}`,
		`{"issuer":"https://as.example","issuer":"https://as.example"}`, "{\"issuer\":\"\xff\"}", `{"issuer":"https://as.example",}`,
		`<html>`, "\xef\xbb\xbf{\"issuer\":\"https://as.example\"}", strings.Repeat(`{"issuer":`, 20_000),
	} {
		if err := s.api.PublishMetadata([]byte(wrong), nil); err == nil {
			t.Errorf("%.40q was taken", wrong)
		}
	}
	if now := s.do("GET", discoveryPaths[0]); now.String() != own.String() {
		t.Errorf("what was refused is answered: %s", now)
	}
	err := s.api.PublishMetadata([]byte(` {
		"issuer": "https://as.example",
		"registration_endpoint": "https://as.example/of-its-own",
		"token_endpoint": "https://as.example/tok\u0065n", "n": 1.50, "x": {"registration_endpoint": "y", "null": null}, "null": null
	} `), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"issuer":"https://as.example","token_endpoint":"https://as.example/tok\u0065n","n":1.50,` +
		`"x":{"registration_endpoint":"y","null":null},"null":null,"registration_endpoint":"` + publicURL + connectPath + `"}`
	for _, path := range discoveryPaths {
		if got := s.do("GET", path); string(got.body) != want {
			t.Errorf("%s: got %s, want %s", path, got.body, want)
		}
	}
}

// An issuer with a path is looked for in three places beside those of one without.
func TestMetadataOfAnIssuerWithAPath(t *testing.T) {
	s := checked(t).unchecked()
	origin := header("Origin", "https://app.example")
	places := []string{"/.well-known/oauth-authorization-server/realms/one", "/.well-known/openid-configuration/realms/one",
		"/realms/one/.well-known/openid-configuration", "/realms/one/.well-known/oauth-authorization-server"}
	own := s.do("GET", discoveryPaths[0]).header.Get("ETag")
	for _, path := range places {
		expect(t, s.do("GET", path), http.StatusNotFound, "not_found")
	}
	for _, issuer := range []string{"https://as.example/realms/one", `https:\/\/as.example\/realms\/one\/`} {
		if err := s.api.PublishMetadata([]byte(`{"issuer":"`+issuer+`"}`), nil); err != nil {
			t.Fatal(err)
		}
		want := s.do("GET", discoveryPaths[0], header("If-None-Match", own))
		for _, path := range append(places, discoveryPaths...) {
			got := s.do("GET", path+"?x=y", origin)
			if got.String() != want.String() || got.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: got %s %v, want %s", path, got, got.header, want)
			}
			expect(t, s.do("POST", path), http.StatusMethodNotAllowed, "method_not_allowed")
		}
		for _, path := range []string{"/.well-known/oauth-authorization-server/realms", "/.well-known/openid-configuration/realms/one/", "/realms/one",
			"/realms/two/.well-known/openid-configuration"} {
			expect(t, s.do("GET", path), http.StatusNotFound, "not_found")
		}
	}
}
