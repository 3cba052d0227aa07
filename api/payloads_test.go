package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

// payloads are what clients of the field send, under their sources.
var payloads = map[string]struct {
	document string
	grants   []any // of those asked for, in a policy of authorization_code and refresh_token
	kind     string
}{
	"Cursor (its MCP client; issue 7)": {
		`{"client_name":"Cursor","redirect_uris":["cursor://anysphere.cursor-mcp/oauth/callback","https://www.cursor.com/agents/mcp/oauth/callback","http://localhost:8787/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none"}`,
		[]any{"authorization_code", "refresh_token"}, "native",
	},
	"Cursor that says web (issue 7)": {
		`{"redirect_uris":["cursor://anysphere.cursor-mcp/oauth/callback","https://www.cursor.com/agents/mcp/oauth/callback","http://localhost:8787/callback"],"token_endpoint_auth_method":"none","application_type":"web"}`,
		[]any{"authorization_code"}, "native",
	},
	"MCP Inspector (modelcontextprotocol/inspector, client/src/lib/auth.ts)": {
		`{"redirect_uris":["http://localhost:6274/oauth/callback"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"],"response_types":["code"],"client_name":"MCP Inspector","client_uri":"https://github.com/modelcontextprotocol/inspector","scope":""}`,
		[]any{"authorization_code", "refresh_token"}, "native",
	},
	"LibreChat (danny-avila/LibreChat, packages/api/src/mcp/oauth)": {
		`{"client_name":"LibreChat MCP Client","redirect_uris":["http://localhost:3080/api/mcp/server/oauth/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code","id_token","id_token token","code id_token","code token","code id_token token"],"token_endpoint_auth_method":"client_secret_basic","logo_uri":""}`,
		[]any{"authorization_code", "refresh_token"}, "native",
	},
	"LibreChat on the web, with the grants of the metadata": {
		`{"client_name":"LibreChat MCP Client","redirect_uris":["https://chat.example.org/api/mcp/server/oauth/callback"],"grant_types":["authorization_code","refresh_token","client_credentials","urn:ietf:params:oauth:grant-type:device_code"],"response_types":["code","code token","none"],"token_endpoint_auth_method":"client_secret_post"}`,
		[]any{"authorization_code", "refresh_token"}, "web",
	},
	"VS Code (microsoft/vscode, src/vs/base/common/oauth.ts)": {
		`{"client_name":"Visual Studio Code","client_uri":"https://code.visualstudio.com","grant_types":["authorization_code","refresh_token","urn:ietf:params:oauth:grant-type:device_code"],"response_types":["code"],"redirect_uris":["https://insiders.vscode.dev/redirect","https://vscode.dev/redirect","http://127.0.0.1/","http://127.0.0.1:33418/"],"token_endpoint_auth_method":"none","application_type":"native"}`,
		[]any{"authorization_code", "refresh_token"}, "native",
	},
	"Claude (issue 7, its grants beyond code and refresh)": {
		`{"client_name":"Claude","redirect_uris":["https://claude.ai/api/mcp/auth_callback"],"grant_types":["authorization_code","refresh_token","urn:ietf:params:oauth:grant-type:jwt-bearer"],"response_types":["code"],"token_endpoint_auth_method":"client_secret_post","scope":"claudeai"}`,
		[]any{"authorization_code", "refresh_token"}, "web",
	},
	"Claude Code": {
		`{"client_name":"Claude Code (server)","redirect_uris":["http://localhost:54212/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none"}`,
		[]any{"authorization_code", "refresh_token"}, "native",
	},
	"Gemini CLI (google-gemini/gemini-cli, packages/core/src/mcp/oauth-provider.ts)": {
		`{"client_name":"Gemini CLI MCP Client","redirect_uris":["http://localhost:7777/oauth/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none","scope":""}`,
		[]any{"authorization_code", "refresh_token"}, "native",
	},
	"mcp-go (mark3labs/mcp-go, client/transport/oauth.go)": {
		`{"client_name":"mcp-go-client","redirect_uris":["http://localhost:8085/oauth/callback"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"],"response_types":["code"],"scope":""}`,
		[]any{"authorization_code", "refresh_token"}, "native",
	},
	"oidc-agent (indigo-dc/oidc-agent, its default redirect URIs)": {
		`{"application_type":"web","client_name":"oidc-agent:host","redirect_uris":["edu.kit.data.oidc-agent:/redirect","http://localhost:8080","http://localhost:47947","http://localhost:4242"],"grant_types":["urn:ietf:params:oauth:grant-type:device_code","refresh_token","authorization_code"],"response_types":["code"],"token_endpoint_auth_method":"client_secret_basic","scope":"openid profile offline_access"}`,
		[]any{"refresh_token", "authorization_code"}, "native",
	},
}

