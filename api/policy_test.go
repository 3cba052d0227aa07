package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"roster/api"
	"roster/domain"
	"roster/domain/registrar"
)

// under runs the service under the default policy with a change.
func under(change func(*domain.Policy)) func(*api.Options) {
	return func(o *api.Options) {
		r := o.Registrar.(*registrar.Registrar)
		change(&r.Policy)
		o.Policy = r.Policy
		r.Census = o.Reader.(registrar.Census)
	}
}

func TestRoomForClients(t *testing.T) {
	s := checked(t, under(func(p *domain.Policy) { p.MaxClients, p.MaxClientsPerOwner = 3, 2 }))
	owned := func(owner string) string {
		return fmt.Sprintf(`{"redirect_uris":["https://client.example.org/cb"],"ext_param_owner":%q}`, owner)
	}
	refused := func(owner string) {
		t.Helper()
		before := s.last()
		expect(t, s.do("POST", clientsPath, body(owned(owner))), http.StatusForbidden, "access_denied")
		if s.last() != before {
			t.Error("a registration for which there is no room is in the log")
		}
	}
	s.register(owned("ann"))
	second := s.register(owned("ann"))
	refused("ann")
	third := s.register(owned("bob"))
	refused("carl")

	// Moving to an owner who has as many as the policy allows is refused, and so is no other change.
	moving := func(owner string) answer {
		id, token := third.text(t, "client_id"), third.text(t, "registration_access_token")
		return s.do("PUT", clientsPath+"/"+id, bearer(token),
			body(fmt.Sprintf(`{"client_id":%q,"redirect_uris":["https://client.example.org/new"],"ext_param_owner":%q}`, id, owner)))
	}
	expect(t, moving("ann"), http.StatusForbidden, "access_denied")
	expect(t, moving("carl"), http.StatusOK, "")

	// One that ends makes room.
	got := s.do("DELETE", clientsPath+"/"+second.text(t, "client_id"), bearer(second.text(t, "registration_access_token")))
	expect(t, got, http.StatusNoContent, "")
	s.register(owned("ann"))
	refused("ann")
}
