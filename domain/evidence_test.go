package domain_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
)

// statement is a software statement whose signature nobody has looked at.
func statement(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte("signature"))
}

// confirmed is the decision on a registration of which others say that all is as it says, and what they said.
func confirmed(command domain.Register) ([]domain.Event, oauth.Evidence, error) {
	stated, _ := oauth.ParseSoftwareStatement(strings.Trim(string(command.Requested["software_statement"]), `"`))
	own, _ := oauth.ParseSector(command.Requested["redirect_uris"])
	claimed, _ := oauth.ParseSector(stated.Claims["redirect_uris"])
	events, err := domain.Decide(oauth.DefaultPolicy, domain.Client{}, command)
	for missing := new(oauth.Missing); errors.As(err, &missing); {
		if missing.SoftwareStatement != "" {
			command.Evidence.SoftwareStatement = missing.SoftwareStatement
		} else {
			command.Evidence.Sector = &oauth.Sector{URI: missing.SectorIdentifierURI, URIs: append(append([]string{}, own...), claimed...)}
		}
		events, err = domain.Decide(oauth.DefaultPolicy, domain.Client{}, command)
	}
	return events, command.Evidence, err
}

func TestSectorIsOnTheWeb(t *testing.T) {
	for _, uri := range []string{
		"http://sector.example.org/", "ftp://sector.example.org/", "javascript:alert(1)", "/relative", "sector.example.org", "https:///x",
		"https://user@sector.example.org/", "https://sector.example.org:0/", "https://sector.example.org/ä",
	} {
		t.Run("C-19 "+uri, func(t *testing.T) {
			scenario{
				when:    register(t, `{"redirect_uris":["https://a.example/"],"sector_identifier_uri":"`+uri+`"}`),
				refused: &oauth.Error{Code: oauth.InvalidClientMetadata, Field: "sector_identifier_uri"},
			}.run(t)
		})
	}
}

func TestSector(t *testing.T) {
	const (
		uri    = "https://sector.example.org/uris.json"
		client = `{"redirect_uris":["https://a.example/cb","https://b.example/cb"],"sector_identifier_uri":"` + uri + `"`
	)
	both := []string{"https://b.example/cb", "https://c.example/cb", "https://a.example/cb"}
	given := []domain.Event{registered(t, `{"redirect_uris":["https://a.example/cb","https://b.example/cb"]}`)}
	put := client + `,"client_id":"` + clientID + `"`
	refused := &oauth.Error{Code: oauth.InvalidClientMetadata, Field: "sector_identifier_uri"}
	for name, test := range map[string]struct {
		members string
		sector  *oauth.Sector
		missing bool
		refused *oauth.Error
	}{
		"C-50 is asked for":                               {missing: true},
		"C-50 has every redirect URI":                     {sector: &oauth.Sector{URI: uri, URIs: both}},
		"C-50 lacks one":                                  {sector: &oauth.Sector{URI: uri, URIs: both[:2]}, refused: refused},
		"C-50 is empty":                                   {sector: &oauth.Sector{URI: uri, URIs: []string{}}, refused: refused},
		"C-50 cannot be had":                              {sector: &oauth.Sector{URI: uri}, refused: refused},
		"C-50 is of another address":                      {sector: &oauth.Sector{URI: uri + "/", URIs: both}, missing: true},
		"C-1 differs by a slash":                          {sector: &oauth.Sector{URI: uri, URIs: []string{"https://a.example/cb/", "https://b.example/cb"}}, refused: refused},
		"C-1 differs by case":                             {sector: &oauth.Sector{URI: uri, URIs: []string{"https://A.example/cb", "https://b.example/cb"}}, refused: refused},
		"7.8 is checked for public subjects":              {members: `,"subject_type":"public"`, missing: true},
		"7.8 and for pairwise ones":                       {members: `,"subject_type":"pairwise"`, missing: true},
		"is not asked for when something else is refused": {members: `,"grant_types":["magic"]`, refused: &oauth.Error{Code: oauth.InvalidClientMetadata, Field: "grant_types"}},
	} {
		t.Run(name, func(t *testing.T) {
			registration, change := register(t, client+test.members+"}"), update(t, put+test.members+"}")
			registration.Evidence.Sector, change.Evidence.Sector = test.sector, test.sector
			for _, s := range []scenario{{when: registration}, {given: given, when: change}} {
				err := s.decide()
				var missing *oauth.Missing
				switch {
				case test.missing:
					if !errors.As(err, &missing) || *missing != (oauth.Missing{SectorIdentifierURI: uri}) {
						t.Errorf("error %v, want the question for the sector", err)
					}
				case test.refused != nil:
					var got *oauth.Error
					if !errors.As(err, &got) || got.Code != test.refused.Code || got.Field != test.refused.Field {
						t.Errorf("error %#v, want %s at %s", err, test.refused.Code, test.refused.Field)
					}
				case err != nil:
					t.Error(err)
				}
			}
		})
	}
}

