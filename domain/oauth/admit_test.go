package oauth_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

const webApp = `{"redirect_uris":["https://client.example.org/cb"],"client_name":"App"}`

// admit returns the metadata that a request leads to, see narrow.
func admit(t testing.TB, p oauth.Policy, r oauth.Request) (oauth.Metadata, error) {
	t.Helper()
	registered, _, err := narrow(t, p, r)
	return registered, err
}

// narrow is oauth.Admit. A request for a new client is made twice, as a registration and as an update of a client that
// is registered as something else: the answers must be the same (RFC 7592 2.2).
func narrow(t testing.TB, p oauth.Policy, r oauth.Request) (registered, leftOut oauth.Metadata, err error) {
	t.Helper()
	registered, leftOut, err = oauth.Admit(p, r)
	checkSetting(t, err)
	if r.Former != nil {
		return registered, leftOut, err
	}
	r.Former = oauth.Metadata{"redirect_uris": oauth.List{"https://before.example/"}, "client_name": oauth.Text("Before")}
	updated, updatedWithout, updateErr := oauth.Admit(p, r)
	for what, diff := range map[string]string{
		"metadata": cmp.Diff(registered, updated), "left out": cmp.Diff(leftOut, updatedWithout), "error": cmp.Diff(err, updateErr),
	} {
		if diff != "" {
			t.Errorf("%s of %s (-registration +update):\n%s", what, r.Document, diff)
		}
	}
	return registered, leftOut, err
}

// registered is the metadata that a registration of body leads to.
func registered(t testing.TB, body string) oauth.Metadata {
	t.Helper()
	metadata, err := admit(t, oauth.DefaultPolicy, request(t, body))
	if err != nil {
		t.Fatalf("register %s: %v", body, err)
	}
	return metadata
}

// request asks for a new client.
func request(t testing.TB, body string) oauth.Request {
	t.Helper()
	return oauth.Request{Document: document(t, body)}
}

// update asks for other metadata of a client.
func update(t testing.TB, former oauth.Metadata, body string) oauth.Request {
	t.Helper()
	return oauth.Request{Document: document(t, body), Former: former}
}

func document(t testing.TB, body string) oauth.Document {
	t.Helper()
	d, err := oauth.ParseDocument([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return d
}

// confirmed is the decision on a request of which others say that all is as it says, and what they said.
func confirmed(r oauth.Request) (oauth.Metadata, oauth.Evidence, error) {
	statement, _ := r.Document.Text("software_statement")
	stated, _ := oauth.ParseSoftwareStatement(statement)
	own, _ := oauth.ParseSector(r.Document["redirect_uris"])
	claimed, _ := oauth.ParseSector(stated.Claims["redirect_uris"])
	metadata, _, err := oauth.Admit(oauth.DefaultPolicy, r)
	for missing := new(oauth.Missing); errors.As(err, &missing); {
		if missing.SoftwareStatement != "" {
			r.Evidence.SoftwareStatement = missing.SoftwareStatement
		} else {
			r.Evidence.Sector = &oauth.Sector{URI: missing.SectorIdentifierURI, URIs: append(append([]string{}, own...), claimed...)}
		}
		metadata, _, err = oauth.Admit(oauth.DefaultPolicy, r)
	}
	return metadata, r.Evidence, err
}

// checkRefusal holds a refusal to RFC 6749 5.2 and RFC 7591 3.2.2.
func checkRefusal(t testing.TB, err error) {
	t.Helper()
	var refused *oauth.Error
	if !errors.As(err, &refused) || refused.Code == "" {
		t.Fatalf("not a refusal: %#v", err)
	}
	for _, r := range refused.Error() {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			t.Fatalf("description %q has %q", refused.Error(), r)
		}
	}
}

// policyNamed finds the setting that the words of a refusal name.
var policyNamed = regexp.MustCompile("the policy ([a-z-]+) of this server")

// checkSetting checks that a refusal whose words name what refused it says the same in its Setting.
func checkSetting(t testing.TB, err error) {
	t.Helper()
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return
	}
	named := ""
	if found := policyNamed.FindStringSubmatch(refused.Detail); found != nil {
		named = found[1]
	} else if strings.Contains(refused.Detail, "initial access token") {
		named = oauth.InitialAccessToken
	}
	if named != "" && refused.Setting != named {
		t.Errorf("refused by the setting %q, in words: %s", refused.Setting, refused.Detail)
	}
}

// checkRefused checks code and field of a refusal.
func checkRefused(t testing.TB, err error, code oauth.Code, field string) {
	t.Helper()
	var refused *oauth.Error
	if !errors.As(err, &refused) || refused.Code != code || refused.Field != field {
		t.Errorf("error %#v, want %s at %q", err, code, field)
	}
}
