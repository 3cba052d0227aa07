package jobs_test

import (
	"testing"

	"roster/web/browsertest"
)

// Which clients are the software of one vendor?
func TestAllClientsOfOneSoftware(t *testing.T) {
	p := serve(t, dataWith(t, func(p *past) {
		p.at(daysAgo(40, 9, 0))
		p.register("198.51.100.7", `{"client_name":"Editor of Ada","software_id":"com.cursor.editor","software_version":"1.0","redirect_uris":["https://ada.example/cb"]}`)
		p.register("198.51.100.7", `{"client_name":"com.cursor.editor","redirect_uris":["https://no-software.example/cb"]}`)
		p.at(daysAgo(3, 9, 0))
		p.register("203.0.113.9", `{"client_name":"Editor of Grace","software_id":"com.cursor.editor","software_version":"2.1","redirect_uris":["https://grace.example/cb"]}`)
		p.register("203.0.113.9", `{"client_name":"Preview","software_id":"com.cursor.editor.preview","redirect_uris":["https://preview.example/cb"]}`)
		dismantled := p.register("2001:db8::7", `{"client_name":"Editor of Alan","software_id":"com.cursor.editor","redirect_uris":["https://alan.example/cb"]}`)
		p.revoke(dismantled, "dismantled")
	}))
	all := []string{"Editor of Alan", "Editor of Grace", "Editor of Ada"}
	const address = "/admin/clients?software=com.cursor.editor"
	p.withAndWithoutScripts(t, func(t *testing.T, b *browsertest.Browser) {
		b.Click("Clients")
		b.Click("Editor of Grace")
		b.UntilPath("/admin/clients/*")
		b.ClickOn(`main a[href="` + address + `"]`)
		b.UntilPath(address)
		untilFiltered(b, "Software: com.cursor.editor")
		untilListed(b, all...)
		b.ClickOn(".chips .chip")
		b.UntilPath("/admin/clients")
		untilListed(b, "Editor of Alan", "Preview", "Editor of Grace", "com.cursor.editor", "Editor of Ada")

		b.Visit(address)
		untilListed(b, all...)
	})
}
