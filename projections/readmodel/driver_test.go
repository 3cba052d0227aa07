package readmodel_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// What names, owners and searches in random histories are made of: all that a pattern, a query or a
// folding of case could take for something else.
var words = []string{
	"shop", "SHOP", "Straße", "STRASSE", "Ωμέγα", "ΩΜΈΓΑ", "ς", "Σ", "K", "k", "ſ", "S", "İ", "100%", "a_b", "a*b", "a?b",
	`"quoted"`, "it's", `back\slash`, "-", "ab", "b", "日本語", "本", "🔑", "a OR b", "NEAR(", "[a-z]", "\u00e9", "e\u0301",
}

// Who acts in random histories, and from where.
var (
	administrators = []string{"admin", "Ωμέγα", "01966f0e-5f00-7000-8000-000000000001"}
	addresses      = []string{"", "192.0.2.7", "192.0.2.77", "203.0.113.9", "2001:db8::7", "2001:db8:0:1::7"}
)

// driver makes random histories: every event is one that may follow.
type driver struct {
	t     *rapid.T
	log   *memory.Log
	now   time.Time
	n     int
	alive []string
	ids   []string

	tokens   []domain.InitialAccessToken // that are not revoked
	tokenIDs []string                    // of all
}

func (d *driver) metadata() oauth.Metadata {
	pick := func(what string, values ...string) string { return rapid.SampledFrom(values).Draw(d.t, what) }
	m := oauth.Metadata{
		"redirect_uris":              oauth.List{pick("home", "https://client.example.org/cb", "https://client.example.org/cb", "https://app.example.net/cb", "http://localhost/cb"), pick("redirect", "https://client.example.org/other", "http://localhost:80/", "com.example.app:/cb")},
		"application_type":           oauth.Text(pick("kind", "web", "native")),
		"token_endpoint_auth_method": oauth.Text(pick("method", "none", "client_secret_basic")),
		"grant_types":                oauth.List{"authorization_code", pick("grant", "refresh_token", "implicit")},
	}
	if software := pick("software", "", "", "com.example.shop"); software != "" {
		m["software_id"], m["software_version"] = oauth.Text(software), oauth.Text("2.1")
		m["logo_uri"] = oauth.Text("https://elsewhere.example.net/logo")
	}
	if name := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 3).Draw(d.t, "name"), " "); name != "" {
		m["client_name"] = oauth.Text(name)
	}
	if rapid.Bool().Draw(d.t, "owned") {
		m["ext_param_owner"] = oauth.Text(rapid.SampledFrom(words).Draw(d.t, "owner"))
	}
	if rapid.Bool().Draw(d.t, "in German") {
		m["client_name#de"] = oauth.Text(rapid.SampledFrom(words).Draw(d.t, "German name"))
	}
	if rapid.Bool().Draw(d.t, "with contacts") {
		m["contacts"] = oauth.List{"someone@example.org"}
		m["default_max_age"] = oauth.Number(0)
	}
	return m
}

func (d *driver) secret(label string) *domain.Secret {
	switch rapid.IntRange(0, 2).Draw(d.t, label) {
	case 0:
		return nil
	case 1:
		return &domain.Secret{Digest: domain.DigestOf(fmt.Sprint(d.n))}
	}
	return &domain.Secret{Digest: domain.DigestOf(fmt.Sprint(d.n)), Sealed: []byte{1, 2, 3}, ExpiresAt: d.now.Add(time.Hour).Truncate(time.Second)}
}

// step appends one event. Clocks go on, and now and then back.
func (d *driver) step() {
	d.n++
	d.now = d.now.Add(time.Duration(rapid.IntRange(-3, 8).Draw(d.t, "hours")) * time.Hour).Add(1234 * time.Microsecond)
	if rapid.IntRange(0, 3).Draw(d.t, "about a token") == 0 {
		d.tokenStep()
		return
	}
	i := -1
	if len(d.alive) > 0 && rapid.IntRange(0, 2).Draw(d.t, "new") > 0 {
		i = rapid.IntRange(0, len(d.alive)-1).Draw(d.t, "which")
	}
	if i < 0 {
		h := newHistory(fmt.Sprint(d.n), d.now)
		d.alive, d.ids = append(d.alive, h.id), append(d.ids, h.id)
		registered := domain.ClientRegistered{
			Metadata: d.metadata(), IssuedAt: d.now.Truncate(time.Second),
			RegistrationAccessToken: domain.DigestOf(h.id), Secret: d.secret("secret"),
		}
		if len(d.tokens) > 0 && rapid.Bool().Draw(d.t, "with a token") {
			token := rapid.SampledFrom(d.tokens).Draw(d.t, "token")
			registered.InitialAccessToken, registered.Terms = token.ID, token.Terms
			if token.MaxUses > 0 {
				d.n++
				d.appendToken(token.ID, domain.InitialAccessTokenUsed{ClientID: h.id})
			}
		}
		d.append(h.id, registered)
		return
	}
	id := d.alive[i]
	switch rapid.IntRange(0, 3).Draw(d.t, "what") {
	case 0, 1:
		issued := d.secret("new secret")
		d.append(id, domain.ClientUpdated{
			Metadata: d.metadata(), SecretIssued: issued,
			SecretEnded: issued == nil && rapid.Bool().Draw(d.t, "secret ended"),
		})
		return
	case 2:
		d.append(id, domain.ClientDeleted{})
	case 3:
		d.append(id, domain.ClientRevoked{Reason: rapid.SampledFrom([]string{"", "leaked"}).Draw(d.t, "reason")})
	}
	d.alive = slices.Delete(d.alive, i, i+1)
}

