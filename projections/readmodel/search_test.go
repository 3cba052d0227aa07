package readmodel_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// Clients are found alike in the index that grew with the table and in the one that was loaded from it, at once or at a
// start.
func TestSearchInIndexThatWasLoaded(t *testing.T) {
	t.Parallel()
	log := memory.New()
	dir := t.TempDir()
	m := run(t, dir, log)
	var clients []*history
	for i := range 2500 {
		h := newHistory(fmt.Sprint(i), start.Add(time.Duration(i)*time.Second))
		h.register(oauth.Metadata{"client_name": oauth.Text(fmt.Sprintf("Client %d", i)), "ext_param_owner": oauth.Text(fmt.Sprintf("team %d", i%7))})
		clients = append(clients, h)
		appendTo(t, log, h)
	}
	m.caughtUp()
	for i, h := range clients {
		switch i % 11 {
		case 3:
			h.add(domain.ClientUpdated{Metadata: oauth.Metadata{"client_name": oauth.Text(fmt.Sprintf("Renamed %d", i))}})
		case 5:
			h.add(domain.ClientRevoked{})
		default:
			continue
		}
		appendOne(t, log, h.events[1])
	}
	m.caughtUp()
	queries := []readmodel.ClientQuery{
		{}, {Text: "CLIENT 7"}, {Text: "renamed"}, {Text: "client 3"}, {Text: "none"}, {Text: "m 3"}, {Status: domain.Revoked},
		{Status: domain.Revoked, Text: "client 24", Owner: "team 2"}, {Owner: "team 6"}, {Owner: "Team 6"}, {Text: "renamed", Owner: "team 1"},
	}
	answers := func(m *model) (all [][]string) {
		for _, q := range queries {
			var ids []string
			for q.Limit = 400; ; {
				page, err := m.Clients(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range page.Clients {
					ids = append(ids, c.ID)
				}
				if q.Cursor = page.NextCursor; q.Cursor == "" {
					break
				}
			}
			all = append(all, ids)
		}
		return all
	}
	grown := answers(m)
	if err := m.LoadIndex(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(grown, answers(m)); diff != "" {
		t.Errorf("(-grown index +loaded index)\n%s", diff)
	}
	m.close()
	m = run(t, dir, log)
	if diff := cmp.Diff(grown, answers(m)); diff != "" {
		t.Errorf("(-grown index +index of the next start)\n%s", diff)
	}
	if len(grown[0]) != 2500 || len(grown[1]) == 0 || len(grown[2]) == 0 || len(grown[4]) != 0 || len(grown[7]) == 0 || len(grown[9]) != 0 {
		t.Errorf("found %d, %d, %d, %d, %d, %d", len(grown[0]), len(grown[1]), len(grown[2]), len(grown[4]), len(grown[7]), len(grown[9]))
	}
}