// decide returns the error of the decision alone.
func (s scenario) decide() error {
	var client domain.Client
	for _, event := range s.given {
		client = domain.Evolve(client, domain.ClientAggregate(clientID), event)
	}
	_, err := domain.Decide(oauth.DefaultPolicy, client, s.when)
	return err
}

func TestSectorDocument(t *testing.T) {
	for _, body := range []string{`[]`, `["a"]`, " [\n\"a\", \"\\u0062\"]\r\n"} {
		if uris, err := oauth.ParseSector([]byte(body)); err != nil || uris == nil {
			t.Errorf("%s: %v, error %v", body, uris, err)
		}
	}
	if uris, _ := oauth.ParseSector([]byte(`["\u0061\/"]`)); !cmp.Equal(uris, []string{"a/"}) {
		t.Errorf("escapes are kept: %v", uris)
	}
	for name, body := range map[string]string{
		"nothing": "", "null": "null", "text": `"https://a.example/cb"`, "object": `{"redirect_uris":[]}`, "HTML": "<html>",
		"cut": `["a"`, "more": `["a"]]`, "two": `[] []`, "numbers": `["a",1]`, "null in it": `[null]`, "nested": `[["a"]]`,
		"comma": `["a",]`, "comment": `["a"] // b`, "not UTF-8": "[\"\xff\"]", "half a surrogate": `["\ud800"]`, "BOM": "\ufeff[]",
		"twice": `[{"a":1,"a":2}]`,
	} {
		t.Run("C-51 "+name, func(t *testing.T) {
			uris, err := oauth.ParseSector([]byte(body))
			if err == nil || uris != nil {
				t.Errorf("%v, error %v", uris, err)
			}
		})
	}
}

