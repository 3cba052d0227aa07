package domain_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"roster/domain"
	"roster/domain/oauth"
)

const tokenID = "0195516c-0c00-7000-8000-00000000000a"

var (
	expiry = issued.Add(time.Hour).Truncate(time.Second)
	bound  = oauth.Terms{
		Owner: "acme", GrantTypes: []string{"authorization_code", "refresh_token"}, Scopes: []string{"openid", "email"},
		RedirectHosts: []string{"client.example.org", ".acme.example"}, ApplicationTypes: []string{"web"},
	}
	limited = domain.InitialAccessTokenIssued{Digest: domain.DigestOf("presented"), Terms: bound, ExpiresAt: expiry, MaxUses: 2}
)

// tokenScenario is a decision on an initial access token.
type tokenScenario struct {
	given   []domain.Event
	when    domain.InitialAccessTokenCommand
	then    []domain.Event
	refused string // the field of an *oauth.Error
	err     error
}

func (s tokenScenario) run(t *testing.T) {
	t.Helper()
	events, err := domain.InitialAccessTokens.Decide(oauth.DefaultPolicy, foldToken(s.given), s.when)
	if diff := cmp.Diff(s.then, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	var refused *oauth.Error
	switch {
	case s.refused != "":
		if !errors.As(err, &refused) || refused.Code != oauth.InvalidRequest || refused.Field != s.refused {
			t.Errorf("error %#v, want a refusal of %q", err, s.refused)
		}
	case !errors.Is(err, s.err):
		t.Errorf("error %v, want %v", err, s.err)
	}
}

func foldToken(events []domain.Event) domain.InitialAccessToken {
	var history []domain.Envelope
	for _, event := range events {
		history = append(history, domain.Envelope{Aggregate: domain.InitialAccessTokenAggregate(tokenID), Event: event})
	}
	return domain.InitialAccessTokens.Fold(domain.InitialAccessToken{}, history)
}

func TestIssueToken(t *testing.T) {
	t.Run("a token keeps its digest, its limits and whole seconds", func(t *testing.T) {
		tokenScenario{
			when: domain.IssueInitialAccessToken{Label: "Partners", Terms: bound, ExpiresAt: expiry.Add(time.Millisecond), MaxUses: 2, At: issued, Digest: token},
			then: []domain.Event{domain.InitialAccessTokenIssued{Digest: token, Label: "Partners", Terms: bound, ExpiresAt: expiry, MaxUses: 2}},
		}.run(t)
	})
	t.Run("a token may have no limits", func(t *testing.T) {
		tokenScenario{when: domain.IssueInitialAccessToken{At: issued, Digest: token}, then: []domain.Event{domain.InitialAccessTokenIssued{Digest: token}}}.run(t)
	})
	t.Run("an id is issued once", func(t *testing.T) {
		if _, err := domain.InitialAccessTokens.Decide(oauth.DefaultPolicy, foldToken([]domain.Event{limited}), domain.IssueInitialAccessToken{At: issued}); err == nil {
			t.Error("issued again")
		}
	})
	many := make([]string, 101)
	for i := range many {
		many[i] = "s"
	}
	for name, test := range map[string]struct {
		command domain.IssueInitialAccessToken
		field   string
	}{
		"label with a control character":  {domain.IssueInitialAccessToken{Label: "a\nb"}, "label"},
		"label that is no UTF-8":          {domain.IssueInitialAccessToken{Label: "a\xff"}, "label"},
		"label that is too long":          {domain.IssueInitialAccessToken{Label: strings.Repeat("a", 201)}, "label"},
		"owner with a control character":  {domain.IssueInitialAccessToken{Terms: oauth.Terms{Owner: "\x00"}}, "owner"},
		"negative uses":                   {domain.IssueInitialAccessToken{MaxUses: -1}, "uses"},
		"more uses than can be counted":   {domain.IssueInitialAccessToken{MaxUses: 1001}, "uses"},
		"expired at once":                 {domain.IssueInitialAccessToken{ExpiresAt: issued}, "expires_at"},
		"expired in the past":             {domain.IssueInitialAccessToken{ExpiresAt: issued.Add(-time.Hour)}, "expires_at"},
		"grant that is not allowed":       {domain.IssueInitialAccessToken{Terms: oauth.Terms{GrantTypes: []string{"magic"}}}, "grant_types"},
		"limit to nothing":                {domain.IssueInitialAccessToken{Terms: oauth.Terms{GrantTypes: []string{}}}, "grant_types"},
		"scopes in one string":            {domain.IssueInitialAccessToken{Terms: oauth.Terms{Scopes: []string{"openid email"}}}, "scopes"},
		"empty scope":                     {domain.IssueInitialAccessToken{Terms: oauth.Terms{Scopes: []string{""}}}, "scopes"},
		"too many scopes":                 {domain.IssueInitialAccessToken{Terms: oauth.Terms{Scopes: many}}, "scopes"},
		"host that is a URL":              {domain.IssueInitialAccessToken{Terms: oauth.Terms{RedirectHosts: []string{"https://a.example"}}}, "redirect_hosts"},
		"host with a port":                {domain.IssueInitialAccessToken{Terms: oauth.Terms{RedirectHosts: []string{"a.example:8080"}}}, "redirect_hosts"},
		"host in capitals":                {domain.IssueInitialAccessToken{Terms: oauth.Terms{RedirectHosts: []string{"A.example"}}}, "redirect_hosts"},
		"every host":                      {domain.IssueInitialAccessToken{Terms: oauth.Terms{RedirectHosts: []string{"*"}}}, "redirect_hosts"},
		"wildcard":                        {domain.IssueInitialAccessToken{Terms: oauth.Terms{RedirectHosts: []string{"*.a.example"}}}, "redirect_hosts"},
		"address in another notation":     {domain.IssueInitialAccessToken{Terms: oauth.Terms{RedirectHosts: []string{"127.1"}}}, "redirect_hosts"},
		"application type of no standard": {domain.IssueInitialAccessToken{Terms: oauth.Terms{ApplicationTypes: []string{"desktop"}}}, "application_types"},
	} {
		t.Run(name, func(t *testing.T) {
			test.command.At = issued
			tokenScenario{when: test.command, refused: test.field}.run(t)
		})
	}
	t.Run("scopes are those of the policy", func(t *testing.T) {
		policy := oauth.DefaultPolicy
		policy.Scopes = []string{"openid"}
		for scope, allowed := range map[string]bool{"openid": true, "admin": false} {
			_, err := domain.InitialAccessTokens.Decide(policy, domain.InitialAccessToken{}, domain.IssueInitialAccessToken{At: issued, Terms: oauth.Terms{Scopes: []string{scope}}})
			if (err == nil) != allowed {
				t.Errorf("%s: %v", scope, err)
			}
		}
	})
	t.Run("hosts, those below one and addresses", func(t *testing.T) {
		terms := oauth.Terms{RedirectHosts: []string{"localhost", "a-1.example.org", ".example.org", "127.0.0.1", "::1"}}
		tokenScenario{when: domain.IssueInitialAccessToken{At: issued, Terms: terms}, then: []domain.Event{domain.InitialAccessTokenIssued{Terms: terms}}}.run(t)
	})
}

func TestUseToken(t *testing.T) {
	use := domain.UseInitialAccessToken{Presented: "presented", ClientID: clientID, At: issued}
	used, revoked := domain.InitialAccessTokenUsed{ClientID: clientID}, domain.InitialAccessTokenRevoked{}
	unlimited := domain.InitialAccessTokenIssued{Digest: limited.Digest}
	wrong, late := use, use
	wrong.Presented, late.At = "guessed", expiry
	for name, test := range map[string]tokenScenario{
		"a limited token counts its use":   {given: []domain.Event{limited}, when: use, then: []domain.Event{used}},
		"up to its last":                   {given: []domain.Event{limited, used}, when: use, then: []domain.Event{used}},
		"and not beyond":                   {given: []domain.Event{limited, used, used}, when: use, err: domain.ErrInitialAccessTokenRefused},
		"an unlimited token counts none":   {given: []domain.Event{unlimited, used, used, used}, when: use},
		"another token":                    {given: []domain.Event{limited}, when: wrong, err: domain.ErrInitialAccessTokenRefused},
		"an expired token":                 {given: []domain.Event{limited}, when: late, err: domain.ErrInitialAccessTokenRefused},
		"a revoked token":                  {given: []domain.Event{limited, revoked}, when: use, err: domain.ErrInitialAccessTokenRefused},
		"a token that was never issued":    {when: use, err: domain.ErrInitialAccessTokenRefused},
		"an unlimited token can be ended":  {given: []domain.Event{unlimited, revoked}, when: use, err: domain.ErrInitialAccessTokenRefused},
		"nothing presented, nothing there": {when: domain.UseInitialAccessToken{}, err: domain.ErrInitialAccessTokenRefused},
	} {
		t.Run(name, test.run)
	}
}

func TestRevokeToken(t *testing.T) {
	revoked := domain.InitialAccessTokenRevoked{Reason: "published"}
	tokenScenario{given: []domain.Event{limited}, when: domain.RevokeInitialAccessToken{Reason: "published"}, then: []domain.Event{revoked}}.run(t)
	tokenScenario{given: []domain.Event{limited, revoked}, when: domain.RevokeInitialAccessToken{}}.run(t)
	tokenScenario{when: domain.RevokeInitialAccessToken{}, err: domain.ErrNoSuchInitialAccessToken}.run(t)
}

// However a token is used, revoked and aged, it registers no more clients than it may, and none once it ended.
func TestUsesNeverExceed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 5).Draw(t, "uses")
		events, now, registrations := []domain.Event{}, issued, 0
		issue := domain.IssueInitialAccessToken{MaxUses: most, At: now, Digest: domain.DigestOf("presented"), ExpiresAt: now.Add(10 * time.Second)}
		commands := []domain.InitialAccessTokenCommand{issue}
		for range rapid.IntRange(0, 12).Draw(t, "commands") {
			now = now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "seconds")) * time.Second)
			commands = append(commands, rapid.SampledFrom([]domain.InitialAccessTokenCommand{
				domain.UseInitialAccessToken{Presented: "presented", ClientID: clientID, At: now},
				domain.UseInitialAccessToken{Presented: "presented", ClientID: clientID, At: now},
				domain.UseInitialAccessToken{Presented: "guessed", ClientID: clientID, At: now},
				domain.RevokeInitialAccessToken{},
			}).Draw(t, "command"))
		}
		for _, command := range commands {
			before := foldToken(events)
			decided, err := domain.InitialAccessTokens.Decide(oauth.DefaultPolicy, before, command)
			use, isUse := command.(domain.UseInitialAccessToken)
			if isUse && (err == nil) != (before.StatusAt(use.At) == domain.TokenActive && use.Presented == "presented") {
				t.Fatalf("%+v of a token that is %s: %v", use, before.StatusAt(use.At), err)
			}
			if isUse && err == nil {
				registrations++
			}
			events = append(events, decided...)
		}
		if after := foldToken(events); registrations > most || after.Uses != registrations {
			t.Fatalf("%d registrations, %d uses counted, at most %d", registrations, after.Uses, most)
		}
	})
}

