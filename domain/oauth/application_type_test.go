package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

// TestApplicationType has what clients say of themselves and what they are registered as, by a registration and by
// an update.
func TestApplicationType(t *testing.T) {
	const (
		cursor   = `"redirect_uris":["cursor://anysphere.cursor-mcp/oauth/callback","https://www.cursor.com/agents/mcp/oauth/callback","http://localhost:8787/callback"],"token_endpoint_auth_method":"none"`
		agent    = `"redirect_uris":["http://localhost:4242","http://localhost:8080","edu.kit.data.oidc-agent:/redirect"]`
		implicit = `,"grant_types":["implicit"],"response_types":["id_token"]`
		web      = `,"application_type":"web"`
		native   = `,"application_type":"native"`
		mobile   = `,"application_type":"mobile"`
	)
	for members, want := range map[string]string{ // empty: refused
		// Cursor (issue 7), oidc-agent 5 (its default ports and scheme).
		cursor: "native", cursor + web: "native", cursor + native: "native", cursor + mobile: "native",
		agent: "native", agent + web: "native",
		// Claude Code, Gemini CLI: loopback alone.
		`"redirect_uris":["http://localhost:1/","com.example.app:/cb"]`:                  "native",
		`"redirect_uris":["http://127.0.0.1/"]`:                                          "native",
		`"redirect_uris":["http://127.0.0.1/"]` + web:                                    "web",
		`"redirect_uris":["http://localhost/cb"]` + mobile:                               "native",
		`"redirect_uris":["http://localhost/cb"]` + implicit:                             "",
		`"redirect_uris":["http://localhost/cb"]` + implicit + web:                       "",
		`"redirect_uris":["http://localhost/cb"]` + implicit + mobile:                    "native",
		`"redirect_uris":["http://localhost/cb","com.example.app:/cb"]` + web + implicit: "native",
		// Claimed https beside private-use schemes, in every order.
		`"redirect_uris":["com.example.app:/cb"]`:                                                                                            "native",
		`"redirect_uris":["com.example.app:/cb"]` + web:                                                                                      "native",
		`"redirect_uris":["https://a.example/","com.example.app:/cb"]`:                                                                       "native",
		`"redirect_uris":["https://a.example/","com.example.app:/cb"]` + web:                                                                 "native",
		`"redirect_uris":["vscode://vscode.github-authentication/did-authenticate","https://vscode.dev/redirect","http://127.0.0.1:33418/"]`: "native",
		`"redirect_uris":["COM.Example.App:/cb","https://a.example/"]`:                                                                       "native",
		`"redirect_uris":["https://a.example/","http://localhost/"]`:                                                                         "web",
		`"redirect_uris":["https://a.example/"]`:                                                                                             "web",
		`"redirect_uris":["https://a.example/"]` + mobile:                                                                                    "native",
		// What is not lawful for a native client.
		`"redirect_uris":["com.example.app:/cb","http://a.example/"]`:          "",
		`"redirect_uris":["com.example.app:/cb","http://127.0.0.2/"]`:          "",
		`"redirect_uris":["com.example.app:/cb","https://localhost/"]`:         "",
		`"redirect_uris":["com.example.app:/cb","https://127.0.0.1/"]` + web:   "",
		`"redirect_uris":["com.example.app:/cb","javascript:alert(1)"]`:        "",
		`"redirect_uris":["data:text/html,x","com.example.app:/cb"]` + web:     "",
		`"redirect_uris":["com.example.app:/cb","https://a.example/#f"]`:       "",
		`"redirect_uris":["https://localhost/"]` + mobile:                      "",
		`"redirect_uris":["https://localhost/"]`:                               "web",
		`"redirect_uris":["com.example.app:/cb"],"application_type":"desktop"`: "",
		`"redirect_uris":["com.example.app:/cb"],"application_type":"Web"`:     "",
		`"redirect_uris":["https://a.example/"],"application_type":"Mobile"`:   "",
		// Others that a person is redirected to.
		`"redirect_uris":["https://a.example/"],"post_logout_redirect_uris":["com.example.app:/out"]`:                      "native",
		`"redirect_uris":["https://a.example/"],"post_logout_redirect_uris":["com.example.app:/out"]` + web:                "native",
		`"redirect_uris":["https://a.example/"],"claims_redirect_uris":["com.example.app:/claims"]` + web:                  "native",
		`"redirect_uris":["com.example.app:/cb"],"post_logout_redirect_uris":["com.example.app:/out","http://localhost/"]`: "native",
		`"redirect_uris":["https://localhost/"],"post_logout_redirect_uris":["com.example.app:/out"]`:                      "",
		`"redirect_uris":["http://localhost/cb"],"post_logout_redirect_uris":["http://localhost/"]`:                        "native",
		`"redirect_uris":["http://localhost/cb"],"post_logout_redirect_uris":["https://localhost/"]`:                       "web",
		`"redirect_uris":["http://localhost/cb"],"claims_redirect_uris":["https://localhost/"]`:                            "web",
		`"redirect_uris":["http://localhost/cb"],"post_logout_redirect_uris":["https://a.example/"]`:                       "web",
		`"redirect_uris":["com.example.app:/cb"],"post_logout_redirect_uris":["https://localhost/"]` + web:                 "",
		`"redirect_uris":["com.example.app:/cb"],"post_logout_redirect_uris":["http://127.0.0.2/"]`:                        "",
		`"redirect_uris":["https://a.example/"],"post_logout_redirect_uris":["javascript:x"]`:                              "",
		`"redirect_uris":["https://a.example/"],"claims_redirect_uris":["http://127.9.9.9/"]`:                              "",
		// Redirect URIs of a client that is never redirected say nothing.
		`"redirect_uris":["server.example.com"],"grant_types":["password"]`:             "web",
		`"redirect_uris":["com.example.app:/cb"],"grant_types":["password"]`:            "web",
		`"redirect_uris":["server.example.com"],"grant_types":["password"]` + mobile:    "native",
		`"grant_types":["client_credentials"],"post_logout_redirect_uris":["a.b:/out"]`: "native",
	} {
		checkApplicationType(t, members, want)
	}
}

