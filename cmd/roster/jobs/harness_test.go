package jobs_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/api/client"
)

// What a past tells is in the program's log, with the addresses and the times of then.
func TestTheProgramHasThePast(t *testing.T) {
	lastWeek, yesterday := daysAgo(7, 9, 0), daysAgo(1, 14, 5)
	data := dataWith(t, func(p *past) {
		p.at(lastWeek)
		_, token := p.issue(`{"label":"Partner","uses":3}`)
		portal := p.registerWith("198.51.100.7", token, `{"client_name":"Portal","redirect_uris":["https://portal.example/cb"]}`)
		kiosk := p.register("2001:db8::7", `{"client_name":"Kiosk","redirect_uris":["https://kiosk.example/cb"]}`)
		p.at(yesterday)
		p.update("198.51.100.8", portal, `{"client_name":"Gate","redirect_uris":["https://portal.example/cb"]}`)
		p.revoke(portal, "leaked")
		p.delete("203.0.113.9", kiosk)
	})
	registry := serve(t, data).registry(t)
	type event struct {
		Type, IP string
		Time     time.Time
	}
	var got []event
	if err := registry.Events(t.Context(), client.EventQuery{Until: daysAgo(0, 0, 0)}, func(e client.Event) error {
		got = append(got, event{e.Type, e.Actor.IP, e.Time})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	second := time.Second
	if diff := cmp.Diff([]event{
		{"InitialAccessTokenIssued", office, lastWeek.Add(second)},
		{"InitialAccessTokenUsed", "198.51.100.7", lastWeek.Add(2 * second)},
		{"ClientRegistered", "198.51.100.7", lastWeek.Add(2 * second)},
		{"ClientRegistered", "2001:db8::7", lastWeek.Add(3 * second)},
		{"ClientUpdated", "198.51.100.8", yesterday.Add(second)},
		{"ClientRevoked", office, yesterday.Add(2 * second)},
		{"ClientDeleted", "203.0.113.9", yesterday.Add(3 * second)},
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
