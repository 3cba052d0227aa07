package jobs_test

import (
	"testing"
	"time"

	"roster/web/browsertest"
)

// Whose secret has expired, or is about to?
func TestSecretsThatExpire(t *testing.T) {
	const day = 24 * time.Hour
	p := serve(t, dataWith(t, func(p *past) {
		p.at(daysAgo(10, 12, 0))
		p.register("198.51.100.7", `{"client_name":"For ever","redirect_uris":["https://ever.example/cb"]}`)
		p.secretsLast(3 * day)
		p.register("198.51.100.7", `{"client_name":"Expired","redirect_uris":["https://expired.example/cb"]}`)
		p.register("198.51.100.7", `{"client_name":"No secret","token_endpoint_auth_method":"none","redirect_uris":["https://none.example/cb"]}`)
		p.revoke(p.register("198.51.100.7", `{"client_name":"Revoked","redirect_uris":["https://revoked.example/cb"]}`), "no longer used")
		p.secretsLast(15 * day)
		p.register("198.51.100.7", `{"client_name":"In 5 days","redirect_uris":["https://five.example/cb"]}`)
		p.secretsLast(22 * day)
		p.register("198.51.100.7", `{"client_name":"In 12 days","redirect_uris":["https://twelve.example/cb"]}`)
		p.secretsLast(40 * day)
		p.register("198.51.100.7", `{"client_name":"In 30 days","redirect_uris":["https://thirty.example/cb"]}`)
	}))
	p.withAndWithoutScripts(t, func(t *testing.T, b *browsertest.Browser) {
		b.UntilText("1 active client has a secret that has expired.")
		b.UntilText("2 active clients have a secret that expires within 14 days.")
		b.Click("1 active client")
		b.UntilPath("/admin/clients?secret=expired&status=active")
		untilFiltered(b, "Client secret: expired")
		untilListed(b, "Expired")
		b.Click("Overview")
		b.UntilPath("/admin/")
		b.Click("2 active clients")
		b.UntilPath("/admin/clients?secret=14d&status=active")
		untilFiltered(b, "Client secret: expires within 14 days")
		untilListed(b, "In 12 days", "In 5 days")

		b.Visit("/admin/clients?secret=expired")
		untilListed(b, "Revoked", "Expired")
		b.Visit("/admin/clients?secret=14d")
		untilListed(b, "In 12 days", "In 5 days")
	})
}
