package readmodel_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// Whoever reads page by page gets each client once under every filter, whatever is registered between two pages.
func TestPagingWhileClientsRegister(t *testing.T) {
	t.Parallel()
	log := memory.New()
	m := run(t, t.TempDir(), log)
	statuses := []domain.Status{domain.Active, domain.Deleted, domain.Revoked}
	add := func(i int) {
		h := newHistory(fmt.Sprint(i), start.Add(time.Duration(i)*time.Second))
		h.register(oauth.Metadata{
			"client_name":     oauth.Text(fmt.Sprintf("client %d", i%3)),
			"ext_param_owner": oauth.Text(fmt.Sprintf("team %d", i%2)),
		})
		switch statuses[i%len(statuses)] {
		case domain.Deleted:
			h.add(domain.ClientDeleted{})
		case domain.Revoked:
			h.add(domain.ClientRevoked{})
		}
		appendTo(t, log, h)
	}
	n := 0
	for ; n < 60; n++ {
		add(n)
	}
	m.caughtUp()
	for _, status := range append(statuses, "") {
		for _, owner := range []string{"", "team 0", "team 1", "nobody"} {
			for _, text := range []string{"", "CLIENT 1", "t 2", "no such"} {
				q := readmodel.ClientQuery{Status: status, Owner: owner, Text: text, Limit: 3}
				want := referenceOf(t, log).selected(q)
				var got []readmodel.ListedClient
				for {
					page, err := m.Clients(t.Context(), q)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, page.Clients...)
					if q.Cursor = page.NextCursor; q.Cursor == "" {
						break
					}
					if len(page.Clients) != q.Limit {
						t.Fatalf("%+v: a page of %d that is not the last", q, len(page.Clients))
					}
					add(n)
					n++
					m.caughtUp()
				}
				if d := diff(want, got); d != "" {
					t.Fatalf("%+v (-want +got):\n%s", q, d)
				}
			}
		}
	}
}

// A search takes its words literally, and finds each in one of name, owner, software, host and id, not across two.
func TestSearchIsLiteral(t *testing.T) {
	t.Parallel()
	log := memory.New()
	m := run(t, t.TempDir(), log)
	h := newHistory("a", start)
	h.register(oauth.Metadata{"client_name": oauth.Text("50%_off \"it's\" *a\\b Straße ΣΊΣΥΦΟΣ"), "ext_param_owner": oauth.Text("Ops")})
	appendTo(t, log, h)
	m.caughtUp()
	for text, found := range map[string]bool{
		"":              true,
		"50%_OFF":       true,
		"5%f":           false,
		"50_":           false,
		`"it's"`:        true,
		"*":             true,
		"*b":            false,
		`a\b`:           true,
		"straße":        true,
		"STRAẞE":        true,
		"strasse":       false,
		"σίσυφος":       true,
		"ops":           true,
		h.id:            true,
		h.id[3:20]:      true,
		"\x1f":          false,
		"ς\x1fops":      false,
		"sops":          false,
		"\xff":          false,
		"%":             true,
		"%%":            false,
		"OR":            false,
		"' OR 1=1 --":   false,
		"\x00":          false,
		"off \"IT'S\" ": true,
	} {
		page, err := m.Clients(t.Context(), readmodel.ClientQuery{Text: text, Limit: 10})
		if err != nil || len(page.Clients) == 1 != found {
			t.Errorf("%q: %d clients, %v; want found %t", text, len(page.Clients), err, found)
		}
	}
}

func TestBadCursor(t *testing.T) {
	t.Parallel()
	m := run(t, t.TempDir(), memory.New())
	for _, cursor := range []string{
		"x", "1", "AAAAAAAAAAA=", "AAAAAAAAAAB", "AAAAAAAAAAA", "__________8", "AAAAAAAAAAEA", "AAAA AAAAAE", "'; DROP TABLE clients",
		base64.RawURLEncoding.EncodeToString([]byte{0x80, 0, 0, 0, 0, 0, 0, 0}),
	} {
		if _, err := m.Clients(t.Context(), readmodel.ClientQuery{Limit: 1, Cursor: cursor}); !errors.Is(err, readmodel.ErrBadCursor) {
			t.Errorf("cursor %q: %v, want %v", cursor, err, readmodel.ErrBadCursor)
		}
	}
	if _, err := m.Clients(t.Context(), readmodel.ClientQuery{Limit: 1, Cursor: "AAAAAAAAAAE"}); err != nil {
		t.Errorf("cursor of the first client: %v", err)
	}
}

func TestUnknownClient(t *testing.T) {
	t.Parallel()
	m := run(t, t.TempDir(), memory.New())
	if _, err := m.Client(t.Context(), "nobody"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("got %v, want %v", err, domain.ErrNotFound)
	}
}

// A registry is yielded until yield has had enough, however many events there are.
func TestRegistryStops(t *testing.T) {
	t.Parallel()
	log := memory.New()
	m := run(t, t.TempDir(), log)
	for i := range 400 {
		appendTo(t, log, registered(fmt.Sprint(i)))
	}
	m.caughtUp()
	if n := len(registryAt(t, m, readmodel.Moment{Seq: 399})); n != 399 {
		t.Errorf("%d clients, want 399", n)
	}
	enough, n := errors.New("enough"), 0
	err := m.RegistryAt(t.Context(), readmodel.Moment{Seq: 1<<64 - 1}, func(readmodel.StoredClient) error {
		if n++; n == 200 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || n != 200 {
		t.Errorf("%v after %d clients, want %v after 200", err, n, enough)
	}
}

// Clients are counted for the owner that their initial access token imposed, so long as they are active, and
// never for one that they name themselves.
func TestCountClients(t *testing.T) {
	t.Parallel()
	log := memory.New()
	m := run(t, t.TempDir(), log)
	add := func(id string, terms oauth.Terms, owner string, more ...domain.Event) {
		h := newHistory(id, start)
		h.add(domain.ClientRegistered{Metadata: oauth.Metadata{"ext_param_owner": oauth.Text(owner)}, Terms: terms})
		for _, e := range more {
			h.add(e)
		}
		appendTo(t, log, h)
	}
	ann := oauth.Terms{Owner: "ann"}
	add("1", ann, "ann")
	add("2", ann, "ann", domain.ClientUpdated{Metadata: oauth.Metadata{"ext_param_owner": oauth.Text("ann")}})
	add("3", ann, "ann", domain.ClientDeleted{})
	add("4", ann, "ann", domain.ClientRevoked{})
	add("5", oauth.Terms{}, "ann")
	add("6", oauth.Terms{Scopes: []string{"openid"}}, "ann", domain.ClientUpdated{Metadata: oauth.Metadata{"ext_param_owner": oauth.Text("bob")}})
	m.caughtUp()
	for owner, want := range map[string]oauth.Population{
		"ann": {Clients: 4, OfOwner: 2}, "bob": {Clients: 4}, "": {Clients: 4}, "ANN": {Clients: 4},
	} {
		if got, err := m.CountClients(t.Context(), owner); err != nil || got != want {
			t.Errorf("%q: %+v, error %v, want %+v", owner, got, err, want)
		}
	}
}
