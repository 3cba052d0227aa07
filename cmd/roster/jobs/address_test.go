package jobs_test

import (
	"testing"
	"time"

	"roster/web/browsertest"
)

// What was registered yesterday from one address?
func TestAllRegisteredYesterdayFromOneAddress(t *testing.T) {
	const suspect = "203.0.113.9"
	yesterday := daysAgo(1, 0, 0).Format(time.DateOnly)
	p := serve(t, dataWith(t, func(p *past) {
		p.at(daysAgo(2, 23, 59))
		p.register(suspect, `{"client_name":"Day before","redirect_uris":["https://before.example/cb"]}`)
		p.at(daysAgo(1, 0, 0))
		p.register(suspect, `{"client_name":"First of yesterday","redirect_uris":["https://first.example/cb"]}`)
		p.register("203.0.113.90", `{"client_name":"Neighbour","redirect_uris":["https://neighbour.example/cb"]}`)
		p.at(daysAgo(1, 23, 59))
		p.register(suspect, `{"client_name":"Last of yesterday","redirect_uris":["https://last.example/cb"]}`)
		p.at(daysAgo(0, 0, 0))
		p.register(suspect, `{"client_name":"Today","redirect_uris":["https://today.example/cb"]}`)
	}))
	wanted := []string{"Last of yesterday", "First of yesterday"}
	p.withAndWithoutScripts(t, func(t *testing.T, b *browsertest.Browser) {
		b.Click("Clients")
		b.Click("Filters")
		choose(b, "#ip", suspect)
		choose(b, "#registered", yesterday)
		b.ClickOn(`main .search button[type="submit"]`)
		untilFiltered(b, "Registered from: "+suspect, "Registered: "+yesterday)
		untilListed(b, wanted...)

		// The values in the list lead there, too.
		b.Visit("/admin/clients")
		b.Click(suspect)
		b.UntilPath("/admin/clients?ip=" + suspect)
		untilListed(b, "Today", "Last of yesterday", "First of yesterday", "Day before")
		b.ClickOn(`main table a[href$="registered=` + yesterday + `"]`)
		untilListed(b, wanted...)

		b.Visit("/admin/clients?ip=" + suspect + "&registered=" + yesterday)
		untilListed(b, wanted...)
	})
}
