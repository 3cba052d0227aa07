package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"roster/domain/oauth"
)

func TestPolicyOfTheSettings(t *testing.T) {
	changed := func(change func(*oauth.Policy)) oauth.Policy {
		p := oauth.DefaultPolicy
		change(&p)
		return p
	}
	for name, test := range map[string]struct {
		flags       []string
		environment map[string]string
		want        oauth.Policy
	}{
		"none": {want: oauth.DefaultPolicy},
		"every list": {
			flags: []string{
				"--allow-grant-types=authorization_code,refresh_token", "--allow-response-types=code,code id_token",
				"--allow-auth-methods=private_key_jwt,none", "--allow-signing-algs=ES256", "--no-allow-unsigned",
				"--allow-encryption-algs=ECDH-ES", "--allow-encryption-encs=A256GCM",
				"--allow-scopes=openid,profile", "--default-scopes=openid",
				"--allow-redirect-hosts=.example.org,localhost,::1", "--allow-redirect-schemes=com.example.app",
				"--pages-on-redirect-host",
				"--max-body-size=8192", "--max-redirect-uris=3", "--max-uri-length=200", "--max-clients=10", "--max-clients-per-owner=2",
			},
			want: oauth.Policy{
				GrantTypes:    []string{"authorization_code", "refresh_token"},
				ResponseTypes: []string{"code", "code id_token"}, AuthMethods: []string{"private_key_jwt", "none"},
				SigningAlgs: []string{"ES256"}, EncryptionAlgs: []string{"ECDH-ES"}, EncryptionEncs: []string{"A256GCM"},
				Scopes: []string{"openid", "profile"}, DefaultScopes: []string{"openid"},
				RedirectHosts: []string{".example.org", "localhost", "::1"}, RedirectSchemes: []string{"com.example.app"},
				PagesOnRedirectHost: true,
				MaxBodySize:         8192, MaxRedirectURIs: 3, MaxURILength: 200, MaxClients: 10, MaxClientsPerOwner: 2,
			},
		},
		"the environment": {
			environment: map[string]string{"ROSTER_ALLOW_GRANT_TYPES": "authorization_code", "ROSTER_MAX_REDIRECT_URIS": "1", "ROSTER_ALLOW_UNSIGNED": "false"},
			want: changed(func(p *oauth.Policy) {
				p.GrantTypes, p.MaxRedirectURIs, p.Unsigned = []string{"authorization_code"}, 1, false
			}),
		},
		"what is beyond": {
			environment: map[string]string{"ROSTER_EXCESS": "refuse"},
			want:        changed(func(p *oauth.Policy) { p.RefuseExcess = true }),
		},
		"what is beyond, as by default": {flags: []string{"--excess=narrow"}, want: oauth.DefaultPolicy},
		"an empty list": {
			flags: []string{"--allow-scopes=", "--allow-encryption-algs="},
			want:  changed(func(p *oauth.Policy) { p.EncryptionAlgs = []string{} }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range test.environment {
				t.Setenv(variable, value)
			}
			command, err := parse(slices.Concat([]string{"serve"}, test.flags), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			got, err := command.(*serveCommand).policy()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("policy (-want +got):\n%s", diff)
			}
			if got.Version() != test.want.Version() {
				t.Error("the same policy has another version")
			}
		})
	}
}

// TestSettingsInRefusalsAreFlags holds the settings that refusals name to the flags of serve, by their names: each is
// a flag, which the dashboard describes, and each flag by which a request can be refused is among them.
func TestSettingsInRefusalsAreFlags(t *testing.T) {
	named := settingConstants(t)
	settings := settingsInEffect(t, "serve")
	for name := range named {
		if settings[name].Meaning == "" || settings[name].Environment != "ROSTER_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_")) {
			t.Errorf("refusals name %s, which is no flag of serve, or one that is described as %+v", name, settings[name])
		}
	}
	refusing := []string{"registration", "registration-rate", "change-rate"}
	policy, err := kong.New(&policySettings{}, policyDefaults(), kong.NoDefaultHelp())
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range policy.Model.Flags {
		refusing = append(refusing, flag.Name)
	}
	for _, name := range refusing {
		if !named[name] {
			t.Errorf("--%s refuses requests and is no constant that refusals name", name)
		}
	}
}

// settingConstants returns the values of all constants by which refusals name settings: Setting and a name.
func settingConstants(t *testing.T) map[string]bool {
	t.Helper()
	named := map[string]bool{}
	for _, root := range []string{"../../api", "../../domain"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, declaration := range file.Decls {
				constants, ok := declaration.(*ast.GenDecl)
				if !ok || constants.Tok != token.CONST {
					continue
				}
				for _, spec := range constants.Specs {
					spec := spec.(*ast.ValueSpec)
					if !strings.HasPrefix(spec.Names[0].Name, "Setting") {
						continue
					}
					name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
					if err != nil {
						return fmt.Errorf("%s: %w", spec.Names[0].Name, err)
					}
					named[name] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return named
}
