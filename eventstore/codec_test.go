package eventstore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
)

var update = flag.Bool("update", false, "write the golden files of versions that have none yet")

// golden holds one envelope of each type, with every member set and in the version that is current.
var golden = map[string]domain.Envelope{
	"ClientRegistered.3": envelope(registered(3)),
	"ClientUpdated.4":    envelope(updated(4)),
	"ClientDeleted.1":    envelope(domain.ClientDeleted{}),
	"ClientSuspended.1":  envelope(domain.ClientSuspended{Reason: "Under investigation"}),
	"ClientResumed.1":    envelope(domain.ClientResumed{}),
	"ClientRevoked.1":    envelope(domain.ClientRevoked{Reason: "Reported as abusive"}),
	"InitialAccessTokenIssued.1": envelope(domain.InitialAccessTokenIssued{
		Digest: domain.DigestOf("initial access token"), Label: "Partner onboarding", Terms: terms,
		ExpiresAt: time.Unix(1798859045, 0).UTC(), MaxUses: 3,
	}),
	"InitialAccessTokenUsed.1":    envelope(domain.InitialAccessTokenUsed{ClientID: "s6BhdRkqt3"}),
	"InitialAccessTokenRevoked.1": envelope(domain.InitialAccessTokenRevoked{Reason: "Published by mistake"}),
	"SealingKeyIntroduced.1":      ofRegistry(domain.SealingKeyIntroduced{KeyID: "3274d7afdf7001fa"}),
	"SealingKeyLost.1":            ofRegistry(domain.SealingKeyLost{KeyID: "3274d7afdf7001fa"}),
	"LossAccepted.1":              ofRegistry(domain.LossAccepted{From: 4001, To: 7520}),
}

var leftOut = oauth.Metadata{
	"grant_types": oauth.List{"implicit"}, "response_types": oauth.List{"code id_token"}, "scope": oauth.Text("admin audit"),
}

var terms = oauth.Terms{
	Owner: "acme", GrantTypes: []string{"authorization_code"}, Scopes: []string{"openid", "profile"},
	RedirectHosts: []string{".example.org", "198.51.100.7"}, ApplicationTypes: []string{"web"},
}

// past holds what was written in older versions: it stays in its files and must be decoded for ever.
var past = map[string]domain.Envelope{
	"ClientRegistered.1": envelope(registered(1)),
	"ClientRegistered.2": envelope(registered(2)),
	"ClientUpdated.1":    envelope(updated(1)),
	"ClientUpdated.2":    envelope(updated(2)),
	"ClientUpdated.3":    envelope(updated(3)),
}

// registered is the event with all that a version holds.
func registered(version int) domain.ClientRegistered {
	e := domain.ClientRegistered{
		Metadata: oauth.Metadata{
			"redirect_uris":     oauth.List{"https://client.example.org/callback", "https://client.example.org/other"},
			"client_name":       oauth.Text("Müller & Söhne <GmbH>"),
			"client_name#fr":    oauth.Text("Müller et fils"),
			"contacts":          oauth.List{"admin@example.org", "ops@example.org"},
			"default_max_age":   oauth.Number(0),
			"require_auth_time": oauth.Flag(false),
			"jwks":              oauth.Object(`{"keys":[]}`),
		},
		IssuedAt:                time.Unix(1767323045, 0).UTC(),
		RegistrationAccessToken: domain.DigestOf("registration access token"),
		Secret: &domain.Secret{
			Digest:    domain.DigestOf("client secret"),
			ExpiresAt: time.Unix(1798859045, 0).UTC(),
			Sealed:    []byte("sealed\x00\xff"),
		},
	}
	if version >= 2 {
		e.PolicyVersion = "3274d7afdf7001fa"
		e.InitialAccessToken, e.Terms = "0197a3c5-0000-7c3d-9f42-0123456789ab", terms
	}
	if version >= 3 {
		e.LeftOut = leftOut
	}
	return e
}

