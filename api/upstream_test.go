package api_test

import (
	"net/http"
	"strings"
	"testing"

	"roster/api"
	"roster/domain/access"
)

// The examples of RFC 7396 Appendix A whose results are objects, with an issuer beside them.
func TestMetadataPatch(t *testing.T) {
	s := start(t, func(o *api.Options) { o.RegistrationMode = access.RegistrationClosed })
	for _, test := range []struct{ original, patch, want string }{
		{`"a":"b"`, `{"a":"c"}`, `"a":"c"`},
		{`"a":"b"`, `{"b":"c"}`, `"a":"b","b":"c"`},
		{`"a":"b"`, `{"a":null}`, ``},
		{`"a":"b","b":"c"`, `{"a":null}`, `"b":"c"`},
		{`"a":["b"]`, `{"a":"c"}`, `"a":"c"`},
		{`"a":"c"`, `{"a":["b"]}`, `"a":["b"]`},
		{`"a":{"b":"c"}`, `{"a":{"b":"d","c":null}}`, `"a":{"b":"d"}`},
		{`"a":[{"b":"c"}]`, `{"a":[1]}`, `"a":[1]`},
		{`"e":null`, `{"a":1}`, `"e":null,"a":1`},
		{`"a":"foo"`, `{"a":{"bb":{"ccc":null}}}`, `"a":{"bb":{}}`},
		{``, `{"a":{"bb":{"ccc":null}}}`, `"a":{"bb":{}}`},
		// Wording and order of all else stay.
		{`"x":1.50,"a":"\u0062","y":{"b":"\/", "c":1}`, `{"a":2,"y":{"c":[ null, "\u0063" ]}}`, `"x":1.50,"a":2,"y":{"b":"\/","c":[null,"\u0063"]}`},
		{`"a":1`, `{}`, `"a":1`},
		// Names are compared code point by code point.
		{`"a":1`, `{"\u0061":2,"A":3}`, `"a":2,"A":3`},
	} {
		issuer := `{"issuer":"https://as.example"`
		joined := func(members string) string {
			if members == "" {
				return issuer + "}"
			}
			return issuer + "," + members + "}"
		}
		if err := s.api.PublishMetadata([]byte(joined(test.original)), []byte(test.patch)); err != nil {
			t.Errorf("%s: %v", test.patch, err)
		}
		if got := s.do("GET", discoveryPaths[0]); string(got.body) != joined(test.want) {
			t.Errorf("%s patched by %s is %s", test.original, test.patch, got.body)
		}
	}
	before := s.do("GET", discoveryPaths[0])
	for _, wrong := range []string{``, `null`, `[]`, `"a"`, `{`, `{"a":1,"a":2}`, `{"a":{"b":1,"b":1}}`, `{}{}`, "{\"a\":\"\xff\"}",
		`{"issuer":null}`, `{"issuer":1}`, `{"issuer":"as"}`, `{"issuer":{"a":"b"}}`} {
		if err := s.api.PublishMetadata([]byte(`{"issuer":"https://as.example"}`), []byte(wrong)); err == nil {
			t.Errorf("the patch %q was taken", wrong)
		}
		if err := api.CheckMetadataPatch([]byte(wrong)); err == nil {
			t.Errorf("the patch %q is no mistake", wrong)
		}
	}
	if after := s.do("GET", discoveryPaths[0]); after.String() != before.String() {
		t.Errorf("what was refused is answered: %s", after)
	}
}

