package jobs_test

import (
	"testing"

	"roster/web/browsertest"
)

// What did the registry look like before the incident, and what is different now?
func TestTheRegistryBeforeAnIncident(t *testing.T) {
	before := daysAgo(3, 12, 0)
	p := serve(t, dataWith(t, func(p *past) {
		p.at(daysAgo(10, 9, 0))
		payroll := p.register("198.51.100.7", `{"client_name":"Payroll","redirect_uris":["https://payroll.example/cb"]}`)
		wiki := p.register("198.51.100.8", `{"client_name":"Wiki","redirect_uris":["https://wiki.example/cb"]}`)
		p.register("198.51.100.9", `{"client_name":"Portal","redirect_uris":["https://portal.example/cb"]}`)
		p.at(daysAgo(2, 3, 30))
		p.update("203.0.113.9", payroll, `{"client_name":"Payroll","redirect_uris":["https://payroll.example/cb","https://collect.example/cb"]}`)
		p.register("203.0.113.9", `{"client_name":"Payrol","redirect_uris":["https://payrol.example/cb"]}`)
		p.revoke(wiki, "its secret leaked")
	}))
	p.withAndWithoutScripts(t, func(t *testing.T, b *browsertest.Browser) {
		b.Click("Time machine")
		b.Enter("#at", before.Format("2006-01-02 15:04"))
		b.Click("Show the registry as it stood")
		b.UntilText("Read only")
		b.UntilText("3 clients registered and 0 ended")
		b.Click("Clients")
		b.UntilPath("/admin/clients?at=*")
		b.UntilText("Read only")
		b.Until(`["Payroll", "Wiki", "Portal"].every((name) => document.querySelector("table").innerText.includes(name))`)
		b.Until(`!document.querySelector("table").innerText.includes("Payrol\n")`)
		b.Click("Payroll")
		b.UntilPath("/admin/clients/*")
		b.UntilText("https://payroll.example/cb")
		b.UntilText("Read only")

		b.Click("Compare with now")
		b.UntilPath("/admin/diff?*")
		b.UntilText("https://collect.example/cb")
		b.UntilText("Was active, is revoked.")
		b.Until(`document.querySelectorAll(".differences > li").length === 3`)
		b.Click("Added")
		b.Until(`document.querySelectorAll(".differences > li").length === 1 && document.querySelector(".differences").innerText.includes("Payrol")`)
	})
}
