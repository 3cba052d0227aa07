package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"roster/api"
	"roster/domain/oauth"
	"roster/domain/registrar"
)

// under runs the service under the default policy with a change.
func under(change func(*oauth.Policy)) func(*api.Options) {
	return func(o *api.Options) {
		r := o.Registrar
		change(&r.Policy)
		o.Policy = r.Policy
		r.Census = o.Reader.(registrar.Census)
	}
}

// TestRoomForClients counts by the owner that an initial access token imposes: what strangers say of themselves
// uses up nobody's room.
func TestRoomForClients(t *testing.T) {
	s := checked(t, under(func(p *oauth.Policy) { p.MaxClients, p.MaxClientsPerOwner = 6, 2 }))
	owned := func(owner string) string {
		return fmt.Sprintf(`{"redirect_uris":["https://client.example.org/cb"],"ext_param_owner":%q}`, owner)
	}
	_, ann := s.issue(`{"owner":"ann"}`)
	_, bob := s.issue(`{"owner":"bob"}`)
	_, nobody := s.issue(`{"scopes":["openid"]}`)
	registered := func(token, owner string) answer {
		t.Helper()
		got := s.do("POST", clientsPath, bearer(token), body(owned(owner)))
		expect(t, got, http.StatusCreated, "")
		return got
	}
	refused := func(owner string, credentials ...part) {
		t.Helper()
		before := s.last()
		expect(t, s.do("POST", clientsPath, append(credentials, body(owned(owner)))...), http.StatusForbidden, "access_denied")
		if s.last() != before {
			t.Error("a registration for which there is no room is in the log")
		}
	}
	stranger := s.register(owned("ann"))
	registered(nobody, "ann")
	registered(ann, "bob")
	second := registered(ann, "ann")
	refused("ann", bearer(ann))
	refused("carl", bearer(ann))
	registered(bob, "ann")

	// Whoever a stranger says to belong to, now or later, counts for nobody.
	id, token := stranger.text(t, "client_id"), stranger.text(t, "registration_access_token")
	for _, owner := range []string{"bob", "ann"} {
		moved := fmt.Sprintf(`{"client_id":%q,"redirect_uris":["https://client.example.org/new"],"ext_param_owner":%q}`, id, owner)
		expect(t, s.do("PUT", clientsPath+"/"+id, bearer(token), body(moved)), http.StatusOK, "")
	}

	// One that ends makes room.
	got := s.do("DELETE", clientsPath+"/"+second.text(t, "client_id"), bearer(second.text(t, "registration_access_token")))
	expect(t, got, http.StatusNoContent, "")
	registered(ann, "ann")
	refused("ann", bearer(ann))

	// There is no room in all.
	s.register(owned("carl"))
	refused("carl")
	refused("ann", bearer(bob))
}