// Nothing in an authorization server's metadata leads past the registry in front of it, whatever the patch says.
func TestNothingLeadsPastTheRegistry(t *testing.T) {
	const issuer, ours = `{"issuer":"https://as.example"`, `"registration_endpoint":"` + publicURL + connectPath + `"}`
	for _, test := range []struct{ upstream, patch, want string }{
		{`"registration_endpoint":"https://as.example/register"`, `{}`, ``},
		{``, `{}`, ``},
		{`"registration_endpoint":null`, `{}`, ``},
		{``, `{"registration_endpoint":"https://as.example/register"}`, ``},
		{`"a":1`, `{"registration_endpoint":null}`, `"a":1`},
		// Clients that fold the case of names, such as Go's, take the last of them.
		{`"Registration_Endpoint":"https://as.example/register","regi\u017ftration_endpoint":"https://as.example/register"`, `{}`, ``},
		{`"a":1`, `{"REGISTRATION_ENDPOINT":"https://as.example/register"}`, `"a":1`},
		// RFC 8705 5.
		{`"mtls_endpoint_aliases":{"token_endpoint":"https://mtls.as.example/token","registration_endpoint":"https://mtls.as.example/register"}`, `{}`,
			`"mtls_endpoint_aliases":{"token_endpoint":"https://mtls.as.example/token"}`},
		{`"mtls_endpoint_aliases":{"Registration_endpoint":"https://mtls.as.example/register"}`, `{}`, `"mtls_endpoint_aliases":{}`},
		{`"MTLS_endpoint_aliases":{"registration_endpoint":"https://mtls.as.example/register"}`, `{}`, `"MTLS_endpoint_aliases":{}`},
		{``, `{"mtls_endpoint_aliases":{"registration_endpoint":"https://mtls.as.example/register"}}`, `"mtls_endpoint_aliases":{}`},
		{`"mtls_endpoint_aliases":"none"`, `{}`, `"mtls_endpoint_aliases":"none"`},
		// RFC 8414 2.1.
		{`"signed_metadata":"e30.e30.c2ln","a":1`, `{}`, `"a":1`},
		{`"a":1`, `{"signed_metadata":"e30.e30.c2ln"}`, `"a":1`},
		{`"Signed_Metadata":"e30.e30.c2ln"`, `{}`, ``},
		// OpenID Federation 1.0, 5.1.3; OAuth Client ID Metadata Document 5. Who wants them says so.
		{`"federation_registration_endpoint":"https://as.example/federation","client_registration_types_supported":["automatic","explicit"]`, `{}`, ``},
		{`"client_id_metadata_document_supported":true`, `{}`, ``},
		{`"client_id_metadata_document_supported":true`, `{"client_id_metadata_document_supported":true}`, `"client_id_metadata_document_supported":true`},
		// Of others' members nobody makes anything.
		{`"x":{"registration_endpoint":"y","signed_metadata":"z"}`, `{}`, `"x":{"registration_endpoint":"y","signed_metadata":"z"}`},
	} {
		s := checked(t)
		upstream, want := issuer+"}", issuer+","+ours
		if test.upstream != "" {
			upstream = issuer + "," + test.upstream + "}"
		}
		if test.want != "" {
			want = issuer + "," + test.want + "," + ours
		}
		if err := s.api.PublishMetadata([]byte(upstream), []byte(test.patch)); err != nil {
			t.Errorf("%s: %v", upstream, err)
		}
		for _, path := range discoveryPaths {
			if got := s.do("GET", path); string(got.body) != want {
				t.Errorf("%s with %s: got %s, want %s", upstream, test.patch, got.body, want)
			}
		}
	}
}

// Where nobody can register here, the authorization server's own ways stay; what it has signed is still not
// what is answered.
func TestClosedRegistryLeavesTheUpstreamAlone(t *testing.T) {
	s := checked(t, func(o *api.Options) { o.RegistrationMode = access.RegistrationClosed })
	const ways = `{"issuer":"https://as.example","registration_endpoint":"https://as.example/register",` +
		`"mtls_endpoint_aliases":{"registration_endpoint":"https://mtls.as.example/register"},"client_id_metadata_document_supported":true`
	for upstream, want := range map[string]string{
		ways + `}`: ways + `}`,
		ways + `,"signed_metadata":"e30.e30.c2ln"}`: ways + `}`,
		`{"issuer":"https://as.example"}`:           `{"issuer":"https://as.example"}`,
	} {
		if err := s.api.PublishMetadata([]byte(upstream), nil); err != nil {
			t.Fatal(err)
		}
		for _, path := range discoveryPaths {
			got := s.do("GET", path)
			expect(t, got, http.StatusOK, "")
			if string(got.body) != want {
				t.Errorf("%s: got %s, want %s", path, got.body, want)
			}
		}
	}
}

// An authorization server that is told by another name than its public one builds its endpoints on that.
func TestEndpointsElsewhereAreLogged(t *testing.T) {
	s := start(t)
	publish := func(members string) (logged string) {
		t.Helper()
		before := len(s.logs.String())
		if err := s.api.PublishMetadata([]byte(`{"issuer":"https://as.example/realm",`+members+`}`), nil); err != nil {
			t.Fatal(err)
		}
		return s.logs.String()[before:]
	}
	const inside, outside = `"token_endpoint":"http://keycloak:8080/token"`, `"token_endpoint":"https://as.example/token"`
	for _, step := range []struct {
		members string
		names   []string // of what is logged; none: no line
	}{
		{outside, nil},
		{`"token_endpoint":"https://AS.example:443/token","registration_endpoint":"https://elsewhere.example/"`, nil},
		{`"mtls_endpoint_aliases":{"token_endpoint":"https://mtls.as.example/"},"service_documentation":"https://docs.example/"`, nil},
		{inside, []string{"token_endpoint=http://keycloak:8080/token"}},
		{inside, nil},
		{`"a":1,` + inside, nil},
		{inside + `,"jwks_uri":"https://as.example:8443/jwks"`, []string{"token_endpoint", "jwks_uri=https://as.example:8443/jwks"}},
		{outside, nil},
		{`"authorization_endpoint":"http://as.example/authorize"`, []string{"authorization_endpoint=http://as.example/authorize"}},
	} {
		logged := publish(step.members)
		if lines := strings.Count(logged, "\n"); lines > 1 || lines == 1 != (step.names != nil) {
			t.Errorf("%s: logged %s", step.members, logged)
		}
		for _, name := range step.names {
			if !strings.Contains(logged, name) || !strings.Contains(logged, `"level":"WARN"`) {
				t.Errorf("%s: logged %s without %s", step.members, logged, name)
			}
		}
	}
}