// TestPayloadsOfClients registers what clients of the field send, under the default policy and under one of code and
// refresh alone, and puts it as an update. What is registered can be put back, and changes nothing.
func TestPayloadsOfClients(t *testing.T) {
	for policy, s := range map[string]*service{
		"default": checked(t),
		"code and refresh": checked(t, under(func(p *oauth.Policy) {
			p.GrantTypes = []string{"authorization_code", "refresh_token"}
		})),
	} {
		other := s.client(webClient)
		for source, payload := range payloads {
			t.Run(policy+"/"+source, func(t *testing.T) {
				s := s.in(t)
				var asked map[string]any
				if err := json.Unmarshal([]byte(payload.document), &asked); err != nil {
					t.Fatal(err)
				}
				grants, _ := asked["grant_types"].([]any)
				if policy != "default" || grants == nil {
					grants = payload.grants
				}
				posted := s.register(payload.document)
				put := s.do("PUT", other.path, bearer(other.token), body(withClientID(payload.document, other.id)))
				expect(t, put, http.StatusOK, "")
				for _, got := range []map[string]any{posted.json(t), put.json(t)} {
					for member, want := range map[string]any{
						"redirect_uris": asked["redirect_uris"], "application_type": payload.kind, "grant_types": grants, "response_types": []any{"code"},
						"token_endpoint_auth_method": asked["token_endpoint_auth_method"],
					} {
						if diff := cmp.Diff(want, got[member]); diff != "" {
							t.Errorf("%s (-want +got):\n%s", member, diff)
						}
					}
					for member, value := range asked {
						if _, there := got[member]; value == "" && there {
							t.Errorf("%s, which was empty, is answered", member)
						}
					}
				}
				own := clientsPath + "/" + posted.text(t, "client_id")
				before := s.last()
				expect(t, s.do("PUT", own, bearer(posted.text(t, "registration_access_token")), body(stripped(t, posted))), http.StatusOK, "")
				if s.last() != before {
					t.Error("putting back what was registered changed something")
				}
			})
		}
	}
}

// TestEventsSayWhatWasLeftOut reads it on the lines of an auditor.
func TestEventsSayWhatWasLeftOut(t *testing.T) {
	s := checked(t, under(func(p *oauth.Policy) {
		p.GrantTypes, p.Scopes = []string{"authorization_code", "refresh_token"}, []string{"openid"}
	}))
	client := s.client(`{"redirect_uris":["https://client.example.org/cb"],"grant_types":["authorization_code","password"],"scope":"openid admin"}`)
	expect(t, s.do("PUT", client.path, bearer(client.token), body(withClientID(
		`{"redirect_uris":["https://client.example.org/cb"],"response_types":["code","id_token"],"client_name":"New"}`, client.id))), http.StatusOK, "")
	lines := strings.Split(strings.TrimSpace(s.do("GET", "/api/v1/events", asAdmin).String()), "\n")
	for i, want := range []string{`"left_out":{"grant_types":["password"],"scope":"admin"}`, `"left_out":{"response_types":["id_token"]}`} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Errorf("event %d lacks %s: %v", i+1, want, lines)
		}
	}
	refusing := checked(t, under(func(p *oauth.Policy) { p.RefuseExcess = true; p.GrantTypes = []string{"authorization_code"} }))
	got := refusing.do("POST", clientsPath, body(payloads["VS Code (microsoft/vscode, src/vs/base/common/oauth.ts)"].document))
	expect(t, got, http.StatusBadRequest, "invalid_client_metadata")
}
