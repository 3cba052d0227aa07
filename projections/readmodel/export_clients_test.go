package readmodel_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// An export is of one moment, whatever happens while it is read.
func TestExportIsOfOneMoment(t *testing.T) {
	t.Parallel()
	log := memory.New()
	m := run(t, t.TempDir(), log)
	var clients []*history
	const count = 1200
	for i := range count {
		h := newHistory(fmt.Sprint(i), start.Add(time.Duration(i)*time.Second))
		h.register(oauth.Metadata{"client_name": oauth.Text(fmt.Sprintf("Client %d", i)), "ext_param_owner": oauth.Text(fmt.Sprintf("team %d", i%2))})
		clients = append(clients, h)
		appendTo(t, log, h)
	}
	m.caughtUp()
	want := referenceOf(t, log).selected(readmodel.ClientQuery{Owner: "team 1"})
	var got []readmodel.ListedClient
	err := m.ExportClients(t.Context(), readmodel.ClientQuery{Owner: "team 1"}, func(at uint64) error {
		if at != count {
			t.Errorf("the export is of event %d, not %d", at, count)
		}
		for _, i := range []int{3, 601, 1199} {
			clients[i].add(domain.ClientUpdated{Metadata: oauth.Metadata{"client_name": oauth.Text("Renamed"), "ext_param_owner": oauth.Text("other")}})
			appendOne(t, log, clients[i].events[1])
		}
		clients[5].add(domain.ClientRevoked{})
		appendOne(t, log, clients[5].events[1])
		late := newHistory("late", start.Add(time.Hour))
		late.register(oauth.Metadata{"ext_param_owner": oauth.Text("team 1")})
		appendTo(t, log, late)
		m.caughtUp()
		return nil
	}, func(c readmodel.ListedClient) error {
		got = append(got, c)
		return nil
	})
	if d := diff(want, got); err != nil || d != "" {
		t.Errorf("%v (-want +got)\n%s", err, d)
	}
	full := errors.New("the reader has gone")
	for _, err := range []error{
		m.ExportClients(t.Context(), readmodel.ClientQuery{}, func(uint64) error { return full }, nil),
		m.ExportClients(t.Context(), readmodel.ClientQuery{}, func(uint64) error { return nil }, func(readmodel.ListedClient) error { return full }),
	} {
		if !errors.Is(err, full) {
			t.Errorf("an export whose reader fails ends with %v", err)
		}
	}
}