func (d *driver) append(id string, event domain.Event) {
	h := &history{id: id, now: d.now}
	h.add(event)
	h.events[0].Actor.IP = rapid.SampledFrom(addresses).Draw(d.t, "address")
	switch event.(type) {
	case domain.ClientRevoked, domain.ClientSuspended, domain.ClientResumed:
		h.events[0].Actor.Kind, h.events[0].Actor.ID = domain.ActorAdmin, rapid.SampledFrom(administrators).Draw(d.t, "administrator")
	}
	appendOne(d.t, d.log, h.events[0])
}

// tokenStep issues an initial access token or revokes one.
func (d *driver) tokenStep() {
	if len(d.tokens) > 0 && rapid.Bool().Draw(d.t, "revoke") {
		i := rapid.IntRange(0, len(d.tokens)-1).Draw(d.t, "which token")
		d.appendToken(d.tokens[i].ID, domain.InitialAccessTokenRevoked{Reason: rapid.SampledFrom([]string{"", "leaked"}).Draw(d.t, "reason")})
		d.tokens = slices.Delete(d.tokens, i, i+1)
		return
	}
	issued := domain.InitialAccessTokenIssued{Digest: domain.DigestOf(fmt.Sprint(d.n)), Label: rapid.SampledFrom(words).Draw(d.t, "label")}
	if rapid.Bool().Draw(d.t, "limited") {
		issued.MaxUses, issued.ExpiresAt = rapid.SampledFrom([]int{1, 100}).Draw(d.t, "uses"), d.now.Add(time.Hour).Truncate(time.Second)
		issued.Terms = oauth.Terms{Owner: rapid.SampledFrom(words).Draw(d.t, "owner"), Scopes: []string{"openid"}}
	}
	id := newHistory(fmt.Sprint("token", d.n), d.now).id
	d.appendToken(id, issued)
	d.tokenIDs = append(d.tokenIDs, id)
	d.tokens = append(d.tokens, domain.InitialAccessTokens.Evolve(domain.InitialAccessToken{}, domain.InitialAccessTokenAggregate(id), issued))
}

func (d *driver) appendToken(id string, event domain.Event) {
	h := &history{id: id, now: d.now}
	h.add(event)
	h.events[0].Aggregate, h.events[0].Actor = domain.InitialAccessTokenAggregate(id), domain.Actor{Kind: domain.ActorAdmin, ID: "admin"}
	if used, ok := event.(domain.InitialAccessTokenUsed); ok {
		h.events[0].Actor = domain.Actor{Kind: domain.ActorClient, ID: used.ClientID, IP: "192.0.2.7"}
	}
	h.events[0].ID += fmt.Sprint("-", d.n)
	appendOne(d.t, d.log, h.events[0])
}

