package jobs_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/web/browsertest"
)

// An auditor is given the clients of a list as CSV.
func TestACSVForAnAuditor(t *testing.T) {
	p := serve(t, dataWith(t, func(p *past) {
		p.at(daysAgo(5, 9, 0))
		p.register("198.51.100.7", `{"client_name":"Portal, \"the\" one","ext_param_owner":"Sales","redirect_uris":["https://portal.example/cb"]}`)
		p.register("198.51.100.7", `{"client_name":"=cmd()","redirect_uris":["https://hostile.example/cb"]}`)
		p.register("198.51.100.7", `{"client_name":"Elsewhere","redirect_uris":["https://else.example/cb"]}`)
		p.at(daysAgo(2, 9, 0))
		p.revoke(p.register("198.51.100.7", `{"client_name":"Wiki","redirect_uris":["https://wiki.example/cb"]}`), "dismantled")
		p.register("203.0.113.9", `{"client_name":"Other address","redirect_uris":["https://other.example/cb"]}`)
	}))
	p.withAndWithoutScripts(t, func(t *testing.T, b *browsertest.Browser) {
		b.Visit("/admin/clients?q=example&ip=198.51.100.7")
		b.UntilText("4 clients")
		shown := browsertest.Eval[[][]string](b, `[...document.querySelectorAll("main table.clients tbody tr")].map(row => [
			row.querySelector("a.name").pathname.split("/").pop(), row.querySelector("a.name").innerText, row.querySelector(".badge").innerText.toLowerCase()])`)
		name, file := b.Download(`main .export a[href*="format=csv"]`)
		if want := "clients-at-event-6.csv"; name != want { // five were registered and one revoked
			t.Errorf("the file is %s, want %s", name, want)
		}
		records, err := csv.NewReader(strings.NewReader(file)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		column := map[string]int{}
		for i, name := range records[0] {
			column[name] = i
		}
		var exported [][]string
		for _, r := range records[1:] {
			exported = append(exported, []string{r[column["client_id"]], r[column["client_name"]], r[column["status"]]})
		}
		for _, row := range shown {
			if strings.HasPrefix(row[1], "=") {
				row[1] = "'" + row[1] // disarmed
			}
		}
		if diff := cmp.Diff(shown, exported); diff != "" {
			t.Errorf("(-list +file):\n%s", diff)
		}
	})
}