func TestTokenStatus(t *testing.T) {
	used, revoked := domain.InitialAccessTokenUsed{ClientID: clientID}, domain.InitialAccessTokenRevoked{}
	for _, test := range []struct {
		events []domain.Event
		at     time.Time
		want   domain.InitialAccessTokenStatus
	}{
		{[]domain.Event{limited}, issued, domain.TokenActive},
		{[]domain.Event{limited}, expiry.Add(-1), domain.TokenActive},
		{[]domain.Event{limited}, expiry, domain.TokenExpired},
		{[]domain.Event{limited, used, used}, issued, domain.TokenUsedUp},
		{[]domain.Event{limited, used, used}, expiry, domain.TokenExpired},
		{[]domain.Event{limited, used, used, revoked}, expiry, domain.TokenRevoked},
	} {
		if got := foldToken(test.events).StatusAt(test.at); got != test.want {
			t.Errorf("%d events, at %v: %s, want %s", len(test.events), test.at, got, test.want)
		}
	}
}

// TestTerms holds registrations and updates to the terms of a token alike.
func TestTerms(t *testing.T) {
	within := `{"redirect_uris":["https://client.example.org/cb","https://a.b.acme.example/"],"client_name":"App","scope":"email"}`
	start := registerUnder(t, bound, within)
	given := domain.Clients.Evolve(domain.Client{}, domain.ClientAggregate(clientID), start)

	t.Run("the owner of the token wins", func(t *testing.T) {
		for _, body := range []string{within, strings.Replace(within, `{`, `{"ext_param_owner":"other",`, 1)} {
			if m := registerUnder(t, bound, body).Metadata; m.Owner() != "acme" || m.Name() != "acme_App" {
				t.Errorf("name %q of owner %q", m.Name(), m.Owner())
			}
			events, err := domain.Clients.Decide(oauth.DefaultPolicy, given, update(t, strings.Replace(body, `{`, `{"client_id":"`+clientID+`",`, 1)))
			if err != nil || len(events) != 0 {
				t.Errorf("the same again, whoever it says it is of: %v, %v", events, err)
			}
		}
	})
	t.Run("the owner of the token wins over a software statement", func(t *testing.T) {
		encode := base64.RawURLEncoding.EncodeToString
		statement := encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(`{"iss":"i","ext_param_owner":"other","scope":"email"}`)) + "." + encode([]byte("verified"))
		command := under(bound, register(t, `{"redirect_uris":["https://client.example.org/cb"],"client_name":"App","software_statement":"`+statement+`"}`))
		command.Evidence.SoftwareStatement = statement
		events, err := domain.Clients.Decide(oauth.DefaultPolicy, domain.Client{}, command)
		if err != nil {
			t.Fatal(err)
		}
		if m := events[0].(domain.ClientRegistered).Metadata; m.Owner() != "acme" || m.Name() != "acme_App" || m.Text("scope") != "email" {
			t.Errorf("name %q of owner %q, scope %q", m.Name(), m.Owner(), m.Text("scope"))
		}
	})
	t.Run("a client that asks for no scope has those of the token", func(t *testing.T) {
		if got := registerUnder(t, bound, `{"redirect_uris":["https://client.example.org/cb"]}`).Metadata.Text("scope"); got != "openid email" {
			t.Errorf("scope %q", got)
		}
	})
	t.Run("what was registered can be put back", func(t *testing.T) {
		encoded, err := start.Metadata.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		events, err := domain.Clients.Decide(oauth.DefaultPolicy, given, update(t, strings.Replace(string(encoded), `{`, `{"client_id":"`+clientID+`",`, 1)))
		if err != nil || len(events) != 0 {
			t.Errorf("%v, %v", events, err)
		}
	})
	for name, test := range map[string]struct{ body, code, names string }{
		"grant":                   {`{"redirect_uris":["https://client.example.org/cb"],"grant_types":["client_credentials"]}`, "invalid_client_metadata", "authorization_code, refresh_token"},
		"grant by default":        {`{"redirect_uris":["https://client.example.org/cb"],"grant_types":["password"]}`, "invalid_client_metadata", "authorization_code, refresh_token"},
		"scope":                   {`{"redirect_uris":["https://client.example.org/cb"],"scope":"admin"}`, "invalid_client_metadata", "openid, email"},
		"redirect host":           {`{"redirect_uris":["https://client.example.org/cb","https://evil.example/"]}`, "invalid_redirect_uri", "client.example.org"},
		"host above the rule":     {`{"redirect_uris":["https://acme.example/"]}`, "invalid_redirect_uri", ".acme.example"},
		"host that ends alike":    {`{"redirect_uris":["https://evilacme.example/"]}`, "invalid_redirect_uri", ".acme.example"},
		"host below no such rule": {`{"redirect_uris":["https://sub.client.example.org/cb"]}`, "invalid_redirect_uri", "client.example.org"},
		"loopback":                {`{"redirect_uris":["http://127.0.0.1/cb"],"application_type":"web"}`, "invalid_redirect_uri", "client.example.org"},
		"post-logout host":        {`{"redirect_uris":["https://client.example.org/cb"],"post_logout_redirect_uris":["https://evil.example/"]}`, "invalid_client_metadata", "client.example.org"},
		"claims redirect host":    {`{"redirect_uris":["https://client.example.org/cb"],"claims_redirect_uris":["https://evil.example/"]}`, "invalid_client_metadata", "client.example.org"},
		"login host":              {`{"redirect_uris":["https://client.example.org/cb"],"initiate_login_uri":"https://evil.example/login"}`, "invalid_client_metadata", "client.example.org"},
		"front-channel logout of a client without redirects": {`{"grant_types":["refresh_token"],"response_types":[],"redirect_uris":["https://evil.example/"],"frontchannel_logout_uri":"https://evil.example/out"}`, "invalid_client_metadata", "client.example.org"},
		"application type":   {`{"redirect_uris":["https://client.example.org/cb"],"application_type":"native"}`, "invalid_client_metadata", "web"},
		"private-use scheme": {`{"redirect_uris":["com.example.app:/cb"]}`, "invalid_client_metadata", "web"},
	} {
		t.Run(name, func(t *testing.T) {
			for verb, command := range map[string]struct {
				client  domain.Client
				command domain.ClientCommand
			}{
				"register": {domain.Client{}, under(bound, register(t, test.body))},
				"update":   {given, update(t, strings.Replace(test.body, `{`, `{"client_id":"`+clientID+`",`, 1))},
			} {
				_, err := domain.Clients.Decide(oauth.DefaultPolicy, command.client, command.command)
				var refused *oauth.Error
				if !errors.As(err, &refused) || string(refused.Code) != test.code ||
					!strings.Contains(refused.Detail, "initial access token") || !strings.Contains(refused.Detail, test.names) {
					t.Errorf("%s: %v", verb, err)
				}
			}
			// Without the token it is let through.
			if _, err := domain.Clients.Decide(oauth.DefaultPolicy, domain.Client{}, register(t, test.body)); err != nil {
				t.Errorf("without a token: %v", err)
			}
		})
	}
	t.Run("redirect URIs that no grant follows are no matter", func(t *testing.T) {
		registerUnder(t, oauth.Terms{RedirectHosts: []string{"client.example.org"}}, `{"redirect_uris":["server.example.com"],"grant_types":["password"]}`)
	})
	t.Run("no terms, no limits", func(t *testing.T) {
		if diff := cmp.Diff(registered(t, within), registerUnder(t, oauth.Terms{}, within), cmp.FilterPath(func(p cmp.Path) bool {
			return p.String() == "InitialAccessToken"
		}, cmp.Ignore())); diff != "" {
			t.Error(diff)
		}
	})
}