// updated is the event with all that a version holds.
func updated(version int) domain.ClientUpdated {
	e := domain.ClientUpdated{
		Metadata:     oauth.Metadata{"client_name": oauth.Text("New name"), "contacts": oauth.List{"admin@example.org"}},
		SecretIssued: &domain.Secret{Digest: domain.DigestOf("new secret")},
		SecretEnded:  true,
	}
	if version >= 2 {
		e.RegistrationAccessToken = domain.DigestOf("new registration access token")
	}
	if version >= 3 {
		e.PolicyVersion = "3274d7afdf7001fa"
	}
	if version >= 4 {
		e.LeftOut = leftOut
	}
	return e
}

func envelope(event domain.Event) domain.Envelope {
	return domain.Envelope{
		ID:        "0197a3c5-7e1b-7c3d-9f42-0123456789ab",
		Time:      time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC),
		Aggregate: domain.ClientAggregate("s6BhdRkqt3"),
		Actor:     domain.Actor{Kind: domain.ActorAdmin, ID: "admin", IP: "192.0.2.1"},
		Event:     event,
	}
}

// ofRegistry is an envelope of what the program does by itself.
func ofRegistry(event domain.Event) domain.Envelope {
	e := envelope(event)
	e.Aggregate, e.Actor = domain.RegistryAggregate(), domain.Actor{Kind: domain.ActorSystem, ID: "roster"}
	return e
}

// The encoding of a version never changes, byte for byte, and stays readable. A golden file holds what
// stands beside the body in its first line and the body in its second.
func TestGolden(t *testing.T) {
	for name, e := range golden {
		r, err := eventstore.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if current := fmt.Sprintf("%s.%d", r.Type, r.Version); name != current {
			t.Errorf("%s is encoded as %s: give the new version a golden file of its own", name, current)
		}
		file := filepath.Join("testdata", name+".json")
		got := goldenText(t, r)
		if _, err := os.Stat(file); *update && errors.Is(err, os.ErrNotExist) {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: the encoding of a version may not change (-want +got)\n%s", name, diff)
		}
	}
	for eventType, versions := range eventstore.Versions() {
		for version := range versions {
			name := fmt.Sprintf("%s.%d", eventType, version+1)
			got, err := eventstore.Decode(parseGolden(t, filepath.Join("testdata", name+".json")))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			want, current := golden[name]
			if !current {
				want = past[name]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got)\n%s", name, diff)
			}
		}
	}
}

func goldenText(t *testing.T, r eventstore.Encoded) []byte {
	body := r.Body
	r.Body = nil
	beside, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, "%s\n%s\n", beside, body)
}

func parseGolden(t *testing.T, file string) (r eventstore.Encoded) {
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	beside, body, _ := bytes.Cut(content, []byte("\n"))
	if err := json.Unmarshal(beside, &r); err != nil {
		t.Fatal(err)
	}
	r.Body = bytes.TrimSuffix(body, []byte("\n"))
	return r
}

