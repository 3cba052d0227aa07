package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"roster/domain"
)

// A token's life, from its issue over the clients that it let in to its revocation, with scripts and without.
func TestAnAdministratorHandsOutAndRevokesAToken(t *testing.T) {
	for name, scripts := range map[string]bool{"with scripts": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t)
			r.register(t, `{"client_name":"Bystander","redirect_uris":["https://a.example.com/cb"]}`)
			b := open(t, r)
			if !scripts {
				call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
			}
			b.signIn()
			b.click("Tokens")
			b.untilPath("/admin/tokens")
			b.click("Issue a token")
			b.untilPath("/admin/tokens/new")
			b.enter("#label", "Partner onboarding")
			b.enter("#uses", "1001")
			b.enter("#redirect_hosts", "shop.example")
			for _, grant := range []string{"authorization_code", "refresh_token"} {
				b.try(chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS("[value="+grant+"]"))))
			}
			b.click("Issue token")
			b.until(`document.querySelector("#uses-failure")`)
			if scripts {
				b.checkShown("/form")
			}
			b.until(`document.querySelector("#label").value === "Partner onboarding" && document.querySelectorAll(":checked[type=checkbox]").length === 2`)
			eval[bool](b, `document.querySelector("#uses").value = "", true`)
			b.enter("#uses", "2")
			b.click("Issue token")
			b.until(`document.querySelector("#token")`)
			if scripts {
				b.checkShown("/issued")
			}
			token := eval[string](b, `document.querySelector("#token").innerText`)
			if where := eval[string](b, `location.href + document.title + document.referrer`); containsSecret(where, token) {
				t.Errorf("the token is in the address or the title: %s", where)
			}
			admitted := r.registerWith(t, token, `{"client_name":"Shop","redirect_uris":["https://shop.example/cb"]}`).Client.ID

			b.click("Partner onboarding")
			b.until(`document.querySelector("h1").innerText === "Partner onboarding"`)
			id := eval[string](b, `document.querySelector(".facts .machine code").innerText`)
			if eval[bool](b, `document.documentElement.outerHTML.includes(`+quoted(token)+`)`) {
				t.Error("the token is shown again")
			}
			b.click("Shop")
			b.untilPath("/admin/clients/" + admitted)
			b.click("Partner onboarding")
			b.untilPath("/admin/tokens/" + id)
			b.click("Open in Activity")
			b.untilPath("/admin/events?token=" + id)
			b.until(`document.querySelectorAll("#log tbody tr").length === 3 && !document.querySelector("#log").innerText.includes("Bystander")`)
			b.visit("/admin/tokens/" + id)
			b.click("Revoke…")
			b.untilPath("/admin/tokens/" + id + "/revoke")
			b.enter("#reason", "leaked")
			b.click("Revoke 1 token")
			b.untilPath("/admin/tokens/" + id)
			b.until(`document.querySelector("#message").innerText.includes("is revoked")`)
			b.click("Tokens")
			b.click("Revoked")
			b.untilPath("/admin/tokens?status=revoked")
			b.until(`document.querySelectorAll(".tokens tbody tr").length === 1`)
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
	b.signIn()
	b.click("Activity")
	b.untilPath("/admin/events")
	b.click("redirect_uris")
	b.untilPath("/admin/events?member=redirect_uris")
	b.until(`document.querySelectorAll("#log tbody tr").length === 1 && document.querySelector("#log").textContent.includes("new host evil.example")`)
	b.click("3")
	b.untilPath("/admin/events/3")
	b.until(`document.querySelector(".removed").innerText.includes("https://a.example.com/cb") && document.querySelector(".added").innerText.includes("https://evil.example/cb")`)
	b.click("All from this address")
	b.untilPath("/admin/events?ip=192.0.2.7")
	b.until(`document.querySelectorAll("#log tbody tr").length === 3`)
	b.click("Registered")
	b.untilPath("/admin/events?ip=192.0.2.7&type=ClientRegistered")
	b.until(`document.querySelectorAll("#log tbody tr").length === 1 && document.querySelectorAll(".chips li").length === 3`)

	// What comes later is live, if the filters want it.
	b.until(`document.querySelector("#live-state").innerText === "Live"`)
	r.register(t, `{"client_name":"Latest","redirect_uris":["https://a.example.com/cb"]}`)
	b.until(`document.querySelectorAll("#log tbody tr").length === 2 && document.querySelector("#log tbody tr").innerText.includes("Latest")`)
	b.try(chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(".chips li:nth-child(2) a"))))
	b.untilPath("/admin/events?type=ClientRegistered")
}
