package oauth_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

// statement is a software statement whose signature nobody has looked at.
func statement(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte("signature"))
}

func TestSectorIsOnTheWeb(t *testing.T) {
	for _, uri := range []string{
		"http://sector.example.org/", "ftp://sector.example.org/", "javascript:alert(1)", "/relative", "sector.example.org", "https:///x",
		"https://user@sector.example.org/", "https://sector.example.org:0/", "https://sector.example.org/ä",
	} {
		t.Run("C-19 "+uri, func(t *testing.T) {
			_, err := admit(t, oauth.DefaultPolicy, request(t, `{"redirect_uris":["https://a.example/"],"sector_identifier_uri":"`+uri+`"}`))
			checkRefused(t, err, oauth.InvalidClientMetadata, "sector_identifier_uri")
		})
	}
}

func TestSector(t *testing.T) {
	const (
		uri    = "https://sector.example.org/uris.json"
		client = `{"redirect_uris":["https://a.example/cb","https://b.example/cb"],"sector_identifier_uri":"` + uri + `"`
	)
	both := []string{"https://b.example/cb", "https://c.example/cb", "https://a.example/cb"}
	const refused = "sector_identifier_uri"
	for name, test := range map[string]struct {
		members string
		sector  *oauth.Sector
		missing bool
		refused string
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
		"is not asked for when something else is refused": {members: `,"grant_types":["magic"]`, refused: "grant_types"},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(t, client+test.members+"}")
			r.Evidence.Sector = test.sector
			_, err := admit(t, oauth.DefaultPolicy, r)
			var missing *oauth.Missing
			switch {
			case test.missing:
				if !errors.As(err, &missing) || *missing != (oauth.Missing{SectorIdentifierURI: uri}) {
					t.Errorf("error %v, want the question for the sector", err)
				}
			case test.refused != "":
				checkRefused(t, err, oauth.InvalidClientMetadata, test.refused)
			case err != nil:
				t.Error(err)
			}
		})
	}
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
	// vouched is what a request leads to whose statement was verified.
	vouched := func(body, verified string) (oauth.Metadata, error) {
		t.Helper()
		r := request(t, body)
		r.Evidence.SoftwareStatement = verified
		return admit(t, oauth.DefaultPolicy, r)
	}

	t.Run("D-9 its claims win, and D-17 are members beside it", func(t *testing.T) {
		got, err := vouched(with(stated), stated)
		if err != nil {
			t.Fatal(err)
		}
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
		if _, err := vouched(strings.Replace(with(stated), `"client_name":"Mine"`, `"client_name":5`, 1), stated); err != nil {
			t.Error(err)
		}
	})
	t.Run("D-9 a stated name stays as it is, whoever the owner", func(t *testing.T) {
		got, err := vouched(strings.Replace(with(stated), `"scope"`, `"ext_param_owner":"me","scope"`, 1), stated)
		if err != nil || got.Name() != "Stated" {
			t.Errorf("%v, error %v", got, err)
		}
	})
	t.Run("D-9 what is stated is held to every rule", func(t *testing.T) {
		bad := statement(`{"iss":"https://i.example","redirect_uris":["javascript:alert(1)"]}`)
		_, err := vouched(with(bad), bad)
		checkRefused(t, err, oauth.InvalidRedirectURI, "")
	})

	for claim, want := range map[string]oauth.Value{ // OpenBankingUK directory: software_version is a number
		`"software_version":1.5`: oauth.Text("1.5"), `"software_version":1.10`: oauth.Text("1.10"), `"software_version":2`: oauth.Text("2"),
		`"software_version":-1e2`: oauth.Text("-1e2"), `"software_version":"1.5"`: oauth.Text("1.5"), `"software_id":12345678901234567890`: oauth.Text("12345678901234567890"),
		`"software_version":true`: nil, `"software_version":[1]`: nil, `"software_id":{}`: nil, `"client_name":1`: nil, `"scope":1`: nil, `"redirect_uris":[1]`: nil,
	} {
		t.Run("D-9 a number is taken as its text: "+claim, func(t *testing.T) {
			name, _, _ := strings.Cut(strings.Trim(claim, `"`), `"`)
			number := statement(`{"iss":"https://i.example",` + claim + `}`)
			got, err := vouched(with(number), number)
			if (err == nil) != (want != nil) {
				t.Fatalf("error %v", err)
			}
			if got[name] != want {
				t.Errorf("%s %v, want %v", name, got[name], want)
			}
		})
	}
	t.Run("a number that no statement vouches for is none", func(t *testing.T) {
		for _, member := range []string{"software_id", "software_version"} {
			_, err := admit(t, oauth.DefaultPolicy, request(t, own+`,"`+member+`":1.5}`))
			checkRefused(t, err, oauth.InvalidClientMetadata, member)
		}
	})

	before, err := vouched(with(stated), stated)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := before.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	putBack := string(encoded)
	unchanged := func(t *testing.T, body string) {
		t.Helper()
		if got, err := admit(t, oauth.DefaultPolicy, update(t, before, body)); err != nil || !got.Equal(before) {
			t.Errorf("changed to %v, error %v", got, err)
		}
	}

	t.Run("M-6 put back it is verified no more and changes nothing", func(t *testing.T) {
		unchanged(t, putBack)
	})
	t.Run("D-9 nor can an update change what it states", func(t *testing.T) {
		unchanged(t, strings.Replace(putBack, `"client_name":"Stated"`, `"client_name":"Mine"`, 1))
	})
	t.Run("M-8 an update without it is self-asserted", func(t *testing.T) {
		got, err := admit(t, oauth.DefaultPolicy, update(t, before, own+"}"))
		if err != nil || got.Name() != "Mine" || got["software_statement"] != nil {
			t.Errorf("registered %v, error %v", got, err)
		}
	})
	other := statement(`{"iss":"https://i.example"}`)
	for name, r := range map[string]oauth.Request{
		"register":                        request(t, with(other)),
		"register, another verified":      {Document: document(t, with(other)), Evidence: oauth.Evidence{SoftwareStatement: stated}},
		"update, another registered":      update(t, before, strings.Replace(putBack, stated, other, 1)),
		"update of a client without one":  update(t, registered(t, webApp), strings.Replace(putBack, stated, other, 1)),
		"before a document that is wrong": request(t, strings.Replace(with(other), `"all"`, `"a  b"`, 1)),
	} {
		t.Run("D-12 is asked for: "+name, func(t *testing.T) {
			var missing *oauth.Missing
			if _, err := admit(t, oauth.DefaultPolicy, r); !errors.As(err, &missing) || *missing != (oauth.Missing{SoftwareStatement: other}) {
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
			for _, r := range []oauth.Request{request(t, body), update(t, before, body)} {
				_, err := admit(t, oauth.DefaultPolicy, r)
				checkRefused(t, err, oauth.InvalidSoftwareStatement, "software_statement")
				checkRefusal(t, err)
			}
		})
	}
	t.Run("names are compared code point by code point", func(t *testing.T) {
		folded := statement(`{"iss":"https://i.example","redirect_uri` + "\u017f" + `":["javascript:a"],"CLIENT_NAME":"x"}`)
		got, err := vouched(with(folded), folded)
		if err != nil || got.Name() != "Mine" {
			t.Errorf("%v, error %v", got, err)
		}
	})
	t.Run("a policy may require one, of updates too", func(t *testing.T) {
		policy := oauth.DefaultPolicy
		policy.RequireSoftwareStatement = true
		for _, r := range []oauth.Request{request(t, own+"}"), update(t, before, own+"}")} {
			_, err := admit(t, policy, r)
			checkRefused(t, err, oauth.UnapprovedSoftwareStatement, "software_statement")
		}
		if _, err := admit(t, policy, update(t, before, putBack)); err != nil {
			t.Errorf("with its own: %v", err)
		}
	})
}
