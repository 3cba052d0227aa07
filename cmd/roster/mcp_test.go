package main

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inspector is what the MCP Inspector asks for (modelcontextprotocol/inspector, client/src/lib/auth.ts), without
// the scope that it leaves empty.
const inspector = `{"redirect_uris":["http://localhost:6274/oauth/callback"],"token_endpoint_auth_method":"none",
	"grant_types":["authorization_code","refresh_token"],"response_types":["code"],
	"client_name":"MCP Inspector","client_uri":"https://github.com/modelcontextprotocol/inspector"}`

// TestMCPSDK lets the SDK of the Model Context Protocol for JavaScript find Roster in front of an authorization
// server, register and ask for authorization. That server is told by its host, as Keycloak is, takes clients
// past Roster, and says nothing of S256, without which the SDK gives up.
func TestMCPSDK(t *testing.T) {
	var asked string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Host
		base := "http://" + r.Host
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": base, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token",
			"registration_endpoint": base + "/elsewhere", "client_id_metadata_document_supported": true,
			"response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"plain"},
			"grant_types_supported": []string{"authorization_code", "refresh_token"},
		})
	}))
	defer upstream.Close()
	patch := filepath.Join(t.TempDir(), "patch.json")
	if err := os.WriteFile(patch, []byte(`{"code_challenge_methods_supported":["S256"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, settings := range map[string][]string{
		"default policy":   nil,
		"code and refresh": {"--allow-grant-types", "authorization_code,refresh_token"},
	} {
		t.Run(name, func(t *testing.T) {
			public := freeAddress(t)
			s := start(t, t.TempDir(), append(settings, "--listen", public,
				"--upstream-metadata", upstream.URL, "--upstream-host", public, "--upstream-patch", patch)...)
			if asked != public || strings.Contains(s.stderr.String(), "another origin") {
				t.Errorf("the authorization server was asked for %s: %s", asked, s.stderr)
			}
			var outcome struct {
				Result, Authorization string
				Client                map[string]any
			}
			if err := json.Unmarshal(runNode(t, "authorize.mjs", s.base+"/mcp", inspector), &outcome); err != nil {
				t.Fatal(err)
			}
			id, _ := outcome.Client["client_id"].(string)
			s.must(http.StatusOK, "GET", "/api/v1/clients/"+id, "admin", "")
			var wanted map[string]any
			if err := json.Unmarshal([]byte(inspector), &wanted); err != nil {
				t.Fatal(err)
			}
			for member, want := range wanted {
				if diff := cmp.Diff(want, outcome.Client[member]); diff != "" {
					t.Errorf("%s (-asked +registered):\n%s", member, diff)
				}
			}
			at, err := url.Parse(outcome.Authorization)
			if err != nil {
				t.Fatal(err)
			}
			if query := at.Query(); outcome.Result != "REDIRECT" || at.Host != public || at.Path != "/authorize" ||
				query.Get("client_id") != id || query.Get("code_challenge_method") != "S256" {
				t.Errorf("%s to %s", outcome.Result, at)
			}
		})
	}
}

// freeAddress returns an address that a server can listen on.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// runNode runs a script of testdata/mcp and returns what it prints.
func runNode(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	if _, err := os.Stat("testdata/mcp/node_modules"); errors.Is(err, os.ErrNotExist) {
		t.Skip("the npm packages of testdata/mcp are not there; make mcp installs them, and make test does so")
	}
	command := exec.CommandContext(t.Context(), "node", append([]string{script}, args...)...)
	command.Dir = "testdata/mcp"
	command.Stderr = os.Stderr
	printed, err := command.Output()
	if err != nil {
		t.Fatalf("node %s: %v", script, err)
	}
	return printed
}
