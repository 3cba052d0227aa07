package readmodel_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/memory"
	"roster/projections/readmodel"
)

// A list of all clients is the same, page by page, before what clients are found by is loaded. Other lists wait for that.
func TestListsWithoutTheIndex(t *testing.T) {
	t.Parallel()
	log := memory.New()
	m := run(t, t.TempDir(), log)
	for i := range 120 {
		h := newHistory(fmt.Sprint(i), start.Add(time.Duration(i)*time.Second))
		h.register(oauth.Metadata{"client_name": oauth.Text(fmt.Sprintf("Client %d", i%50))})
		if i%7 == 0 {
			h.add(domain.ClientRevoked{})
		}
		appendTo(t, log, h)
	}
	m.caughtUp()
	pages := func(q readmodel.ClientQuery) (all []readmodel.ClientPage) {
		for q.Limit, q.Count = 50, true; ; {
			page, err := m.Clients(t.Context(), q)
			if err != nil {
				t.Error(err)
			}
			all = append(all, page)
			if q.Cursor = page.NextCursor; q.Cursor == "" {
				return all
			}
		}
	}
	others := map[string]readmodel.ClientQuery{
		"text": {Text: "client 7"}, "status": {Status: domain.Revoked}, "order": {Order: readmodel.ByName},
		"registered": {Registered: readmodel.Period{From: start.Add(time.Minute)}}, "never changed": {NeverChanged: true},
	}
	want := map[string][]readmodel.ClientPage{"all": pages(readmodel.ClientQuery{})}
	for name, q := range others {
		want[name] = pages(q)
	}

	load := m.ForgetIndex()
	if diff := cmp.Diff(want["all"], pages(readmodel.ClientQuery{})); diff != "" {
		t.Errorf("all: %s", diff)
	}
	var asking sync.WaitGroup
	for name, q := range others {
		asking.Go(func() {
			if diff := cmp.Diff(want[name], pages(q)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		})
	}
	if err := load(); err != nil {
		t.Error(err)
	}
	asking.Wait()
}