// D-26: personal data is nowhere but in "personal", and the auditors' data is complete.
func TestPersonalDataApart(t *testing.T) {
	r, err := eventstore.Encode(golden["ClientRegistered.3"])
	if err != nil {
		t.Fatal(err)
	}
	var body struct{ Data, Personal json.RawMessage }
	if err := json.Unmarshal(r.Body, &body); err != nil {
		t.Fatal(err)
	}
	for _, personal := range []string{"contacts", "admin@example.org", "192.0.2.1"} {
		if strings.Contains(string(body.Data), personal) {
			t.Errorf("%q is in data: %s", personal, body.Data)
		}
		if !strings.Contains(string(body.Personal), personal) {
			t.Errorf("%q is not in personal: %s", personal, body.Personal)
		}
	}
	_, data, err := eventstore.EventData(golden["ClientRegistered.3"].Event)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `"contacts":["admin@example.org","ops@example.org"]`) {
		t.Errorf("data of the event line has no contacts: %s", data)
	}
	// The event that was encoded is as it was.
	if got := golden["ClientRegistered.3"].Event.(domain.ClientRegistered).Metadata.List("contacts"); len(got) != 2 {
		t.Errorf("encoding took the contacts out of the event: %v", got)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := envelopes().Draw(t, "envelope")
		r, err := eventstore.Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := eventstore.Decode(r)
		if err != nil {
			t.Fatalf("decode %s: %v", r.Body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("decode(encode(e)) != e (-want +got)\n%s", diff)
		}
		version, data, err := eventstore.EventData(want.Event)
		if err != nil {
			t.Fatal(err)
		}
		event, err := eventstore.ParseEventData(want.Event.Type(), version, data)
		if err != nil {
			t.Fatalf("parse %s: %v", data, err)
		}
		if diff := cmp.Diff(want.Event, event); diff != "" {
			t.Fatalf("event data (-want +got)\n%s", diff)
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	valid, err := eventstore.Encode(golden["ClientRegistered.3"])
	if err != nil {
		t.Fatal(err)
	}
	replaced := func(old, new string) string {
		if !strings.Contains(string(valid.Body), old) {
			t.Fatalf("%s has no %s", valid.Body, old)
		}
		return strings.Replace(string(valid.Body), old, new, 1)
	}
	issued, err := eventstore.Encode(golden["InitialAccessTokenIssued.1"])
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]eventstore.Encoded{
		"empty":                   {Type: valid.Type, Version: valid.Version},
		"null":                    {Type: valid.Type, Version: valid.Version, Body: []byte("null")},
		"array":                   {Type: valid.Type, Version: valid.Version, Body: []byte("[]")},
		"no data":                 {Type: valid.Type, Version: valid.Version, Body: []byte("{}")},
		"data is null":            {Type: valid.Type, Version: valid.Version, Body: []byte(`{"data":null}`)},
		"trailing rubbish":        {Type: valid.Type, Version: valid.Version, Body: []byte(string(valid.Body) + "x")},
		"two bodies":              {Type: valid.Type, Version: valid.Version, Body: []byte(string(valid.Body) + string(valid.Body))},
		"cut off":                 {Type: valid.Type, Version: valid.Version, Body: valid.Body[:len(valid.Body)-1]},
		"member twice":            {Type: valid.Type, Version: valid.Version, Body: []byte(replaced(`"client_name":`, `"client_name":"a","client_name":`))},
		"wrong kind":              {Type: valid.Type, Version: valid.Version, Body: []byte(replaced(`"redirect_uris":[`, `"redirect_uris":[7,`))},
		"digest too short":        {Type: valid.Type, Version: valid.Version, Body: []byte(replaced(`token_digest":"`, `token_digest":"ab","x":"`))},
		"contacts in both places": {Type: valid.Type, Version: valid.Version, Body: []byte(replaced(`"client_name":`, `"contacts":["a@example.org"],"client_name":`))},
		"personal data of an event without metadata": {Type: "ClientDeleted", Version: 1, Body: []byte(`{"data":{},"personal":{"contacts":["a@example.org"]}}`)},
		"token without digest":                       {Type: issued.Type, Version: 1, Body: []byte(`{"data":{"expires_at":0,"max_uses":0}}`)},
		"use by nobody":                              {Type: "InitialAccessTokenUsed", Version: 1, Body: []byte(`{"data":{}}`)},
	}
	for name, r := range tests {
		if e, err := eventstore.Decode(r); err == nil {
			t.Errorf("%s was decoded as %+v", name, e)
		} else if errors.Is(err, eventstore.ErrUnknownSchema) {
			t.Errorf("%s: %v, which says that a newer program wrote it", name, err)
		}
	}
}

// What a newer program wrote is ErrUnknownSchema, whatever it is that is not known. Nothing is left out.
func TestDecodeNewer(t *testing.T) {
	valid, err := eventstore.Encode(golden["ClientRegistered.3"])
	if err != nil {
		t.Fatal(err)
	}
	issued, err := eventstore.Encode(golden["InitialAccessTokenIssued.1"])
	if err != nil {
		t.Fatal(err)
	}
	with := func(r eventstore.Encoded, old, new string) eventstore.Encoded {
		if !bytes.Contains(r.Body, []byte(old)) {
			t.Fatalf("%s has no %s", r.Body, old)
		}
		r.Body = bytes.Replace(r.Body, []byte(old), []byte(new), 1)
		return r
	}
	tests := map[string]eventstore.Encoded{
		"type":                             {Type: "ClientForgotten", Version: 1, Body: valid.Body},
		"type without a body":              {Type: "ClientForgotten", Version: 1},
		"version":                          {Type: valid.Type, Version: valid.Version + 1, Body: valid.Body},
		"version 0":                        {Type: valid.Type, Version: 0, Body: valid.Body},
		"version -1":                       {Type: valid.Type, Version: -1, Body: valid.Body},
		"member of the next version":       {Type: valid.Type, Version: valid.Version - 1, Body: valid.Body},
		"member of the body":               with(valid, `{"data":`, `{"more":1,"data":`),
		"member of the data":               with(valid, `{"metadata":`, `{"more":1,"metadata":`),
		"member of what the data holds":    with(valid, `{"digest":`, `{"more":1,"digest":`),
		"member of another case":           with(valid, `"metadata":`, `"Metadata":`),
		"member of the metadata":           with(valid, `"client_name":`, `"unheard_of":1,"client_name":`),
		"member of the personal data":      with(valid, `"personal":{`, `"personal":{"unheard_of":"a",`),
		"member of metadata left out":      with(valid, `"left_out":{`, `"left_out":{"unheard_of":["a"],`),
		"limit of an initial access token": with(issued, `"scopes":`, `"audiences":`),
	}
	for name, r := range tests {
		e, err := eventstore.Decode(r)
		if !errors.Is(err, eventstore.ErrUnknownSchema) {
			t.Errorf("%s: %+v, %v; want ErrUnknownSchema", name, e, err)
			continue
		}
		if want := fmt.Sprintf("%q version %d", r.Type, r.Version); !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q does not say %s", name, err, want)
		}
	}
	// The same holds for the data by itself.
	for name, parse := range map[string]func() (domain.Event, error){
		"type":    func() (domain.Event, error) { return eventstore.ParseEventData("ClientForgotten", 1, []byte(`{}`)) },
		"version": func() (domain.Event, error) { return eventstore.ParseEventData("ClientDeleted", 2, []byte(`{}`)) },
		"member":  func() (domain.Event, error) { return eventstore.ParseEventData("ClientDeleted", 1, []byte(`{"a":1}`)) },
	} {
		if e, err := parse(); !errors.Is(err, eventstore.ErrUnknownSchema) {
			t.Errorf("unknown %s in data alone: %+v, %v; want ErrUnknownSchema", name, e, err)
		}
	}
}

