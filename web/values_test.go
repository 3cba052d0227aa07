package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"roster/domain/oauth"
)

const (
	keyA = `{"kty":"EC","crv":"P-256","kid":"a","use":"sig","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	keyB = `{"kty":"EC","crv":"P-256","kid":"b","alg":"ES256","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}`
)

// withKeys registers a client with a key set.
func withKeys(id, keys string) string {
	return `{` + id + `"redirect_uris":["https://a.example.com/cb"],"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[` + keys + `]}}`
}

func TestAKeySetIsATable(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, withKeys("", keyA))
	v := r.admin(t)
	page := v.get("/admin/clients/" + c.Client.ID + "/credentials").body
	if !strings.Contains(textOf(page), "Key (kid) Type (kty) Algorithm (alg) Use (use) Thumbprint aEC P-256nonesigoKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U") {
		t.Errorf("no table of keys in %s", textOf(page))
	}
	if strings.Contains(page, "U+000A") || !strings.Contains(page, "Show as JSON") {
		t.Errorf("the JSON is not there, or its line breaks are marked as hidden: %s", page)
	}
	for _, change := range []struct{ keys, want string }{
		{keyA + "," + keyB, "jwksadded: key b (EC P-256)"},
		{keyB, "jwksremoved: key a (EC P-256)"},
		{strings.Replace(keyB, `"alg":"ES256"`, `"use":"sig"`, 1), "jwksremoved: key b (EC P-256, alg ES256, thumbprint "},
		{strings.Replace(keyB, `"alg":"ES256"`, `"use":"sig","key_ops":["verify"]`, 1), `jwksremoved: { "keys": [`},
	} {
		r.update(t, c, withKeys(`"client_id":"`+c.Client.ID+`",`, change.keys))
		history := textOf(v.get("/admin/clients/" + c.Client.ID).body)
		if !strings.Contains(history, change.want) || strings.Contains(history, "U+000A") {
			t.Errorf("%s: the history lacks %q: %s", change.keys, change.want, history)
		}
	}
}

func TestAReasonKeepsItsLines(t *testing.T) {
	r := newRegistry(t)
	c := r.register(t, name(1))
	path := "/admin/clients/" + c.Client.ID
	v := r.admin(t)
	v.post(path+"/suspend", url.Values{"reason": {"Reported twice.\r\nAsked\u202e the owner."}})
	got := v.get(path).body
	if !strings.Contains(got, "<bdi dir=\"auto\">Reported twice.</bdi>\n<bdi dir=\"auto\">Asked<span") || strings.Contains(got, "U+000") || !strings.Contains(got, "U+202E") {
		t.Errorf("the reason is shown as %s", got[strings.Index(got, `class="reason"`):])
	}
}

// A long list and a long text are folded, and a value without content says so.
func TestLongAndEmptyValues(t *testing.T) {
	r := newRegistry(t)
	uris := make([]string, 30)
	for i := range uris {
		uris[i] = fmt.Sprintf(`"https://a.example.com/%d"`, i)
	}
	id := r.register(t, `{"redirect_uris":[`+strings.Join(uris, ",")+`],"contacts":[]}`).Client.ID
	page := r.admin(t).get("/admin/clients/" + id).body
	shown, folded, found := strings.Cut(page, "Show all 30")
	shown, folded = textOf(shown), textOf(folded)
	if !found || !strings.Contains(shown, "example.com/9 Copy") || strings.Contains(shown, "example.com/10 Copy") || !strings.Contains(folded, "example.com/29 Copy") {
		t.Errorf("30 redirect URIs are shown as %s", textOf(page))
	}
	if !strings.Contains(textOf(page), "Contacts contactsnone") {
		t.Errorf("no contacts are shown as %s", textOf(page))
	}
	vouched := newRegistry(t)
	long := long("claim ", 200)
	at := vouched.vouched(t, `{"iss":"https://issuer.example","note":"`+long+`"}`, oauth.Metadata{})
	if page := vouched.admin(t).get("/admin/clients/" + at + "/credentials").body; !strings.Contains(page, "Show all of it") || !strings.Contains(page, long) {
		t.Errorf("a long claim is shown as %s", textOf(page))
	}
}
