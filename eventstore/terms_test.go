package eventstore_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"roster/domain/oauth"
	"roster/eventstore"
)

// The encoding of a version never changes, byte for byte.
func TestTermsGolden(t *testing.T) {
	for _, test := range []struct {
		terms   oauth.Terms
		encoded string
	}{
		{oauth.Terms{}, ""},
		{oauth.Terms{Owner: "acme"}, `{"version":1,"owner":"acme"}`},
		{oauth.Terms{Scopes: []string{}}, `{"version":1,"limits":{"scopes":[]}}`},
		{terms, `{"version":1,"owner":"acme","limits":{"grant_types":["authorization_code"],"scopes":["openid","profile"],` +
			`"redirect_hosts":[".example.org","198.51.100.7"],"application_types":["web"]}}`},
	} {
		encoded, err := eventstore.EncodeTerms(test.terms)
		if err != nil || string(encoded) != test.encoded {
			t.Errorf("EncodeTerms(%+v) = %s, %v; want %s", test.terms, encoded, err, test.encoded)
		}
		parsed, err := eventstore.ParseTerms([]byte(test.encoded))
		if diff := cmp.Diff(test.terms, parsed); diff != "" || err != nil {
			t.Errorf("ParseTerms(%s): %v, %s", test.encoded, err, diff)
		}
	}
}

func TestTermsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := termsOf(t)
		encoded, err := eventstore.EncodeTerms(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := eventstore.ParseTerms(encoded)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("%s: %v, %s", encoded, err, diff)
		}
	})
}

func TestParseTermsRefuses(t *testing.T) {
	for _, encoded := range []string{
		`null`, `[]`, `7`, `{`, `{"version":1`, `{"version":1}x`, `{"version":"1"}`,
		`{"version":1,"audiences":["a"]}`,
		`{"version":1,"limits":{"audiences":["a"]}}`,
		`{"version":1,"limits":{"scopes":"openid"}}`,
		`{"version":1,"owner":"a","owner":"b"}`,
		`{"version":1,"Owner":"a"}`,
		"{\"version\":1,\"owner\":\"\xff\"}",
	} {
		if parsed, err := eventstore.ParseTerms([]byte(encoded)); err == nil {
			t.Errorf("%s was decoded as %+v", encoded, parsed)
		}
	}
	for _, encoded := range []string{`{}`, `{"version":0}`, `{"version":2}`, `{"version":2,"audiences":["a"]}`} {
		if _, err := eventstore.ParseTerms([]byte(encoded)); !errors.Is(err, eventstore.ErrUnknownSchema) {
			t.Errorf("%s: %v, want ErrUnknownSchema", encoded, err)
		}
	}
	if encoded, err := eventstore.EncodeTerms(oauth.Terms{Owner: "\xff"}); err == nil {
		t.Errorf("a text that is not UTF-8 was encoded as %q", encoded)
	}
}
