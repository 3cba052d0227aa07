package eventstore_test

import (
	"maps"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
)

// AsDecoded is Decode after Encode, or says that it cannot tell.
func TestAsDecoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := envelopes().Draw(t, "envelope")
		wantAsDecoded(t, e)
	})
}

// What encoding changes without a word, AsDecoded changes as well or does not vouch for.
func TestAsDecodedAltered(t *testing.T) {
	east := time.FixedZone("east", 3600)
	with := func(alter func(e *domain.ClientRegistered)) domain.Envelope {
		event := registered(3)
		event.Metadata, event.LeftOut = maps.Clone(event.Metadata), maps.Clone(event.LeftOut)
		alter(&event)
		return envelope(event)
	}
	now := envelope(registered(3))
	now.Time = time.Now()
	elsewhere := envelope(registered(3))
	elsewhere.Time = elsewhere.Time.In(east)
	for name, e := range map[string]domain.Envelope{
		"monotonic clock":    now,
		"other time zone":    elsewhere,
		"issued elsewhere":   with(func(e *domain.ClientRegistered) { e.IssuedAt = e.IssuedAt.In(east) }),
		"expires elsewhere":  with(func(e *domain.ClientRegistered) { e.Secret.ExpiresAt = e.Secret.ExpiresAt.In(east) }),
		"nothing sealed":     with(func(e *domain.ClientRegistered) { e.Secret.Sealed = []byte{} }),
		"no limits":          with(func(e *domain.ClientRegistered) { e.Terms = oauth.Terms{} }),
		"empty limits":       with(func(e *domain.ClientRegistered) { e.Terms = oauth.Terms{Scopes: []string{}} }),
		"nothing left out":   with(func(e *domain.ClientRegistered) { e.LeftOut = oauth.Metadata{} }),
		"no metadata to say": with(func(e *domain.ClientRegistered) { e.Metadata = oauth.Metadata{} }),
	} {
		t.Run(name, func(t *testing.T) { wantAsDecoded(t, e) })
	}
	for name, e := range map[string]domain.Envelope{
		"no metadata":         with(func(e *domain.ClientRegistered) { e.Metadata = nil }),
		"unknown member":      with(func(e *domain.ClientRegistered) { e.Metadata["unheard_of"] = oauth.Text("a") }),
		"no UTF-8":            with(func(e *domain.ClientRegistered) { e.Metadata["client_name"] = oauth.Text("\xff") }),
		"no UTF-8 in a list":  with(func(e *domain.ClientRegistered) { e.Metadata["contacts"] = oauth.List{"\xff"} }),
		"another kind":        with(func(e *domain.ClientRegistered) { e.Metadata["client_name"] = oauth.Flag(true) }),
		"no list":             with(func(e *domain.ClientRegistered) { e.Metadata["contacts"] = oauth.List(nil) }),
		"number too large":    with(func(e *domain.ClientRegistered) { e.Metadata["default_max_age"] = oauth.Number(1 << 53) }),
		"spaces in an object": with(func(e *domain.ClientRegistered) { e.Metadata["jwks"] = oauth.Object(`{ "keys": [] }`) }),
		"list left out":       with(func(e *domain.ClientRegistered) { e.LeftOut["grant_types"] = oauth.List(nil) }),
		"fraction of second":  with(func(e *domain.ClientRegistered) { e.IssuedAt = e.IssuedAt.Add(1) }),
		"no event":            envelope(nil),
	} {
		if got, ok := eventstore.AsDecoded(e); ok {
			t.Errorf("%s: vouched for %+v", name, got)
		}
	}
}

func wantAsDecoded(t rapid.TB, e domain.Envelope) {
	t.Helper()
	r, err := eventstore.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	want, err := eventstore.Decode(r)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := eventstore.AsDecoded(e)
	if !ok {
		t.Fatalf("not vouched for: %+v", e)
	}
	// Unlike cmp.Diff, this sees the zone and the monotonic clock of a time.
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%#v, want %#v\n%s", got, want, cmp.Diff(want, got))
	}
}
