package main

import (
	"io"
	"net/http"
	"testing"
)

// The dashboard's file of a client is what the API answers, now and as of a moment.
func TestTheDashboardKeepsTheDocumentOfTheAPI(t *testing.T) {
	s := start(t, t.TempDir())
	c := s.register(webApp)
	s.must(http.StatusNoContent, "DELETE", "/api/v1/clients/"+c.id, "admin", "")
	session := s.signIn("admin", adminPassword)
	for _, moment := range []string{"", "?at=1"} {
		want := s.must(http.StatusOK, "GET", "/api/v1/clients/"+c.id+moment, "admin", "")
		request, err := http.NewRequest("GET", s.base+"/admin/clients/"+c.id+"/client.json"+moment, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.AddCookie(session)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(got) != string(want.body) {
			t.Errorf("%q: %v: the dashboard has\n%s\nthe API\n%s", moment, err, got, want.body)
		}
	}
}