// checkApplicationType checks the application type that a client with the members has; empty: it is refused.
func checkApplicationType(t *testing.T, members, want string) {
	t.Helper()
	requested := request(t, "{"+members+"}")
	metadata, err := admit(t, oauth.DefaultPolicy, requested)
	if err != nil {
		var refused *oauth.Error
		if !errors.As(err, &refused) || want != "" {
			t.Errorf("%s: %v, want %q", members, err, want)
		}
		return
	}
	if got := metadata.Text("application_type"); got != want {
		t.Errorf("%s: %q, want %q", members, got, want)
	}
	for _, name := range []string{"redirect_uris", "post_logout_redirect_uris", "claims_redirect_uris"} {
		if given := string(requested.Document[name]); given != "" {
			kept := `["` + strings.Join(metadata.List(name), `","`) + `"]`
			if diff := cmp.Diff(given, kept); diff != "" {
				t.Errorf("%s: %s (-given +kept):\n%s", members, name, diff)
			}
		}
	}
}

// TestTermsHoldTheApplicationTypeThatComesOfIt holds a client that says web and is taken as native to the limit of
// its initial access token on native clients, and the other way about.
func TestTermsHoldTheApplicationTypeThatComesOfIt(t *testing.T) {
	const app = `{"redirect_uris":["com.example.app:/cb"],"application_type":"web"}`
	for limit, allowed := range map[string]bool{"native": true, "web": false} {
		limited := request(t, app)
		limited.Terms = oauth.Terms{ApplicationTypes: []string{limit}}
		_, err := admit(t, oauth.DefaultPolicy, limited)
		var refused *oauth.Error
		if allowed != (err == nil) || !allowed && (!errors.As(err, &refused) || refused.Field != "application_type") {
			t.Errorf("a limit to %s: %v", limit, err)
		}
	}
}
