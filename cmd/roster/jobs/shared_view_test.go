package jobs_test

import (
	"fmt"
	"testing"
	"time"

	"roster/web/browsertest"
)

// A filtered list is shared by its address: whoever opens it sees the same clients, with the times of their own zone.
func TestAViewIsSharedAcrossTimeZones(t *testing.T) {
	registered := daysAgo(1, 20, 30)
	p := serve(t, dataWith(t, func(p *past) {
		p.at(daysAgo(3, 9, 0))
		p.register("198.51.100.7", `{"client_name":"Payroll of before","redirect_uris":["https://payroll.example/cb"]}`)
		p.at(registered)
		p.register("203.0.113.9", `{"client_name":"Payroll","redirect_uris":["https://payroll.example/cb"]}`)
		p.register("203.0.113.9", `{"client_name":"Wiki","redirect_uris":["https://wiki.example/cb"]}`)
	}))
	registered = registered.Add(time.Second)
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	times := func(zone *time.Location) string {
		return fmt.Sprintf(`document.querySelectorAll("main tbody tr").length === 1 && document.querySelector("main tbody tr").innerText.includes("Payroll") &&
			document.querySelector("main tbody time").innerText === %q && document.querySelector("main tbody time").title === %q`,
			registered.In(zone).Format("2 Jan 2006, 15:04"), registered.Format("2 Jan 2006, 15:04:05")+" UTC")
	}
	p.withAndWithoutScripts(t, func(t *testing.T, b *browsertest.Browser) {
		day := registered.Format(time.DateOnly)
		b.Visit("/admin/clients?host=payroll.example&registered=" + day + ".." + day)
		b.Until(times(time.UTC))
		address := browsertest.Eval[string](b, "location.pathname + location.search")

		other := p.open(t, true)
		other.Visit(address)
		other.ClickOn(".menus .menu:nth-child(2) summary")
		other.Enter("#zone", "Asia/Tokyo")
		other.Click("Use it")
		other.UntilPath(address)
		other.Until(times(tokyo))
		other.Until(`document.querySelector("main thead").innerText.includes("Tokyo")`)
		b.Visit(address)
		b.Until(times(time.UTC))
	})
}
