package oauth_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

// FuzzAdmit feeds bodies to the decoder and the rules. What is refused is refused with an error that may
// be answered; what is accepted encodes to what is accepted again, without null and empty strings, and putting it
// back changes nothing.
func FuzzAdmit(f *testing.F) {
	for _, seed := range []string{
		webApp,
		`{"redirect_uris":["com.example.app:/cb"],"client_name#ja":"アプリ","default_max_age":0}`,
		`{"redirect_uris":["server.example.com"],"client_name":"a","ext_param_owner":"o","grant_types":["password"]}`,
		`{"redirect_uris":["http://[::1]:8/"],"jwks":{"keys":[{"kty":"EC"}]},"contacts":["a@b.example"]}`,
		`{"redirect_uris":["https://a.example/"],"sector_identifier_uri":"https://a.example/s"}`,
		`{"redirect_uris":["https://a.example/"],"software_statement":"` + statement(`{"iss":"https://i.example","client_name":"N"}`) + `"}`,
		`{"redirect_uris":["https://a.example/"],` + jwks(with(rsaPub, `"use":"sig","key_ops":["verify"]`), with(ecPub, `"kid":"1"`), okpPub) + `,"token_endpoint_auth_method":"private_key_jwt"}`,
		`{"redirect_uris":["https://a.example/"],"vp_formats_supported":{"\u0061":{"b":[1e2,"&<\/",{}]}},"default_max_age":1e2,"require_auth_time":true}`,
		`{"redirect_uris":["https://a.example/"],"subject_types_supported":["x","pairwise"],"id_token_signing_alg_values_supported":["HS256"],"frontchannel_logout_uri":"https://a.example/l"}`,
		`{"redirect_uris":["https://a.example/"],"token_endpoint_auth_method":"tls_client_auth","tls_client_auth_subject_dn":"CN=a","scope":"a b","contacts":["a"]}`,
		`{"grant_types":["urn:openid:params:grant-type:ciba"],"backchannel_token_delivery_mode":"poll","post_logout_redirect_uris":["https://a.example/"]}`,
		`{"redirect_uris":["https://a.example/"],"vp_formats_supported":{"a":null}}`, `{"redirect_uris":["https://a.example/"],"vp_formats_supported":{"a":[""]}}`,
		`{"a":{"a":1,"a":2}}`, `[]`, `{"redirect_uris":null}`, "{\"client_name\":\"\xc0\xaf\"}", `{"scope":"a b"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		requested, err := oauth.ParseDocument(body)
		if err != nil {
			checkRefusal(t, err)
			return
		}
		registered, known, err := confirmed(oauth.Request{Document: requested})
		if err != nil {
			checkRefusal(t, err)
			return
		}
		encoded, err := json.Marshal(registered)
		if err != nil {
			t.Fatal(err)
		}
		if answersNothing(encoded) {
			t.Fatalf("null or an empty string is answered: %s", encoded)
		}
		var decoded oauth.Metadata
		if err := json.Unmarshal(encoded, &decoded); err != nil {
			t.Fatalf("decode %s: %v", encoded, err)
		}
		if diff := cmp.Diff(registered, decoded); diff != "" {
			t.Fatalf("decoded (-registered +decoded):\n%s", diff)
		}
		again := update(t, registered, string(encoded))
		again.Evidence.Sector = known.Sector
		changed, err := admit(t, oauth.DefaultPolicy, again)
		if err != nil || !changed.Equal(registered) {
			t.Fatalf("putting back %s: %v, %v", encoded, changed, err)
		}
	})
}

// answersNothing reports whether there is null or an empty string anywhere in a JSON value.
func answersNothing(encoded []byte) bool {
	for decoder := jsontext.NewDecoder(bytes.NewReader(encoded)); ; {
		token, err := decoder.ReadToken()
		switch {
		case err != nil:
			return false
		case token.Kind() == 'n', token.Kind() == '"' && token.String() == "":
			return true
		}
	}
}

func TestParseDocument(t *testing.T) {
	nested := func(levels int) string {
		return `{"a":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + `}`
	}
	for name, test := range map[string]struct {
		body string
		ok   bool
	}{
		"object":                {`{"a":1}`, true},
		"white space around":    {" {}\n", true},
		"32 levels":             {nested(32), true},
		"33 levels":             {nested(33), false},
		"100,000 levels":        {strings.Repeat(`{"a":`, 100_000), false},
		"brackets in a string":  {`{"a":"` + strings.Repeat(`[{\"`, 40) + `"}`, true},
		"nothing":               {``, false},
		"null":                  {`null`, false},
		"array":                 {`[]`, false},
		"truncated":             {`{"a":1`, false},
		"second object":         {`{} {}`, false},
		"trailing rubbish":      {`{}x`, false},
		"trailing comma":        {`{"a":1,}`, false},
		"comment":               {`{/**/}`, false},
		"single quotes":         {`{'a':1}`, false},
		"byte order mark":       {"\ufeff{}", false},
		"invalid UTF-8":         {"{\"a\":\"\xff\"}", false},
		"lone surrogate":        {`{"a":"\ud800"}`, false},
		"member twice":          {`{"a":1,"a":2}`, false},
		"member twice, escaped": {`{"a":1,"\u0061":2}`, false},
		"member twice, deep":    {`{"a":{"b":1,"b":2}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := oauth.ParseDocument([]byte(test.body))
			if (err == nil) != test.ok {
				t.Errorf("error %v", err)
			}
			if err != nil {
				checkRefusal(t, err)
			}
		})
	}
}

// TestMembersRefuseOtherTypes sends every member a value of every other type.
func TestMembersRefuseOtherTypes(t *testing.T) {
	values := map[string][]oauth.Kind{ // the kinds that a value may be of
		`"text"`: {oauth.KindText, oauth.KindURI}, `["text"]`: {oauth.KindList}, `true`: {oauth.KindFlag},
		`7`: {oauth.KindNumber}, `{}`: {oauth.KindObject}, `1.5`: nil, `-1`: nil, `1e-3`: nil, `1e400`: nil,
		`9007199254740993`: nil, `[1]`: nil, `[null]`: nil, `[""]`: nil, `[["text"]]`: nil, `"a\u0000b"`: nil, `["a\nb"]`: nil,
	}
	for _, member := range oauth.Members {
		for value, kinds := range values {
			requested := oauth.Document{member.Name: []byte(value)}
			_, err := admit(t, oauth.DefaultPolicy, oauth.Request{Document: requested})
			fits := slices.Contains(kinds, member.Kind)
			var refused *oauth.Error
			ofType := errors.As(err, &refused) && refused.Field == member.Name && strings.HasPrefix(refused.Detail, "must be ")
			if !fits && !ofType {
				t.Errorf("%s: %s: error %v", member.Name, value, err)
			}
		}
	}
}

func TestMetadataKeepsOrderAndWording(t *testing.T) {
	const body = `{"client_name":"<b>&  ","client_name#de":"Ä","client_name#ja-Hani":"社","redirect_uris":["b","a","b"],"jwks":{"z":1,"a":[ ],"\u0062":"\u003c&\/"},"default_max_age":0,"require_auth_time":false}`
	var metadata oauth.Metadata
	if err := json.Unmarshal([]byte(body), &metadata); err != nil {
		t.Fatal(err)
	}
	encoded, err := metadata.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"client_name":"<b>&  ","client_name#de":"Ä","client_name#ja-Hani":"社","redirect_uris":["b","a","b"],"jwks":{"z":1,"a":[],"b":"<&/"},"default_max_age":0,"require_auth_time":false}`
	if string(encoded) != want {
		t.Errorf("encoded\n%s\nwant\n%s", encoded, want)
	}
}

func TestDiff(t *testing.T) {
	before := oauth.Metadata{"client_name": oauth.Text("a"), "scope": oauth.Text("x"), "contacts": oauth.List{"a"}}
	after := oauth.Metadata{"client_name": oauth.Text("b"), "contacts": oauth.List{"a"}, "default_max_age": oauth.Number(0)}
	want := []oauth.MemberChange{
		{Name: "client_name", Before: oauth.Text("a"), After: oauth.Text("b")},
		{Name: "scope", Before: oauth.Text("x")},
		{Name: "default_max_age", After: oauth.Number(0)},
	}
	if diff := cmp.Diff(want, oauth.Diff(before, after)); diff != "" {
		t.Error(diff)
	}
}

func TestLookupMember(t *testing.T) {
	for name, want := range map[string]bool{
		"client_name": true, "client_name#de": true, "client_name#zh-Hant-TW": true,
		"client_name#": false, "client_name#1": false, "client_name#de_AT": false, "client_name#abcdefghi": false,
		"redirect_uris#de": false, "Client_name": false, "": false, "#de": false,
	} {
		if _, _, ok := oauth.LookupMember(name); ok != want {
			t.Errorf("%q: %v", name, ok)
		}
	}
}

func BenchmarkMetadataUnmarshal(b *testing.B) {
	encoded, err := json.Marshal(registered(b, webApp))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var metadata oauth.Metadata
		if err := metadata.UnmarshalJSON(encoded); err != nil {
			b.Fatal(err)
		}
	}
}
