package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/domain/access"
)

// whoMay is who may call each endpoint. Whoever changes a role changes it here as well.
var whoMay = map[string]access.Role{
	"POST /identity/register":         access.Registrant,
	"POST /identity/connect/register": access.Registrant,

	"GET /identity/register/:client_id":            access.ClientOrAdministrator,
	"PUT /identity/register/:client_id":            access.ClientItself,
	"DELETE /identity/register/:client_id":         access.ClientOrAdministrator,
	"GET /identity/connect/register/:client_id":    access.ClientOrAdministrator,
	"PUT /identity/connect/register/:client_id":    access.ClientItself,
	"DELETE /identity/connect/register/:client_id": access.ClientOrAdministrator,

	"GET /api/v1/clients":                          access.Administrator,
	"GET /api/v1/clients/:client_id":               access.Administrator,
	"DELETE /api/v1/clients/:client_id":            access.Administrator,
	"POST /api/v1/clients/:client_id/suspension":   access.Administrator,
	"DELETE /api/v1/clients/:client_id/suspension": access.Administrator,
	"GET /api/v1/clients/:client_id/events":        access.Administrator,
	"GET /api/v1/events":                           access.Administrator,
	"GET /api/v1/registry":                         access.Administrator,
	"GET /api/v1/diff":                             access.Administrator,
	"GET /api/v1/refusals":                         access.Administrator,
	"GET /api/v1/initial-access-tokens":            access.Administrator,
	"POST /api/v1/initial-access-tokens":           access.Administrator,
	"GET /api/v1/initial-access-tokens/:id":        access.Administrator,
	"DELETE /api/v1/initial-access-tokens/:id":     access.Administrator,

	"GET /as/v1/clients/:client_id": access.AuthorizationServer,
	"POST /as/v1/authenticate":      access.AuthorizationServer,
	"GET /as/v1/changes":            access.AuthorizationServer,
	"GET /as/v1/consumers":          access.AuthorizationServer,
	"GET /as/v1/consumers/:name":    access.AuthorizationServer,
	"PUT /as/v1/consumers/:name":    access.AuthorizationServer,
	"DELETE /as/v1/consumers/:name": access.AuthorizationServer,

	"GET /.well-known/openid-configuration":       access.Anyone,
	"GET /.well-known/oauth-authorization-server": access.Anyone,
	"GET /healthz":      access.Anyone,
	"GET /readyz":       access.Anyone,
	"GET /metrics":      access.Anyone,
	"GET /openapi.json": access.Anyone,
}

func TestWhoMay(t *testing.T) {
	got := map[string]access.Role{}
	for _, e := range start(t).api.Endpoints() {
		got[e.Method+" "+e.Path] = e.May
	}
	if diff := cmp.Diff(whoMay, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Every endpoint is called with every kind of credentials, without any, and with those of somebody else. Whoever
// lacks the role of the endpoint is told so, and nothing happens.
func TestRoles(t *testing.T) {
	const nothing, password, apiTokens = "nothing", "password", "API token"
	const own, others, initial, wrong = "registration access token", "registration access token of another client", "initial access token", "wrong token"
	const authority = "authorization server token"
	presented := []string{nothing, password, apiTokens, own, others, initial, authority, wrong}

	accepted := map[access.Role][]string{ // and with an answer to all others:
		access.Anyone:                presented,
		access.ClientItself:          {own},
		access.ClientOrAdministrator: {own, password},
		access.Administrator:         {password, apiTokens},
		access.AuthorizationServer:   {authority},
	}
	refusal := map[access.Role]struct {
		code      string
		challenge string // begins with
	}{
		access.Registrant:            {"invalid_token", "Bearer "},
		access.ClientItself:          {"invalid_token", "Bearer "},
		access.ClientOrAdministrator: {"invalid_token", "Bearer "},
		access.Administrator:         {"unauthorized", "Basic "},
		access.AuthorizationServer:   {"invalid_token", "Bearer "},
	}
	registrants := map[access.RegistrationMode][]string{
		access.RegistrationOpen:   {nothing, password, initial}, // who presents no bearer token presents nothing
		access.RegistrationToken:  {initial},
		access.RegistrationClosed: nil,
	}
	for mode, mayRegister := range registrants {
		accepted[access.Registrant] = mayRegister
		s := checked(t, func(o *api.Options) { o.RegistrationMode = mode }, withAuthority(t))
		_, admitting := s.issue(`{}`)
		newClient := func() registered {
			if mode == access.RegistrationClosed {
				return registered{id: "none", token: "none"}
			}
			got := s.do("POST", clientsPath, bearer(admitting), body(webClient))
			expect(s.tb, got, http.StatusCreated, "")
			return registered{got.text(t, "client_id"), got.text(t, "registration_access_token"), "", got}
		}
		other := newClient()
		for _, e := range s.api.Endpoints() {
			if mode == access.RegistrationClosed && strings.Contains(e.Path, ":client_id") {
				continue // there is no client to call it for
			}
			for _, kind := range presented {
				t.Run(string(mode)+" "+e.Method+" "+e.Path+" with "+kind, func(t *testing.T) {
					s := s.in(t)
					client := newClient()
					tokenID, initialAccessToken := s.issue(`{}`)
					parts := []part{func(r *http.Request) {
						switch kind {
						case password:
							asAdmin(r)
						case apiTokens:
							bearer(apiToken)(r)
						case own:
							bearer(client.token)(r)
						case others:
							bearer(other.token)(r)
						case initial:
							bearer(initialAccessToken)(r)
						case authority:
							bearer(authorityToken)(r)
						case wrong:
							bearer("wrong")(r)
						}
					}}
					switch {
					case e.Path == "/as/v1/authenticate":
						parts = append(parts, form("client_id", client.id))
					case e.Path == "/as/v1/consumers/:name":
						s.do("PUT", "/as/v1/consumers/one", bearer(authorityToken), body(`{"seq":0}`))
						if parts = append(parts, body(`{"seq":1}`)); e.Method != http.MethodPut {
							parts = parts[:1]
						}
					case e.Method == http.MethodPut:
						parts = append(parts, body(stripped(t, client.answer)))
					case e.Method == http.MethodPost && strings.HasPrefix(e.Path, "/api/"):
						parts = append(parts, body(`{}`))
					case e.Method == http.MethodPost:
						parts = append(parts, body(webClient))
					}
					path := strings.NewReplacer(":client_id", client.id, ":id", tokenID, ":name", "one", "/registry", "/registry?at=1", "/diff", "/diff?from=0").Replace(e.Path)
					before := s.last()
					got := s.do(e.Method, path, parts...)

					may := false
					for _, k := range accepted[e.May] {
						may = may || k == kind
					}
					switch {
					case may && got.status >= 300:
						t.Errorf("refused: %s", got)
					case may:
					case e.May == access.Registrant && mode == access.RegistrationClosed:
						expect(t, got, http.StatusForbidden, "access_denied")
					default:
						want := refusal[e.May]
						expect(t, got, http.StatusUnauthorized, want.code)
						if challenge := got.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, want.challenge) {
							t.Errorf("WWW-Authenticate is %q", challenge)
						}
					}
					if !may && s.last() != before {
						t.Errorf("%d events for a refusal", s.last()-before)
					}
				})
			}
		}
	}
}