func TestSoftwareStatement(t *testing.T) {
	const own = `{"redirect_uris":["https://mine.example/cb"],"client_name":"Mine","scope":"all","contacts":["me@mine.example"]`
	stated := statement(`{"iss":"https://i.example","iat":1,"redirect_uris":["https://a.example/cb"],"client_name":"Stated","client_name#de":"Gesagt",` +
		`"software_id":"4NRB1","contacts":null,"client_id":"theirs","software_statement":"other","zzz":{}}`)
	with := func(s string) string { return own + `,"software_statement":"` + s + `"}` }
	known := oauth.Evidence{SoftwareStatement: stated}

	t.Run("D-9 its claims win, and D-17 are members beside it", func(t *testing.T) {
		command := register(t, with(stated))
		command.Evidence = known
		events, err := domain.Decide(oauth.DefaultPolicy, domain.Client{}, command)
		if err != nil {
			t.Fatal(err)
		}
		got := events[0].(domain.ClientRegistered).Metadata
		for name, want := range map[string]oauth.Value{
			"redirect_uris":      oauth.List{"https://a.example/cb"},
			"client_name":        oauth.Text("Stated"),
			"client_name#de":     oauth.Text("Gesagt"),
			"software_id":        oauth.Text("4NRB1"),
			"scope":              oauth.Text("all"),
			"contacts":           oauth.List{"me@mine.example"},
			"software_statement": oauth.Text(stated),
		} {
			if diff := cmp.Diff(want, got[name]); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
	t.Run("D-9 a claim wins over a member of a wrong type", func(t *testing.T) {
		command := register(t, strings.Replace(with(stated), `"client_name":"Mine"`, `"client_name":5`, 1))
		command.Evidence = known
		if _, err := domain.Decide(oauth.DefaultPolicy, domain.Client{}, command); err != nil {
			t.Error(err)
		}
	})
	t.Run("D-9 a stated name stays as it is, whoever the owner", func(t *testing.T) {
		command := register(t, strings.Replace(with(stated), `"scope"`, `"ext_param_owner":"me","scope"`, 1))
		command.Evidence = known
		events, err := domain.Decide(oauth.DefaultPolicy, domain.Client{}, command)
		if err != nil || events[0].(domain.ClientRegistered).Metadata.Name() != "Stated" {
			t.Errorf("%v, error %v", events, err)
		}
	})
	t.Run("D-9 what is stated is held to every rule", func(t *testing.T) {
		bad := statement(`{"iss":"https://i.example","redirect_uris":["javascript:alert(1)"]}`)
		command := register(t, with(bad))
		command.Evidence = oauth.Evidence{SoftwareStatement: bad}
		scenario{when: command, refused: &oauth.Error{Code: oauth.InvalidRedirectURI}}.run(t)
	})

	for claim, want := range map[string]oauth.Value{ // OpenBankingUK directory: software_version is a number
		`"software_version":1.5`: oauth.Text("1.5"), `"software_version":1.10`: oauth.Text("1.10"), `"software_version":2`: oauth.Text("2"),
		`"software_version":-1e2`: oauth.Text("-1e2"), `"software_version":"1.5"`: oauth.Text("1.5"), `"software_id":12345678901234567890`: oauth.Text("12345678901234567890"),
		`"software_version":true`: nil, `"software_version":[1]`: nil, `"software_id":{}`: nil, `"client_name":1`: nil, `"scope":1`: nil, `"redirect_uris":[1]`: nil,
	} {
		t.Run("D-9 a number is taken as its text: "+claim, func(t *testing.T) {
			name, _, _ := strings.Cut(strings.Trim(claim, `"`), `"`)
			number := statement(`{"iss":"https://i.example",` + claim + `}`)
			for _, s := range []scenario{
				{when: func() domain.Command {
					c := register(t, with(number))
					c.Evidence.SoftwareStatement = number
					return c
				}()},
				{given: []domain.Event{registered(t, webApp)}, when: func() domain.Command {
					c := update(t, strings.Replace(with(number), "{", `{"client_id":"`+clientID+`",`, 1))
					c.Evidence.SoftwareStatement = number
					return c
				}()},
			} {
				var client domain.Client
				for _, event := range s.given {
					client = domain.Evolve(client, domain.ClientAggregate(clientID), event)
				}
				events, err := domain.Decide(oauth.DefaultPolicy, client, s.when)
				if (err == nil) != (want != nil) {
					t.Fatalf("%T: error %v", s.when, err)
				}
				if err != nil {
					continue
				}
				if got := domain.Evolve(client, domain.ClientAggregate(clientID), events[0]).Metadata[name]; got != want {
					t.Errorf("%T: %s %v, want %v", s.when, name, got, want)
				}
			}
		})
	}
	t.Run("a number that no statement vouches for is none", func(t *testing.T) {
		for _, member := range []string{"software_id", "software_version"} {
			scenario{
				when:    register(t, own+`,"`+member+`":1.5}`),
				refused: &oauth.Error{Code: oauth.InvalidClientMetadata, Field: member},
			}.run(t)
		}
	})

	command := register(t, with(stated))
	command.Evidence = known
	events, err := domain.Decide(oauth.DefaultPolicy, domain.Client{}, command)
	if err != nil {
		t.Fatal(err)
	}
	before := events[0].(domain.ClientRegistered)
	before.Secret = hashed
	given := []domain.Event{before}
	encoded, err := before.Metadata.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	putBack := strings.Replace(string(encoded), "{", `{"client_id":"`+clientID+`",`, 1)

	t.Run("M-6 put back it is verified no more and changes nothing", func(t *testing.T) {
		scenario{given: given, when: update(t, putBack)}.run(t)
	})
	t.Run("D-9 nor can an update change what it states", func(t *testing.T) {
		scenario{given: given, when: update(t, strings.Replace(putBack, `"client_name":"Stated"`, `"client_name":"Mine"`, 1))}.run(t)
	})
	t.Run("M-8 an update without it is self-asserted", func(t *testing.T) {
		events, err := domain.Decide(oauth.DefaultPolicy, domain.Clients.Fold(domain.Client{}, []domain.Envelope{{Aggregate: domain.ClientAggregate(clientID), Event: before}}),
			update(t, own+`,"client_id":"`+clientID+`"}`))
		if err != nil || len(events) != 1 {
			t.Fatalf("%v, error %v", events, err)
		}
		if got := events[0].(domain.ClientUpdated).Metadata; got.Name() != "Mine" || got["software_statement"] != nil {
			t.Errorf("registered %v", got)
		}
	})
	other := statement(`{"iss":"https://i.example"}`)
	for name, s := range map[string]scenario{
		"register":                        {when: register(t, with(other))},
		"register, another verified":      {when: domain.Register{Requested: document(t, with(other)), Evidence: known}},
		"update, another registered":      {given: given, when: update(t, strings.Replace(putBack, stated, other, 1))},
		"update of a client without one":  {given: []domain.Event{registered(t, webApp)}, when: update(t, strings.Replace(putBack, stated, other, 1))},
		"before a document that is wrong": {when: register(t, strings.Replace(with(other), `"all"`, `"a  b"`, 1))},
	} {
		t.Run("D-12 is asked for: "+name, func(t *testing.T) {
			var missing *oauth.Missing
			if err := s.decide(); !errors.As(err, &missing) || *missing != (oauth.Missing{SoftwareStatement: other}) {
				t.Errorf("error %v", err)
			}
		})
	}
	part := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://i.example"}`))
	// 28 octets leave 4 bits, which are not 0.
	loose := strings.TrimSuffix(base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://i.example" }`)), "Q") + "R"
	for name, member := range map[string]string{
		"number": `5`, "text": `"x"`, "two parts": `"a.b"`, "four parts": `"` + stated + `.a"`,
		"not base64": `"` + part + `.!.a"`, "padded": `"` + part + `.` + part + `=.a"`, "space": `" ` + stated + `"`,
		"loose bits":                `"` + part + "." + loose + `.a"`,
		"JSON form":                 `"{\"payload\":\"e30\"}"`,
		"claims in array":           `"` + statement(`["iss"]`) + `"`,
		"no issuer":                 `"` + statement(`{}`) + `"`,
		"empty issuer":              `"` + statement(`{"iss":""}`) + `"`,
		"issuer of a kind":          `"` + statement(`{"iss":["https://i.example"]}`) + `"`,
		"issuer in another case":    `"` + statement(`{"Iss":"https://i.example"}`) + `"`,
		"C-51 a claim twice":        `"` + statement(`{"iss":"https://i.example","client_name":"a","client_name":"b"}`) + `"`,
		"C-51 twice by an escape":   `"` + statement(`{"iss":"https://i.example","client_name":"a","client_n\u0061me":"b"}`) + `"`,
		"claim of another type":     `"` + statement(`{"iss":"https://i.example","client_name":5}`) + `"`,
		"list of another type":      `"` + statement(`{"iss":"https://i.example","redirect_uris":"https://a.example/"}`) + `"`,
		"claims that are not UTF-8": `"` + statement("{\"iss\":\"https://i.example\",\"a\":\"\xff\"}") + `"`,
	} {
		t.Run("D-20 invalid: "+name, func(t *testing.T) {
			body := own + `,"software_statement":` + member + "}"
			refused := &oauth.Error{Code: oauth.InvalidSoftwareStatement, Field: "software_statement"}
			scenario{when: register(t, body), refused: refused}.run(t)
			scenario{given: given, when: update(t, strings.Replace(body, "{", `{"client_id":"`+clientID+`",`, 1)), refused: refused}.run(t)
			if err := (scenario{when: register(t, body)}).decide(); err != nil {
				checkRefusal(t, err)
			}
		})
	}
	t.Run("names are compared code point by code point", func(t *testing.T) {
		folded := statement(`{"iss":"https://i.example","redirect_uri` + "\u017f" + `":["javascript:a"],"CLIENT_NAME":"x"}`)
		command := register(t, with(folded))
		command.Evidence = oauth.Evidence{SoftwareStatement: folded}
		events, err := domain.Decide(oauth.DefaultPolicy, domain.Client{}, command)
		if err != nil || events[0].(domain.ClientRegistered).Metadata.Name() != "Mine" {
			t.Errorf("%v, error %v", events, err)
		}
	})
	t.Run("a policy may require one, of updates too", func(t *testing.T) {
		policy := oauth.DefaultPolicy
		policy.RequireSoftwareStatement = true
		client := domain.Clients.Fold(domain.Client{}, []domain.Envelope{{Aggregate: domain.ClientAggregate(clientID), Event: before}})
		for _, test := range []struct {
			client  domain.Client
			command domain.Command
		}{{domain.Client{}, register(t, own+"}")}, {client, update(t, own+`,"client_id":"`+clientID+`"}`)}} {
			_, err := domain.Decide(policy, test.client, test.command)
			var refused *oauth.Error
			if !errors.As(err, &refused) || refused.Code != oauth.UnapprovedSoftwareStatement {
				t.Errorf("error %v", err)
			}
		}
		if _, err := domain.Decide(policy, client, update(t, putBack)); err != nil {
			t.Errorf("with its own: %v", err)
		}
	})
}
