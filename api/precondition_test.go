package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"roster/api"
	"roster/domain/registrar"
)

func (c registered) update(name string) part {
	return body(fmt.Sprintf(`{"client_id":%q,"redirect_uris":["https://client.example.org/cb"],"client_name":%q}`, c.id, name))
}

func TestReadsOfAVersion(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	token := bearer(client.token)
	tag := s.do("GET", client.path, token).header.Get("ETag")
	if registered := client.header.Get("ETag"); tag != `"1"` || registered != tag {
		t.Fatalf("ETag is %s, after the registration %s", tag, registered)
	}
	for _, test := range []struct {
		header, value string
		status        int
	}{
		{"If-Match", tag, 200},
		{"If-Match", `"7", ` + tag, 200},
		{"If-Match", "*", 200},
		{"If-Match", `"7"`, 412},
		{"If-Match", `W/` + tag, 412}, // which is compared strongly
		{"If-None-Match", `"7"`, 200},
		{"If-None-Match", tag, 304},
		{"If-None-Match", `"a,b" , W/` + tag, 304},
		{"If-None-Match", "*", 304},
		{"If-Match", "1", 400},
		{"If-Match", `"1`, 400},
		{"If-Match", "", 400},
		{"If-Match", `*, "1"`, 400},
		{"If-None-Match", `"1"x`, 400},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			got := s.do(method, client.path, token, header(test.header, test.value))
			if got.status != test.status {
				t.Errorf("%s with %s: %s: got %s, want %d", method, test.header, test.value, got, test.status)
			}
			if got.status < 400 && got.header.Get("ETag") != tag {
				t.Errorf("%s with %s: %s: ETag is %s", method, test.header, test.value, got.header.Get("ETag"))
			}
		}
	}
	expect(t, s.do("GET", client.path, token, header("If-Match", `"7"`)), http.StatusPreconditionFailed, "precondition_failed")
	expect(t, s.do("GET", client.path, asAdmin, header("If-None-Match", tag)), http.StatusNotModified, "")
	// Who may not know the client is told nothing of its version.
	expect(t, s.do("GET", client.path, bearer("wrong"), header("If-None-Match", tag)), http.StatusUnauthorized, "invalid_token")
}

func TestChangesToAVersion(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	token := bearer(client.token)
	first := header("If-Match", `"1"`)

	updated := s.do("PUT", client.path, token, first, client.update("Second"))
	expect(t, updated, http.StatusOK, "")
	// An update names no version: the document is not kept as it was put (RFC 9110 9.3.4).
	if tag := updated.header.Get("ETag"); tag != "" {
		t.Errorf("ETag of an update is %s", tag)
	}
	if tag := s.do("HEAD", client.path, token).header.Get("ETag"); tag != `"2"` {
		t.Errorf("ETag after an update is %s", tag)
	}
	before := s.last()
	for _, stale := range []answer{
		s.do("PUT", client.path, token, first, client.update("Third")),
		s.do("PUT", client.path, token, header("If-None-Match", "*"), client.update("Third")),
		s.do("PUT", client.path, token, header("If-None-Match", `"2"`), client.update("Third")),
		s.do("DELETE", client.path, token, first),
		s.do("DELETE", client.path, asAdmin, first),
	} {
		expect(t, stale, http.StatusPreconditionFailed, "precondition_failed")
	}
	expect(t, s.do("PUT", client.path, bearer("wrong"), first, client.update("Third")), http.StatusUnauthorized, "invalid_token")
	expect(t, s.do("DELETE", client.path, header("If-Match", "?")), http.StatusUnauthorized, "invalid_token")
	expect(t, s.do("DELETE", client.path, token, header("If-Match", "?")), http.StatusBadRequest, "invalid_request")
	expect(t, s.do("DELETE", clientsPath+"/unknown", asAdmin, first), http.StatusUnauthorized, "invalid_token")
	if s.last() != before {
		t.Errorf("%d events for refusals", s.last()-before)
	}
	// What changes nothing is still of the version that it left.
	same := s.do("PUT", client.path, token, header("If-Match", `"2"`), client.update("Second"))
	expect(t, same, http.StatusOK, "")
	if tag := s.do("HEAD", client.path, token).header.Get("ETag"); tag != `"2"` {
		t.Errorf("ETag after an update that changed nothing is %s", tag)
	}
	expect(t, s.do("DELETE", client.path, token, header("If-Match", `"2"`)), http.StatusNoContent, "")
}

// Of many who change one version at the same time one succeeds.
func TestOneChangeToAVersion(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	answers := make([]answer, 16)
	var changing sync.WaitGroup
	for i := range answers {
		changing.Go(func() {
			answers[i] = s.do("PUT", client.path, bearer(client.token), header("If-Match", `"1"`), client.update(fmt.Sprint(i)))
		})
	}
	changing.Wait()
	succeeded := 0
	for _, got := range answers {
		switch got.status {
		case http.StatusOK:
			succeeded++
		case http.StatusPreconditionFailed:
		default:
			t.Errorf("got %s", got)
		}
	}
	if succeeded != 1 || s.last() != 2 {
		t.Errorf("%d succeeded and the log has %d events, want 1 and 2", succeeded, s.last())
	}
}

func TestRotatedTokens(t *testing.T) {
	s := checked(t, func(o *api.Options) {
		options := o.Registrar.Options
		options.RotateAccessTokens = true
		o.Registrar = registrar.New(options)
	})
	client := s.client(webClient)
	read := s.do("GET", client.path, bearer(client.token))
	if read.text(t, "registration_access_token") != client.token {
		t.Error("a read rotates the token")
	}
	refused := s.do("PUT", client.path, bearer(client.token), body(`{}`))
	expect(t, refused, http.StatusBadRequest, "invalid_request")

	// Even what is put back as it was rotates.
	put := s.do("PUT", client.path, bearer(client.token), body(stripped(t, read)))
	expect(t, put, http.StatusOK, "")
	next := put.text(t, "registration_access_token")
	if next == client.token || len(next) != len(client.token) {
		t.Errorf("token after an update is %q", next)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		expect(t, s.do(method, client.path, bearer(client.token), client.update("x")), http.StatusUnauthorized, "invalid_token")
	}
	expect(t, s.do("GET", client.path, bearer(next)), http.StatusOK, "")
	for _, event := range s.events("/api/v1/events") {
		if line := fmt.Sprint(event); strings.Contains(line, client.token) || strings.Contains(line, next) {
			t.Errorf("a token is in %s", line)
		}
	}
	expect(t, s.do("DELETE", client.path, bearer(next)), http.StatusNoContent, "")
	if s.last() != 3 {
		t.Errorf("%d events, want 3", s.last())
	}
}
