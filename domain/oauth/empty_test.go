package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

// TestEmptyStrings has an empty string for every member that takes a string. Where it is as good as nothing, the
// client is what it is without the member, and a change by nothing else is none. MCP Inspector, Gemini CLI and
// mcp-go send "scope":"".
func TestEmptyStrings(t *testing.T) {
	without := registered(t, webApp)
	for _, member := range oauth.Members {
		if member.Kind != oauth.KindText && member.Kind != oauth.KindURI {
			continue
		}
		names := []string{member.Name}
		if member.Localized {
			names = append(names, member.Name+"#de")
		}
		for _, name := range names {
			body := strings.Replace(webApp, `"client_name":"App"`, quote(name)+`:""`, 1)
			if name != "client_name" {
				body = strings.Replace(webApp, "{", `{`+quote(name)+`:"",`, 1)
			}
			with, registration := admit(t, oauth.DefaultPolicy, request(t, body))
			changed, change := admit(t, oauth.DefaultPolicy, update(t, without, body))
			if !isFreeText(member.Name) {
				checkRefused(t, registration, oauth.InvalidClientMetadata, name)
				checkRefused(t, change, oauth.InvalidClientMetadata, name)
				continue
			}
			if registration != nil || change != nil {
				t.Errorf("%s is empty: %v, %v", name, registration, change)
				continue
			}
			want := without
			if name == "client_name" {
				want = registered(t, `{"redirect_uris":["https://client.example.org/cb"]}`)
			} else if !changed.Equal(without) {
				t.Errorf("%s is empty: changed to %v", name, changed)
			}
			if diff := cmp.Diff(want, with); diff != "" {
				t.Errorf("%s is empty (-without +with):\n%s", name, diff)
			}
		}
	}
}

// isFreeText reports whether a member holds neither one of a list of words nor a name in a certificate.
func isFreeText(name string) bool {
	listed := strings.HasSuffix(name, "_alg") || strings.HasSuffix(name, "_enc") || strings.HasSuffix(name, "_auth_method") ||
		name == "application_type" || name == "subject_type" || name == "backchannel_token_delivery_mode"
	return !listed && !strings.HasPrefix(name, "tls_client_auth_")
}

func TestEmptyClaimsAndStatements(t *testing.T) {
	p := policyWith(func(p *oauth.Policy) { p.RequireSoftwareStatement = true })
	var refused *oauth.Error
	_, err := admit(t, p, request(t, `{"redirect_uris":["https://a.example/"],"software_statement":""}`))
	if !errors.As(err, &refused) || refused.Code != oauth.UnapprovedSoftwareStatement {
		t.Errorf("an empty statement where one is needed: %v", err)
	}
	given := statement(`{"iss":"https://i.example","client_name":"","scope":"openid"}`)
	got, _, err := confirmed(request(t, `{"redirect_uris":["https://a.example/"],"client_name":"Own","scope":"","software_statement":"`+given+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got.Name() != "Own" || got.Text("scope") != "openid" {
		t.Errorf("an empty claim leaves the name %q, an empty member the scope %q", got.Name(), got.Text("scope"))
	}
}
