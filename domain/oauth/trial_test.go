package oauth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

func jwks(keys ...string) string { return `"jwks":{"keys":[` + strings.Join(keys, ",") + `]}` }

// A trial asks for a client and tells what becomes of it.
type trial struct {
	members string                 // beside redirect_uris of one https URI, unless they have their own
	refused string                 // the member that is refused; empty: registered
	want    map[string]oauth.Value // what is registered; nil: no such member
}

func (c trial) run(t *testing.T) {
	t.Helper()
	body := "{" + c.members + "}"
	if !strings.Contains(c.members, `"redirect_uris"`) {
		body = `{"redirect_uris":["https://a.example/cb"]` + prefixed(",", c.members) + `}`
	}
	r := request(t, body)
	_, r.Evidence, _ = confirmed(r)
	metadata, err := admit(t, oauth.DefaultPolicy, r)
	if err != nil {
		checkRefusal(t, err)
		var refused *oauth.Error
		field := ""
		if errors.As(err, &refused) {
			field = refused.Field
			if refused.Code == oauth.InvalidRedirectURI {
				field = "redirect_uris"
			}
		}
		if field != c.refused {
			t.Errorf("%s: refused for %q (%v), want %q", body, field, err, c.refused)
		}
		return
	}
	if c.refused != "" {
		t.Errorf("%s: registered, want %s refused", body, c.refused)
		return
	}
	for member, want := range c.want {
		if diff := cmp.Diff(want, metadata[member]); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", body, member, diff)
		}
	}
}

func text(s string) oauth.Value { return oauth.Text(s) }

func list(s ...string) oauth.Value { return append(oauth.List{}, s...) }

type values = map[string]oauth.Value

// ok are members that are registered.
func ok(members ...string) []trial {
	var trials []trial
	for _, m := range members {
		trials = append(trials, trial{members: m})
	}
	return trials
}

// no are members that are refused for a field.
func no(field string, members ...string) []trial {
	var trials []trial
	for _, m := range members {
		trials = append(trials, trial{members: m, refused: field})
	}
	return trials
}

// uris are redirect URIs of clients with further members, each registered as it is.
func uris(members string, uris ...string) []trial {
	var trials []trial
	for _, u := range uris {
		trials = append(trials, trial{`"redirect_uris":[` + quote(u) + `]` + prefixed(",", members), "", values{"redirect_uris": list(u)}})
	}
	return trials
}

// noURIs are redirect URIs of clients with further members, each refused.
func noURIs(members string, uris ...string) []trial {
	var trials []trial
	for _, u := range uris {
		trials = append(trials, trial{members: `"redirect_uris":[` + quote(u) + `]` + prefixed(",", members), refused: "redirect_uris"})
	}
	return trials
}

// quote quotes a string for JSON that may hold any character.
func quote(s string) string {
	quoted := `"`
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			quoted += `\` + string(r)
		case r < 0x20 || r == 0x7f:
			quoted += fmt.Sprintf(`\u%04x`, r)
		default:
			quoted += string(r)
		}
	}
	return quoted + `"`
}

// each writes a value into a pattern of members.
func each(pattern string, names ...string) []string {
	var members []string
	for _, name := range names {
		members = append(members, strings.ReplaceAll(pattern, "%", name))
	}
	return members
}

func rows(trials ...[]trial) (all []trial) {
	for _, t := range trials {
		all = append(all, t...)
	}
	return all
}

// badURLs are what no member that holds a URL of the web takes.
func badURLs(member string) []trial {
	return no(member, each(`"`+member+`":%`,
		`"javascript:alert(1)"`, `"data:text/html,x"`, `"file:///etc/passwd"`, `"vbscript:x"`, `"blob:x"`, `"not-a-url"`, `"/relative/path"`,
		`"//b.example/x"`, `"ftp://a.example/x"`, `"whatever://not but not a uri"`,
		`" "`, `" https://a.example/"`, `"https://a.example/ "`, `"https://a.example/\n"`, `"https://user:pass@a.example/"`, `"https://"`,
		`"https:///x"`, `"https://a.example/<x>"`, `"https://ä.example/"`, `"com.example.app:/x"`,
		`"https://a.example:99999/"`, `1`, `true`, `[]`, `{}`, `["https://a.example/"]`)...)
}

// otherMethods are what a member with a method for another endpoint than that of tokens takes and refuses.
func otherMethods(member string) []trial {
	return rows(
		ok(each(`"token_endpoint_auth_method":"none","`+member+`":%`, `"client_secret_post"`, `"client_secret_jwt"`, `"none"`, `"tls_client_auth","tls_client_auth_san_ip":"192.0.2.1"`,
			`"private_key_jwt","jwks_uri":"https://a.example/jwks"`)...),
		no(member, each(`"`+member+`":%`, `"private_key_jwt"`, `"self_signed_tls_client_auth"`, `"tls_client_auth"`, `"magic"`, `""`, `1`, `["none"]`)...))
}

// flags are what a member that is true or false takes and refuses.
func flags(member string) []trial {
	return rows(
		[]trial{{`"` + member + `":true`, "", values{member: oauth.Flag(true)}}, {`"` + member + `":false`, "", values{member: oauth.Flag(false)}}},
		no(member, each(`"`+member+`":%`, `"true"`, `"false"`, `0`, `1`, `[]`, `{}`, `""`)...))
}

// defaultEncs are the content encryptions that go with an algorithm for the key.
func defaultEncs() (trials []trial) {
	for _, prefix := range []string{"id_token_encrypted_response", "userinfo_encrypted_response", "request_object_encryption",
		"authorization_encrypted_response"} {
		trials = append(trials, trial{`"` + prefix + `_alg":"RSA-OAEP","jwks_uri":"https://a.example/jwks"`, "",
			values{prefix + "_enc": text("A128CBC-HS256")}})
	}
	return trials
}
