package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/api"
	"roster/domain"
)

// changeLine is a line of the feed of changes.
type changeLine struct {
	Seq      *uint64         `json:"seq"`
	ClientID string          `json:"client_id"`
	Status   domain.Status   `json:"status"`
	Client   json.RawMessage `json:"client"`
}

func (l changeLine) String() string {
	seq := "-"
	if l.Seq != nil {
		seq = fmt.Sprint(*l.Seq)
	}
	text := seq + " " + l.ClientID + " " + string(l.Status)
	if l.Client != nil {
		text += " served"
	}
	return text
}

// TestChanges reads what became of clients: each once, as it stands now.
func TestChanges(t *testing.T) {
	s := checked(t, withAuthority(t))
	if got := s.do("GET", "/as/v1/changes", asAuthority); got.String() != "OK {\"seq\":0}\n" || got.header.Get("Roster-Sequence") != "0" {
		t.Errorf("of nothing: %s, %v", got, got.header)
	}
	kept, suspended, revoked := s.client(webClient), s.client(webClient), s.client(webClient) // 1, 2, 3
	s.issue(`{"uses":1}`)                                                                     // 4
	expect(t, s.do("POST", "/api/v1/clients/"+suspended.id+"/suspension?reason=personal", asAdmin), http.StatusNoContent, "")
	expect(t, s.do("DELETE", "/api/v1/clients/"+revoked.id, asAdmin), http.StatusNoContent, "")
	s.issue(`{}`) // 7

	read := func(query string) (answer, []string) {
		t.Helper()
		got := s.do("GET", "/as/v1/changes"+query, asAuthority)
		var texts []string
		for _, line := range lines[changeLine](t, got) {
			texts = append(texts, line.String())
		}
		return got, texts
	}
	position := func(seq uint64) string { return fmt.Sprintf("%d  ", seq) }
	one, gone := "- "+kept.id+" active served", "6 "+revoked.id+" revoked"
	for query, want := range map[string][]string{
		"":         {one, position(7)},
		"?after=0": {one, position(7)},
		"?after=1": {"5 " + suspended.id + " suspended", gone, position(7)},
		"?after=5": {gone, position(7)},
		"?after=6": {position(7)},
		"?after=7": {position(7)},
	} {
		got, texts := read(query)
		if diff := cmp.Diff(want, texts); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
		if snapshot := query == "" || query == "?after=0"; (got.header.Get("Roster-Sequence") == "7") != snapshot {
			t.Errorf("%q: Roster-Sequence is %q", query, got.header.Get("Roster-Sequence"))
		}
	}
	got, _ := read("")
	first, _, _ := bytes.Cut(got.body, []byte("\n"))
	var line changeLine
	if err := json.Unmarshal(first, &line); err != nil {
		t.Fatal(err)
	}
	if looked := s.do("GET", "/as/v1/clients/"+kept.id, asAuthority); string(line.Client) != string(looked.body) {
		t.Errorf("told %s, looked up %s", line.Client, looked)
	}
	for query, code := range map[string]int{"?after=8": http.StatusConflict, "?after=-1": http.StatusBadRequest, "?after=x": http.StatusBadRequest, "?at=1": http.StatusBadRequest} {
		if got := s.do("GET", "/as/v1/changes"+query, asAuthority); got.status != code {
			t.Errorf("%s: %s", query, got)
		}
	}
	if head := s.do("HEAD", "/as/v1/changes", asAuthority); head.status != http.StatusOK || head.header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("HEAD: %v", head)
	}
}

// The feed holds no address, no contact, no reason of an administrator, no sealed secret and no token.
func TestChangesHoldNothingPersonal(t *testing.T) {
	s := checked(t, withAuthority(t))
	client := s.client(`{"redirect_uris":["https://client.example.org/cb"],"contacts":["me@example.org"],"token_endpoint_auth_method":"client_secret_jwt"}`)
	ended := s.client(webClient)
	expect(t, s.do("DELETE", "/api/v1/clients/"+ended.id+"?reason=secretive", asAdmin), http.StatusNoContent, "")
	told := string(s.do("GET", "/as/v1/changes", asAuthority).body) + string(s.do("GET", "/as/v1/changes?after=1", asAuthority).body)
	if !strings.Contains(told, client.id) || !strings.Contains(told, ended.id) {
		t.Errorf("told %s", told)
	}
	for _, hidden := range []string{"me@example.org", "secretive", "127.0.0.1", "registration_access_token", "registration_client_uri", "sealed"} {
		if strings.Contains(told, hidden) {
			t.Errorf("the feed holds %s: %s", hidden, told)
		}
	}
	holdsNoSecret(t, told, client)
}

