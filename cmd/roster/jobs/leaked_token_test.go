package jobs_test

import (
	"errors"
	"net/http"
	"testing"

	"roster/api/client"
	"roster/web/browsertest"
)

// An initial access token leaked: which clients came in with it? One of them is revoked, and the token then.
func TestAllOfALeakedToken(t *testing.T) {
	for name, scripts := range scripting {
		t.Run(name, func(t *testing.T) {
			var id, token string
			p := serve(t, dataWith(t, func(p *past) {
				p.at(daysAgo(9, 9, 0))
				id, token = p.issue(`{"label":"Partner","uses":5}`)
				_, other := p.issue(`{"label":"Staff"}`)
				p.registerWith("198.51.100.7", token, `{"client_name":"Portal","redirect_uris":["https://portal.example/cb"]}`)
				p.registerWith("198.51.100.8", other, `{"client_name":"Rota","redirect_uris":["https://rota.example/cb"]}`)
				p.at(daysAgo(1, 3, 30))
				p.registerWith("203.0.113.9", token, `{"client_name":"Collector","redirect_uris":["https://collect.example/cb"]}`)
				p.register("203.0.113.9", `{"client_name":"Self-service","redirect_uris":["https://self.example/cb"]}`)
			}))
			endLeakedToken(p.open(t, scripts), id)
			_, err := p.registry(t).Register(t.Context(), client.Metadata{"redirect_uris": []string{"https://more.example/cb"}}, token)
			if refusal := (*client.Error)(nil); !errors.As(err, &refusal) || refusal.Status != http.StatusUnauthorized {
				t.Errorf("a registration with the revoked token: %v, want status %d", err, http.StatusUnauthorized)
			}
		})
	}
}

// endLeakedToken finds the clients Collector and Portal of the token Partner, revokes Collector and then the token.
func endLeakedToken(b *browsertest.Browser, id string) {
	b.Helper()
	page := "/admin/tokens/" + id
	open := func() {
		b.Click("Tokens")
		b.UntilPath("/admin/tokens")
		b.Click("Partner")
		b.UntilPath(page)
	}
	open()
	untilListed(b, "Collector", "Portal")
	b.Click("Collector")
	b.UntilPath("/admin/clients/*")
	b.Click("Revoke…")
	b.Enter("#reason", "came in with a leaked token")
	b.Click("Revoke 1 client")
	b.UntilText("came in with a leaked token")

	open()
	b.Until(`[...document.querySelectorAll("main table.clients tbody tr")].map(row => row.innerText.includes("Revoked")).join() === "true,false"`)
	b.Click("Revoke…")
	b.UntilText("2 clients that were registered with it stay as they are")
	b.Enter("#reason", "posted in a forum")
	b.Click("Revoke 1 token")
	b.UntilPath(page)
	b.Until(`document.querySelector("main .facts").innerText.includes("Revoked")`)
	b.UntilText("posted in a forum")
	b.Click("All clients")
	b.UntilPath("/admin/clients?token=" + id)
	untilListed(b, "Collector", "Portal")
}
