package api_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"roster/api"
	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// TestLinesOfTheRegistryAreViews holds the line of a client in an answer about the past against the JSON that the client
// is shown as elsewhere, byte for byte.
func TestLinesOfTheRegistryAreViews(t *testing.T) {
	texts := rapid.SampledFrom([]string{"A", "Payment gateway <&>", "P\u0430ypal", "a\"b\\c", "\u2028", "a\u202eb", "{}"})
	optional := func(value string) *rapid.Generator[string] { return rapid.SampledFrom([]string{"", value}) }
	rapid.Check(t, func(t *rapid.T) {
		at := func(label string) time.Time { return time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, label)).UTC() }
		client := readmodel.Client{
			RegisteredAt: at("registered"), UpdatedAt: at("updated"),
			Client: domain.Client{
				ID: rapid.StringMatching(`[A-Za-z0-9_-]{1,40}`).Draw(t, "id"), Version: rapid.Uint64().Draw(t, "version"),
				Status:             rapid.SampledFrom([]domain.Status{domain.Active, domain.Suspended}).Draw(t, "status"),
				IssuedAt:           at("issued").Truncate(time.Second),
				InitialAccessToken: optional("0198c5f0-0000-7000-8000-000000000001").Draw(t, "initial access token"),
				Terms:              oauth.Terms{Owner: "nobody sees it"},
			},
		}
		if rapid.Bool().Draw(t, "secret") {
			client.Secret = &domain.Secret{Digest: domain.DigestOf("secret")}
			if rapid.Bool().Draw(t, "expires") {
				client.Secret.ExpiresAt = at("expiry")
			}
		}
		stored := readmodel.StoredClient{Undescribed: client}
		if rapid.Bool().Draw(t, "described") {
			m := oauth.Metadata{"client_name": oauth.Text(texts.Draw(t, "name"))}
			if rapid.Bool().Draw(t, "redirects") {
				m["redirect_uris"] = oauth.List{"https://a.example/cb?x=<&>"}
			}
			if page := optional("https://b.example/logo").Draw(t, "page"); page != "" {
				m["logo_uri"] = oauth.Text(page)
			}
			client.Metadata, stored.Metadata = m, m.AppendJSON(nil)
		}
		want, err := api.View(client)
		if err != nil {
			t.Fatal(err)
		}
		got, err := api.AppendView([]byte("before "), stored)
		if err != nil || string(got) != "before "+string(want) {
			t.Fatalf("%v\ngot  %s\nwant %s", err, got, want)
		}
	})
}
