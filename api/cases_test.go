package api_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// conformanceCase is a request of testdata/registration.jsonl with the answers that the specifications,
// or the field, allow.
type conformanceCase struct {
	ID      string            `json:"id"`
	Source  string            `json:"source"`
	Method  string            `json:"method"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	Raw     *[]byte           `json:"raw_b64"` // base64; in place of Body
	RawGen  [][2]any          `json:"raw_gen"` // pairs of base64 and how often; in place of Body
	Expect  struct {
		Status  []int          `json:"status"`
		Error   []string       `json:"error"`
		Echo    map[string]any `json:"echo"`
		Present []string       `json:"present"`
		Absent  []string       `json:"absent"`
		Not     map[string]any `json:"not"`
	} `json:"expect"`
}

// TestConformanceCases registers with every case (C-53: what is REQUIRED is there).
func TestConformanceCases(t *testing.T) {
	s := checked(t)
	for _, c := range conformanceCases(t) {
		t.Run(c.ID, func(t *testing.T) {
			s := s.in(t)
			before := s.last()
			got := s.do(c.Method, connectPath, func(r *http.Request) {
				bodyOf(bytes.NewReader(c.bytes(t)))(r)
				r.Header.Del("Content-Type")
				for name, value := range c.Headers {
					r.Header.Set(name, value)
				}
			})
			c.judge(t, got)
			if added := s.last() - before; added != 0 && got.status != http.StatusCreated {
				t.Errorf("%d events for a refusal", added)
			}
		})
	}
}

// TestConformanceCasesAsUpdates puts every case that a registration refuses: an update refuses it in the
// same words, and leaves client and log as they were. What a registration takes, an update takes.
func TestConformanceCasesAsUpdates(t *testing.T) {
	s := checked(t)
	client := s.client(webClient)
	token := bearer(client.token)
	first := s.do("GET", client.path, token)
	for _, c := range conformanceCases(t) {
		if c.Method != http.MethodPost {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			s := s.in(t)
			as := func(method, path, document string, parts ...part) answer {
				t.Helper()
				return s.do(method, path, append(parts, func(r *http.Request) {
					body(document)(r)
					r.Header.Del("Content-Type")
					for name, value := range c.Headers {
						r.Header.Set(name, value)
					}
				})...)
			}
			posted := as("POST", clientsPath, string(c.bytes(t)))
			if posted.status == http.StatusCreated {
				own := clientsPath + "/" + posted.text(t, "client_id")
				token := bearer(posted.text(t, "registration_access_token"))
				before, read := s.last(), s.do("GET", own, token)
				for _, again := range []answer{posted, read} {
					put := s.do("PUT", own, token, body(stripped(t, again)))
					if put.status != http.StatusOK || put.String() != read.String() || s.last() != before {
						t.Errorf("%s: read %s, put back %s, %d events", c.Source, read, put, s.last()-before)
					}
				}
				return
			}
			before := s.last()
			put := as("PUT", client.path, withClientID(string(c.bytes(t)), client.id), token)
			if put.String() != posted.String() || put.status != posted.status {
				t.Errorf("%s: an update answers %d %s, a registration %d %s", c.Source, put.status, put, posted.status, posted)
			}
			if added := s.last() - before; added != 0 {
				t.Errorf("%d events for a refusal", added)
			}
			if after := s.do("GET", client.path, token); after.String() != first.String() {
				t.Errorf("the client changed from %s to %s", first, after)
			}
		})
	}
}

// withClientID puts client_id, which an update needs, into a document that can be one.
func withClientID(document, id string) string {
	if rest, found := strings.CutPrefix(document, `{"`); found {
		return `{"client_id":"` + id + `","` + rest
	}
	return document
}

func conformanceCases(tb testing.TB) []conformanceCase {
	tb.Helper()
	file, err := os.Open("testdata/registration.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	var cases []conformanceCase
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c conformanceCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			tb.Fatal(err)
		}
		cases = append(cases, c)
	}
	if lines.Err() != nil || len(cases) == 0 {
		tb.Fatalf("%d cases, error %v", len(cases), lines.Err())
	}
	return cases
}

func (c conformanceCase) bytes(tb testing.TB) []byte {
	tb.Helper()
	if c.Raw != nil {
		return *c.Raw
	}
	if c.RawGen == nil {
		return c.Body
	}
	var raw []byte
	for _, pair := range c.RawGen {
		piece, err := base64.StdEncoding.DecodeString(pair[0].(string))
		if err != nil {
			tb.Fatal(err)
		}
		raw = append(raw, bytes.Repeat(piece, int(pair[1].(float64)))...)
	}
	return raw
}

func (c conformanceCase) judge(t *testing.T, got answer) {
	t.Helper()
	if !slices.Contains(c.Expect.Status, got.status) {
		t.Fatalf("%s: got %d, want one of %v: %s", c.Source, got.status, c.Expect.Status, got)
	}
	if got.status >= 400 {
		code := got.text(t, "error")
		if c.Expect.Error != nil && !slices.Contains(c.Expect.Error, code) {
			t.Errorf("%s: error is %q, want one of %v", c.Source, code, c.Expect.Error)
		}
		expect(t, got, got.status, code)
		return
	}
	var registered map[string]any
	if err := json.Unmarshal(got.body, &registered); err != nil {
		t.Fatal(err)
	}
	for member, want := range c.Expect.Echo {
		if diff := cmp.Diff(want, registered[member]); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", c.Source, member, diff)
		}
	}
	for _, member := range c.Expect.Present {
		if _, ok := registered[member]; !ok {
			t.Errorf("%s: %s is missing in %s", c.Source, member, got)
		}
	}
	for _, member := range c.Expect.Absent {
		if _, ok := registered[member]; ok {
			t.Errorf("%s: %s is there in %s", c.Source, member, got)
		}
	}
	for member, unwanted := range c.Expect.Not {
		if cmp.Equal(unwanted, registered[member]) {
			t.Errorf("%s: %s is %v", c.Source, member, unwanted)
		}
	}
	if holdsNothing(registered) {
		t.Errorf("%s: null or an empty string, which clients fail on, is in %s", c.Source, got)
	}
}