// TestFollowChanges follows the feed live: a snapshot, which ends with its position, and then what happens.
func TestFollowChanges(t *testing.T) {
	s := start(t, withAuthority(t))
	first := s.client(webClient)
	feed := s.subscribe("/as/v1/changes", asAuthority)
	next := func(want, id string) {
		t.Helper()
		got := feed.nextServerEvent()
		var line changeLine
		if err := json.Unmarshal([]byte(got.data), &line); err != nil {
			t.Fatal(err)
		}
		if text := strings.TrimSpace(got.name + " " + line.String()); text != want || got.id != id {
			t.Errorf("told %q with the id %q, want %q with %q", text, got.id, want, id)
		}
	}
	next("- "+first.id+" active served", "")
	next("position 1", "1")
	second := s.client(webClient)
	next("2 "+second.id+" active served", "2")
	s.issue(`{}`)
	next("position 3", "3")
	expect(t, s.do("DELETE", "/api/v1/clients/"+first.id, asAdmin), http.StatusNoContent, "")
	next("4 "+first.id+" revoked", "4")
	feed.body.Close()

	feed = s.subscribe("/as/v1/changes", asAuthority, header("Last-Event-ID", "2"))
	next("4 "+first.id+" revoked", "4")
	feed.body.Close()
	if got := s.do("GET", "/as/v1/changes", asAuthority, header("Accept", "text/event-stream"), header("Last-Event-ID", "9")); got.status != http.StatusConflict {
		t.Errorf("beyond the end: %s", got)
	}
}

func TestConsumers(t *testing.T) {
	s := checked(t, withAuthority(t))
	s.client(webClient)
	s.client(webClient)
	other := bearer(anotherAuthorityToken)
	path := func(name string) string { return "/as/v1/consumers/" + name }
	set := func(name string, seq int, as part) answer {
		return s.do("PUT", path(name), as, body(fmt.Sprintf(`{"seq":%d}`, seq)))
	}
	expect(t, s.do("GET", path("cache"), asAuthority), http.StatusNotFound, "not_found")
	got := set("cache", 1, asAuthority)
	expect(t, got, http.StatusOK, "")
	if view := got.json(t); fmt.Sprintf("%v %v", view["seq"], view["lag"]) != "1 1" {
		t.Errorf("kept %s", got)
	}
	if again := s.do("GET", path("cache"), asAuthority); again.String() != got.String() {
		t.Errorf("kept %s, shown %s", got, again)
	}
	s.client(webClient)
	if view := s.do("GET", path("cache"), asAuthority).json(t); fmt.Sprint(view["lag"]) != "2" {
		t.Errorf("after another event %v", view)
	}
	expect(t, set("cache", 0, asAuthority), http.StatusOK, "") // it begins anew
	expect(t, set("cache", 4, asAuthority), http.StatusConflict, "conflict")
	expect(t, set("cache", 3, other), http.StatusOK, "") // its own
	if view := s.do("GET", path("cache"), asAuthority).json(t); fmt.Sprint(view["seq"]) != "0" {
		t.Errorf("another server changed it: %v", view)
	}
	for name, wrong := range map[string][]part{
		"no number":     {body(`{"seq":"1"}`)},
		"a fraction":    {body(`{"seq":1.5}`)},
		"below zero":    {body(`{"seq":-1}`)},
		"nothing":       {body(`{}`)},
		"null":          {body(`null`)},
		"more than seq": {body(`{"seq":1,"x":1}`)},
		"seq twice":     {body(`{"seq":1,"seq":2}`)},
	} {
		if got := s.do("PUT", path("cache"), append(wrong, asAuthority)...); got.status != http.StatusBadRequest {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, name := range []string{"a.b", "a%20b", "*", "%3E", strings.Repeat("x", 65), "a%2Fb"} {
		if got := set(name, 1, asAuthority); got.status != http.StatusBadRequest {
			t.Errorf("%s: %s", name, got)
		}
	}
	for i := 1; i < api.ConsumersMost; i++ {
		expect(t, set(fmt.Sprint("c", i), 1, asAuthority), http.StatusOK, "")
	}
	expect(t, set("one-too-many", 1, asAuthority), http.StatusConflict, "conflict")
	expect(t, set("c1", 2, asAuthority), http.StatusOK, "") // one that is there
	if listed := s.do("GET", "/as/v1/consumers", asAuthority).json(t)["consumers"].([]any); len(listed) != api.ConsumersMost {
		t.Errorf("%d are listed", len(listed))
	}
	if listed := s.do("GET", "/as/v1/consumers", other).json(t)["consumers"].([]any); len(listed) != 1 {
		t.Errorf("%d of another server are listed", len(listed))
	}
	expect(t, s.do("DELETE", path("c1"), asAuthority), http.StatusNoContent, "")
	expect(t, s.do("DELETE", path("c1"), asAuthority), http.StatusNoContent, "")
	expect(t, s.do("GET", path("c1"), asAuthority), http.StatusNotFound, "not_found")
	expect(t, set("one-more", 1, asAuthority), http.StatusOK, "")
}