// TestRedirectHostsAreOfTheWeb has a limit on hosts alone: a private-use scheme bypasses none, whatever stands
// where the web has the host.
func TestRedirectHostsAreOfTheWeb(t *testing.T) {
	terms := oauth.Terms{RedirectHosts: []string{"client.acme.example", "localhost"}}
	const web = `"redirect_uris":["https://client.acme.example/cb"]`
	for _, test := range []struct{ members, field string }{
		{web, ""},
		{`"redirect_uris":["http://localhost:8080/cb"]`, ""},
		{web + `,"post_logout_redirect_uris":["https://client.acme.example/bye"],"initiate_login_uri":"https://client.acme.example/login","frontchannel_logout_uri":"https://client.acme.example/out"`, ""},
		{web + `,"client_uri":"https://acme.example/","logo_uri":"https://cdn.example/logo.png","backchannel_logout_uri":"https://api.acme.example/","jwks_uri":"https://api.acme.example/jwks"`, ""},
		{`"redirect_uris":["evil.app://client.acme.example/cb"],"application_type":"native"`, "redirect_uris"},
		{`"redirect_uris":["evil.app://client.acme.example/cb"]`, "redirect_uris"},
		{`"redirect_uris":["evil.app://localhost/cb"],"application_type":"native"`, "redirect_uris"},
		{`"redirect_uris":["com.example.app:/client.acme.example"],"application_type":"native"`, "redirect_uris"},
		{`"redirect_uris":["http://localhost/cb","evil.app://client.acme.example/cb"],"application_type":"native"`, "redirect_uris"},
		{`"redirect_uris":["http://localhost/cb"],"application_type":"native","post_logout_redirect_uris":["evil.app://client.acme.example/"]`, "post_logout_redirect_uris"},
		{`"redirect_uris":["http://localhost/cb"],"application_type":"native","claims_redirect_uris":["evil.app://client.acme.example/"]`, "claims_redirect_uris"},
		{`"grant_types":["password"],"application_type":"native","post_logout_redirect_uris":["evil.app://client.acme.example/"]`, "post_logout_redirect_uris"},
		{web + `,"initiate_login_uri":"https://evil.example/client.acme.example"`, "initiate_login_uri"},
		{`"grant_types":["password"],"initiate_login_uri":"https://evil.example/"`, "initiate_login_uri"},
		{`"grant_types":["password"],"redirect_uris":["https://evil.example/"],"frontchannel_logout_uri":"https://evil.example/out"`, "frontchannel_logout_uri"},
	} {
		given := domain.Clients.Evolve(domain.Client{}, domain.ClientAggregate(clientID), registerUnder(t, terms, "{"+web+"}"))
		for _, c := range []struct {
			client  domain.Client
			command domain.ClientCommand
		}{
			{domain.Client{}, under(terms, register(t, "{"+test.members+"}"))},
			{given, update(t, `{"client_id":"`+clientID+`",`+test.members+"}")},
		} {
			_, err := domain.Clients.Decide(oauth.DefaultPolicy, c.client, c.command)
			var refused *oauth.Error
			switch {
			case test.field == "" && err != nil, test.field != "" && !errors.As(err, &refused):
				t.Errorf("%T %s: error %v", c.command, test.members, err)
			case test.field != "" && !strings.Contains(refused.Error(), test.field):
				t.Errorf("%T %s: error %v, want one at %s", c.command, test.members, err, test.field)
			}
		}
	}
}

func under(terms oauth.Terms, command domain.Register) domain.Register {
	command.InitialAccessToken, command.Terms = tokenID, terms
	return command
}

func registerUnder(t *testing.T, terms oauth.Terms, body string) domain.ClientRegistered {
	t.Helper()
	events, err := domain.Clients.Decide(oauth.DefaultPolicy, domain.Client{}, under(terms, register(t, body)))
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", body, err))
	}
	e := events[0].(domain.ClientRegistered)
	if e.InitialAccessToken != tokenID {
		t.Errorf("registered with %q", e.InitialAccessToken)
	}
	return e
}
