package web_test

import (
	"fmt"
	"strings"
	"testing"

	"roster/domain"
	"roster/web/browsertest"
)

// A token's life, from its issue over the clients that it let in to its revocation, with scripts and without.
func TestAnAdministratorHandsOutAndRevokesAToken(t *testing.T) {
	for name, scripts := range map[string]bool{"with scripts": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t)
			r.register(t, `{"client_name":"Bystander","redirect_uris":["https://a.example.com/cb"]}`)
			b := open(t, r)
			b.RunScripts(scripts)
			b.SignIn()
			b.Click("Tokens")
			b.UntilPath("/admin/tokens")
			b.Click("Issue a token")
			b.UntilPath("/admin/tokens/new")
			b.Enter("#label", "Partner onboarding")
			b.Enter("#uses", "1001")
			b.Enter("#redirect_hosts", "shop.example")
			for _, grant := range []string{"authorization_code", "refresh_token"} {
				b.ClickOn("[value=" + grant + "]")
			}
			b.Click("Issue token")
			b.Until(`document.querySelector("#uses-failure")`)
			if scripts {
				b.CheckShown("/form")
			}
			b.Until(`document.querySelector("#label").value === "Partner onboarding" && document.querySelectorAll(":checked[type=checkbox]").length === 2`)
			browsertest.Eval[bool](b, `document.querySelector("#uses").value = "", true`)
			b.Enter("#uses", "2")
			b.Click("Issue token")
			b.Until(`document.querySelector("#token")`)
			if scripts {
				b.CheckShown("/issued")
			}
			token := browsertest.Eval[string](b, `document.querySelector("#token").innerText`)
			if where := browsertest.Eval[string](b, `location.href + document.title + document.referrer`); containsSecret(where, token) {
				t.Errorf("the token is in the address or the title: %s", where)
			}
			admitted := r.registerWith(t, token, `{"client_name":"Shop","redirect_uris":["https://shop.example/cb"]}`).Client.ID

			b.Click("Partner onboarding")
			b.Until(`document.querySelector("h1").innerText === "Partner onboarding"`)
			id := browsertest.Eval[string](b, `document.querySelector(".facts .machine code").innerText`)
			if browsertest.Eval[bool](b, `document.documentElement.outerHTML.includes(`+browsertest.Quoted(token)+`)`) {
				t.Error("the token is shown again")
			}
			b.Click("Shop")
			b.UntilPath("/admin/clients/" + admitted)
			b.Click("Partner onboarding")
			b.UntilPath("/admin/tokens/" + id)
			b.Click("Open in event log")
			b.UntilPath("/admin/events?token=" + id)
			b.Until(`document.querySelectorAll("#log tbody tr").length === 3 && !document.querySelector("#log").innerText.includes("Bystander")`)
			b.Visit("/admin/tokens/" + id)
			b.Click("Revoke…")
			b.UntilPath("/admin/tokens/" + id + "/revoke")
			b.Enter("#reason", "leaked")
			b.Click("Revoke 1 token")
			b.UntilPath("/admin/tokens/" + id)
			b.Until(`document.querySelector("#message").innerText.includes("is revoked")`)
			b.Click("Tokens")
			b.Click("Revoked")
			b.UntilPath("/admin/tokens?status=revoked")
			b.Until(`document.querySelectorAll(".tokens tbody tr").length === 1`)
		})
	}
}

// containsSecret reports whether a text contains the part of a token that only its holder knows.
func containsSecret(text, token string) bool {
	const idLength = len("01966f0e-5f00-7000-8000-000000000001.")
	return len(token) <= idLength || strings.Contains(text, token[idLength:])
}

// "Who changed a redirect URI, and what was it before?" and "what else came from that address?", by links alone.
func TestAnAuditorFollowsAChangeToItsAddress(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, `{"client_name":"Portal","redirect_uris":["https://a.example.com/cb"]}`)
	r.update(t, c, fmt.Sprintf(`{"client_id":%q,"client_name":"Gate","redirect_uris":["https://a.example.com/cb"]}`, c.Client.ID))
	r.update(t, c, fmt.Sprintf(`{"client_id":%q,"client_name":"Gate","redirect_uris":["https://evil.example/cb"]}`, c.Client.ID))
	if err := r.registrar.Revoke(t.Context(), domain.Actor{Kind: domain.ActorAdmin, ID: "alice", IP: "2001:db8::7"}, c.Client.ID, "leaked"); err != nil {
		t.Fatal(err)
	}
	b := open(t, r)
	b.SignIn()
	b.Click("Activity")
	b.UntilPath("/admin/events")
	b.Click("redirect_uris")
	b.UntilPath("/admin/events?member=redirect_uris")
	b.Until(`document.querySelectorAll("#log tbody tr").length === 1 && document.querySelector("#log").textContent.includes("new host evil.example")`)
	b.Click("3")
	b.UntilPath("/admin/events/3")
	b.Until(`document.querySelector(".removed").innerText.includes("https://a.example.com/cb") && document.querySelector(".added").innerText.includes("https://evil.example/cb")`)
	b.Click("All from this address")
	b.UntilPath("/admin/events?ip=192.0.2.7")
	b.Until(`document.querySelectorAll("#log tbody tr").length === 3`)
	b.Click("Registered")
	b.UntilPath("/admin/events?ip=192.0.2.7&type=ClientRegistered")
	b.Until(`document.querySelectorAll("#log tbody tr").length === 1 && document.querySelectorAll(".chips li").length === 3`)

	// What comes later is live, if the filters want it.
	b.Until(`document.querySelector("#live-state").innerText === "Live"`)
	r.register(t, `{"client_name":"Latest","redirect_uris":["https://a.example.com/cb"]}`)
	b.Until(`document.querySelectorAll("#log tbody tr").length === 2 && document.querySelector("#log tbody tr").innerText.includes("Latest")`)
	b.ClickOn(".chips li:nth-child(2) a")
	b.UntilPath("/admin/events?type=ClientRegistered")
}
