package oauth_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain/oauth"
)

func TestKeysOfASet(t *testing.T) {
	// The keys and thumbprints are those of RFC 7638 3.1, RFC 8037 A.3, and RFC 7515 A.3 by hand.
	const set = `{"keys":[
		{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"},
		{"kid":"","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig"},
		{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
		{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
		{"kty":"later","kid":5,"use":"sig"}]}`
	want := []oauth.Key{
		{ID: "2011-04-29", Type: "RSA", Algorithm: "RS256", Bits: 2048, Thumbprint: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{Type: "OKP", Curve: "Ed25519", Use: "sig", Thumbprint: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
		{Type: "EC", Curve: "P-256", Thumbprint: "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"},
		{Type: "EC", Curve: "P-256"},
		{Type: "later", Use: "sig"},
	}
	got, ok := oauth.Object(set).Keys()
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("a set: %t %s", ok, diff)
	}
	for _, other := range []oauth.Object{`{}`, `{"keys":{}}`, `{"keys":[1]}`, `[]`, ``} {
		if keys, ok := other.Keys(); ok {
			t.Errorf("%s is a set with %v", other, keys)
		}
	}
}