func (d *driver) queries() (readmodel.ClientQuery, readmodel.EventQuery) {
	cq := readmodel.ClientQuery{
		Text:   rapid.SampledFrom(append([]string{"", "", "", "s", "0"}, words...)).Draw(d.t, "text"),
		Status: rapid.SampledFrom([]domain.Status{"", "", domain.Active, domain.Deleted, domain.Revoked}).Draw(d.t, "status"),
		Owner:  rapid.SampledFrom(append([]string{"", "", "", ""}, words[:6]...)).Draw(d.t, "owner"),
		Order:  rapid.SampledFrom([]readmodel.ClientOrder{readmodel.NewestFirst, readmodel.ChangedFirst, readmodel.ByName}).Draw(d.t, "order"),
		Limit:  rapid.IntRange(1, 5).Draw(d.t, "limit"),
	}
	maybe := func(what string, values ...string) string {
		return rapid.SampledFrom(append([]string{"", "", "", "", "", ""}, values...)).Draw(d.t, what)
	}
	period := func(what string) (p readmodel.Period) {
		if rapid.IntRange(0, 7).Draw(d.t, what) == 0 {
			p.From = d.now.Add(-time.Duration(rapid.IntRange(0, 60).Draw(d.t, "from hours ago")) * time.Hour).Truncate(time.Second)
			p.Until = p.From.Add(time.Duration(rapid.IntRange(-1, 40).Draw(d.t, "hours")) * time.Hour)
		}
		return p
	}
	cq.Kind, cq.AuthMethod, cq.Grant = maybe("kind", "web", "other"), maybe("method", "none"), maybe("grant", "implicit")
	cq.Caution = oauth.CautionLevel(maybe("caution", "note", "impersonation"))
	cq.Software, cq.Host = maybe("software", "com.example.shop", "com"), maybe("host", "localhost", "com.example.app:", "example.org")
	cq.Contact = maybe("contact", "someone@example.org")
	if network := maybe("address", "192.0.2.7/32", "192.0.2.0/24", "2001:db8::/48"); network != "" {
		cq.Network = netip.MustParsePrefix(network)
	}
	if len(d.tokens) > 0 && rapid.IntRange(0, 5).Draw(d.t, "of a token") == 0 {
		cq.Token = d.tokens[0].ID
	}
	cq.Registered, cq.Changed, cq.SecretExpires = period("registered"), period("changed"), period("expires")
	cq.NeverChanged = rapid.IntRange(0, 9).Draw(d.t, "never changed") == 0
	eq := readmodel.EventQuery{
		After:  rapid.Uint64Range(0, uint64(d.n)).Draw(d.t, "after"),
		Before: rapid.SampledFrom([]uint64{0, 1, uint64(d.n), 1<<64 - 1}).Draw(d.t, "before"),
		Type:   rapid.SampledFrom([]string{"", "", "ClientRegistered", "ClientRevoked", "InitialAccessTokenUsed", "Nothing"}).Draw(d.t, "type"),
		Newest: rapid.Bool().Draw(d.t, "newest"),
		Limit:  rapid.IntRange(1, 20).Draw(d.t, "event limit"),
	}
	if len(d.ids) > 0 && rapid.Bool().Draw(d.t, "of a client") {
		eq.ClientID = rapid.SampledFrom(append([]string{"nobody"}, d.ids...)).Draw(d.t, "client")
	}
	if rapid.Bool().Draw(d.t, "since") {
		eq.Since = d.now.Add(-time.Duration(rapid.IntRange(-1, 60).Draw(d.t, "since hours ago")) * time.Hour)
	}
	if rapid.Bool().Draw(d.t, "until") {
		eq.Until = d.now.Add(-time.Duration(rapid.IntRange(-1, 60).Draw(d.t, "until hours ago")) * time.Hour)
	}
	switch rapid.IntRange(0, 5).Draw(d.t, "by") {
	case 0:
		eq.ActorKind = rapid.SampledFrom([]domain.ActorKind{domain.ActorClient, domain.ActorAdmin, domain.ActorSystem}).Draw(d.t, "kind")
	case 1:
		eq.ActorKind, eq.ActorID = domain.ActorAdmin, rapid.SampledFrom(administrators).Draw(d.t, "actor")
	case 2:
		eq.ActorKind, eq.ActorID = domain.ActorClient, rapid.SampledFrom(append([]string{"nobody"}, d.ids...)).Draw(d.t, "actor")
	}
	if rapid.IntRange(0, 3).Draw(d.t, "from somewhere") == 0 {
		eq.Network = netip.MustParsePrefix(rapid.SampledFrom([]string{"192.0.2.7/32", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::7/128", "2001:db8::/64", "::/0"}).Draw(d.t, "network"))
	}
	if rapid.IntRange(0, 3).Draw(d.t, "a member changed") == 0 {
		eq.Member = rapid.SampledFrom([]string{"client_name", "client_name#de", "default_max_age", "contacts", "nothing", `a"b`}).Draw(d.t, "member")
	}
	if len(d.tokenIDs) > 0 && rapid.IntRange(0, 2).Draw(d.t, "of a token") == 0 {
		eq.InitialAccessToken = rapid.SampledFrom(append([]string{"nothing"}, d.tokenIDs...)).Draw(d.t, "of token")
	}
	return cq, eq
}