// An encoding that would lose something is refused.
func TestEncodeRefuses(t *testing.T) {
	tests := map[string]domain.Event{
		"no event":               nil,
		"fractions of a second":  domain.ClientRegistered{Metadata: oauth.Metadata{}, IssuedAt: time.Unix(1, 1)},
		"token expiry with one":  domain.InitialAccessTokenIssued{ExpiresAt: time.Unix(1, 1)},
		"expiry with a fraction": domain.ClientUpdated{Metadata: oauth.Metadata{}, SecretIssued: &domain.Secret{ExpiresAt: time.Unix(1, 1)}},
	}
	for name, event := range tests {
		if r, err := eventstore.Encode(envelope(event)); err == nil {
			t.Errorf("%s was encoded as %s", name, r.Body)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range golden {
		r, err := eventstore.Encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(r.Type, r.Version, []byte(r.Body))
	}
	f.Fuzz(func(t *testing.T, eventType string, version int, body []byte) {
		e, err := eventstore.Decode(eventstore.Encoded{Type: eventType, Version: version, Body: body})
		if err != nil {
			return
		}
		// What can be decoded can be encoded, to the same effect.
		r, err := eventstore.Encode(e)
		if err != nil {
			t.Fatalf("encode what was decoded from %s: %v", body, err)
		}
		again, err := eventstore.Decode(r)
		if err != nil {
			t.Fatalf("decode %s again: %v", r.Body, err)
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Error(diff)
		}
	})
}

// docs/log.md lists every version of every type.
func TestFormatIsDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "log.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]int)
	eventType := ""
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		if name := strings.Trim(cells[1], " `"); name != "" {
			eventType = name
		}
		if version := strings.TrimSpace(cells[2]); version == fmt.Sprint(documented[eventType]+1) {
			documented[eventType]++
		}
	}
	if diff := cmp.Diff(eventstore.Versions(), documented); diff != "" {
		t.Errorf("types and their versions in docs/log.md (-code +page)\n%s", diff)
	}
}
