package jobs_test

import (
	"net/http"
	"testing"

	"roster/domain/access"
	"roster/domain/oauth"
	"roster/web/browsertest"
)

// Why was yesterday's registration refused?
func TestWhyYesterdaysRegistrationWasRefused(t *testing.T) {
	p := serve(t, dataWith(t, func(p *past) {
		p.at(daysAgo(1, 9, 30))
		p.register("198.51.100.7", `{"client_name":"Wiki","redirect_uris":["https://wiki.example/cb"]}`)
		p.at(daysAgo(1, 14, 5))
		p.must(http.StatusBadRequest, "203.0.113.9", http.MethodPost, registerPath, "", `{"client_name":"Payroll","redirect_uris":["http://payroll.example/cb"]}`)
		full := oauth.DefaultPolicy
		full.MaxClients = 1
		p.under(full, access.RegistrationOpen)
		p.must(http.StatusForbidden, "198.51.100.7", http.MethodPost, registerPath, "", `{"client_name":"Kiosk","redirect_uris":["https://kiosk.example/cb"]}`)
	}))
	p.withAndWithoutScripts(t, func(t *testing.T, b *browsertest.Browser) {
		b.Click("Activity")
		b.UntilPath("/admin/events")
		b.Click("Refusals")
		b.UntilPath("/admin/refusals")
		b.UntilText("2 refusals of 2 causes")
		b.Click("Redirect URI not valid")
		b.UntilText("Payroll")
		b.UntilText("payroll.example")
		b.UntilText("203.0.113.9")
		b.UntilText(daysAgo(1, 14, 5).Format("2 Jan 2006, 15:04"))
		b.UntilText("No setting refused it.")
		b.Click("Refusals")
		b.Click("No room for another client")
		b.UntilText("Kiosk")
		b.Click("--max-clients")
		b.UntilPath("/admin/settings")
		b.Until(`document.querySelector(":target").innerText.includes("Active clients in all")`)
	})
}
