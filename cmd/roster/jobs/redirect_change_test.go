package jobs_test

import (
	"testing"

	"roster/web/browsertest"
)

// Who changed a redirect URI last week, and what was it before?
func TestWhoChangedARedirectURILastWeek(t *testing.T) {
	var portal registration
	p := serve(t, dataWith(t, func(p *past) {
		p.at(daysAgo(20, 9, 0))
		portal = p.register("198.51.100.7", `{"client_name":"Portal","redirect_uris":["https://portal.example/cb"]}`)
		kiosk := p.register("198.51.100.7", `{"client_name":"Kiosk","redirect_uris":["https://kiosk.example/cb"]}`)
		p.at(daysAgo(12, 9, 0)) // the week before
		p.update("198.51.100.7", kiosk, `{"client_name":"Kiosk","redirect_uris":["https://kiosk.example/callback"]}`)
		p.at(daysAgo(5, 23, 40))
		p.update("203.0.113.66", portal, `{"client_name":"Portal","redirect_uris":["https://portal.example/cb","https://payroll.example.net/cb"]}`)
		p.at(daysAgo(4, 8, 0)) // changes that are of no interest
		p.update("198.51.100.7", kiosk, `{"client_name":"Kiosk in the hall","redirect_uris":["https://kiosk.example/callback"]}`)
		p.revoke(kiosk, "dismantled")
	}))
	p.withAndWithoutScripts(t, func(t *testing.T, b *browsertest.Browser) {
		b.Click("Activity")
		b.UntilPath("/admin/events")
		b.Click("More filters")
		choose(b, "#member", "redirect_uris")
		choose(b, "#since", daysAgo(7, 0, 0).Format("2006-01-02T15:04"))
		choose(b, "#until", daysAgo(1, 0, 0).Format("2006-01-02T15:04"))
		b.Click("Filter")
		for _, what := range []string{"redirect_uris +1", "new host payroll.example.net"} {
			b.Until(`document.querySelector("#log .did").textContent.replace(/\s+/g, " ").includes(` + browsertest.Quoted(what) + `)`)
		}
		if n := browsertest.Eval[int](b, `document.querySelectorAll("#log tbody tr").length`); n != 1 {
			t.Errorf("%d events are found, want 1", n)
		}
		b.ClickOn("#log tbody .seq a")
		b.UntilText("Before: ")
		b.UntilText(portal.id)
		b.UntilText("203.0.113.66")
		b.UntilText(daysAgo(5, 23, 40).Format("2 Jan 2006, 15:04"))
		b.UntilText("https://payroll.example.net/cb")
		b.Click("Before: ")
		b.Until(`document.querySelector("main details[open]").innerText.includes('"https://portal.example/cb"')`)
		b.Click("All from this address")
		b.UntilPath("/admin/events?ip=203.0.113.66")
		b.Until(`document.querySelector(".chips").textContent.includes("From: 203.0.113.66")`)
	})
}
