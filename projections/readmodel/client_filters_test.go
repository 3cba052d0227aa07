package readmodel_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// TestFilters reads the filters of addresses.
func TestFilters(t *testing.T) {
	now := time.Date(2026, 11, 25, 10, 0, 0, 500, time.UTC)
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for _, test := range []struct {
		name, value string
		want        readmodel.ClientQuery
	}{
		{"status", "suspended", readmodel.ClientQuery{Status: domain.Suspended}},
		{"kind", "native", readmodel.ClientQuery{Kind: "native"}},
		{"auth", "none", readmodel.ClientQuery{AuthMethod: "none"}},
		{"grant", "refresh_token", readmodel.ClientQuery{Grant: "refresh_token"}},
		{"software", "com.example", readmodel.ClientQuery{Software: "com.example"}},
		{"owner", "Acme ", readmodel.ClientQuery{Owner: "Acme "}},
		{"contact", "a@example.com", readmodel.ClientQuery{Contact: "a@example.com"}},
		{"host", "A.example", readmodel.ClientQuery{Host: "a.example"}},
		{"token", "0197A3C5-0000-7C3D-9F42-0123456789AB", readmodel.ClientQuery{Token: "0197a3c5-0000-7c3d-9f42-0123456789ab"}},
		{"ip", "2001:DB8::0:1", readmodel.ClientQuery{Network: netip.MustParsePrefix("2001:db8::1/128")}},
		{"ip", "::ffff:203.0.113.9", readmodel.ClientQuery{Network: netip.MustParsePrefix("203.0.113.9/32")}},
		{"ip", "203.0.113.9/24", readmodel.ClientQuery{Network: netip.MustParsePrefix("203.0.113.0/24")}},
		{"ip", "2001:db8::/32", readmodel.ClientQuery{Network: netip.MustParsePrefix("2001:db8::/32")}},
		{"registered", "2026-11-24", readmodel.ClientQuery{Registered: readmodel.Period{From: at("2026-11-24T00:00:00Z"), Until: at("2026-11-25T00:00:00Z")}}},
		{"registered", "2026-11-24..", readmodel.ClientQuery{Registered: readmodel.Period{From: at("2026-11-24T00:00:00Z")}}},
		{"registered", "..2026-11-24", readmodel.ClientQuery{Registered: readmodel.Period{Until: at("2026-11-25T00:00:00Z")}}},
		{"registered", "2026-11-24T10:00:00.5+01:00..2026-11-24", readmodel.ClientQuery{Registered: readmodel.Period{From: at("2026-11-24T09:00:00Z"), Until: at("2026-11-25T00:00:00Z")}}},
		{"changed", "never", readmodel.ClientQuery{NeverChanged: true}},
		{"changed", "2026-11-24T10:00:00Z", readmodel.ClientQuery{Changed: readmodel.Period{From: at("2026-11-24T10:00:00Z"), Until: at("2026-11-24T10:00:01Z")}}},
		{"secret", "expired", readmodel.ClientQuery{SecretExpires: readmodel.Period{Until: at("2026-11-25T10:00:01Z")}}},
		{"secret", "14d", readmodel.ClientQuery{SecretExpires: readmodel.Period{From: at("2026-11-25T10:00:01Z"), Until: at("2026-12-09T10:00:01Z")}}},
		{"caution", "impersonation", readmodel.ClientQuery{Caution: oauth.PossibleImpersonation}},
		{"sort", "registered", readmodel.ClientQuery{}},
		{"sort", "changed", readmodel.ClientQuery{Order: readmodel.ChangedFirst}},
		{"sort", "name", readmodel.ClientQuery{Order: readmodel.ByName}},
		{"status", "", readmodel.ClientQuery{}},
		{"unknown", "x", readmodel.ClientQuery{}},
	} {
		var q readmodel.ClientQuery
		err := q.Restrict(func(name string) string {
			if name == test.name {
				return test.value
			}
			return ""
		}, now)
		if diff := cmp.Diff(test.want, q, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); err != nil || diff != "" {
			t.Errorf("%s=%s: %v %s", test.name, test.value, err, diff)
		}
	}
	for name, values := range map[string][]string{
		"status": {"dead", "Active", " active"}, "kind": {"mobile"}, "ip": {"203.0.113.0/33", "x", "203.0.113", "::ffff:203.0.113.0/120"},
		"registered": {"yesterday", "..", "2026-11-24..2026-11-23", "2026-13-01", "2026-11-24...2026-11-25", "2026-11-24..x"},
		"changed":    {"always", "Never"}, "secret": {"14", "d", "0d", "-1d", "14h", "36501d", "99999999999d"}, "caution": {"high"}, "sort": {"age"},
	} {
		for _, value := range values {
			var wrong *readmodel.FilterError
			q := readmodel.ClientQuery{}
			err := q.Restrict(func(asked string) string {
				if asked == name {
					return value
				}
				return ""
			}, now)
			if !errors.As(err, &wrong) || wrong.Filter.Name != name {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
}

// FuzzFilters looks for values that are taken for a period that ends before it begins, or bring a filter down.
func FuzzFilters(f *testing.F) {
	for _, value := range []string{"2026-11-24..2026-11-30", "..", "never", "14d", "expired", "::1", "0000-01-01..9999-12-31", "a..b"} {
		f.Add(value)
	}
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		for _, filter := range readmodel.ClientFilters {
			var q readmodel.ClientQuery
			err := q.Restrict(func(name string) string {
				if name == filter.Name {
					return value
				}
				return ""
			}, now)
			for _, p := range []readmodel.Period{q.Registered, q.Changed, q.SecretExpires} {
				if err == nil && !p.From.IsZero() && !p.Until.IsZero() && !p.From.Before(p.Until) {
					t.Errorf("%s=%q is the period from %s until %s", filter.Name, value, p.From, p.Until)
				}
			}
		}
	})
}
