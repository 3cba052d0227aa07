package oauth

import (
	"slices"
	"testing"
)

func TestRedirectHosts(t *testing.T) {
	for document, want := range map[string][]string{
		`{"redirect_uris":["https://A.example:8443/x?y#z","http://b.example","https://a.example/"]}`:                                {"a.example", "b.example"},
		`{"redirect_uris":["https://user:secret@a.example/","http://[2001:db8::1]:80/"]}`:                                           {"a.example", "2001:db8::1"},
		`{"redirect_uris":["https://1/","https://2/","https://3/","https://4/"]}`:                                                   {"1", "2", "3"},
		`{"redirect_uris":["com.example.app://secret/","https:secret@x","secret","https://","https://a b/",7,null,["https://c/"]]}`: nil,
		`{"redirect_uris":"https://a.example/"}`:                                                                                    nil,
		`{}`:                                                                                                                        nil,
	} {
		parsed, err := ParseDocument([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.RedirectHosts(3); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", document, got, want)
		}
	}
	if got := Document(nil).RedirectHosts(3); got != nil {
		t.Errorf("of no document: %q", got)
	}
}
