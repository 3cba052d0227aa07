package web

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"roster/domain"
	"roster/projections/readmodel"
)

var beginning = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

// flow is what happens in a test of foldings.
type flow struct {
	seq    uint64
	events []readmodel.Event // that were not given to the folding yet
}

func (f *flow) happens(event domain.Event, by domain.Actor, at time.Time) {
	f.seq++
	f.events = append(f.events, readmodel.Event{Seq: f.seq, Envelope: domain.Envelope{Time: at, Actor: by, Event: event}})
}

func (f *flow) registered(from string, at time.Time) {
	f.happens(domain.ClientRegistered{}, domain.Actor{Kind: domain.ActorClient, ID: fmt.Sprint(f.seq), IP: from}, at)
}

// taken returns what happened since it was last called.
func (f *flow) taken() (events []readmodel.Event) {
	events, f.events = f.events, nil
	return events
}

func TestTenEventsASecondAreNotFolded(t *testing.T) {
	f, flow := newFolding(beginning), flow{}
	for second := range 60 {
		now := beginning.Add(time.Duration(second+1) * time.Second)
		for range rowsASecond {
			flow.registered("203.0.113.9", now)
		}
		if rows, folds := f.add(now, nil, flow.taken()); len(rows) != rowsASecond || folds != nil {
			t.Fatalf("second %d: %d rows, %d folds", second, len(rows), len(folds))
		}
	}
}

// A fold grows for ten seconds, then another one begins. What administrators do is not lost among what clients do.
func TestAFoldGrows(t *testing.T) {
	f, flow := newFolding(beginning), flow{}
	var texts []string
	var shown []uint64
	for tick := range 80 {
		now := beginning.Add(time.Duration(tick) * 250 * time.Millisecond)
		for range 75 {
			flow.registered("203.0.113.9", now)
		}
		if tick == 30 {
			flow.happens(domain.ClientRevoked{}, domain.Actor{Kind: domain.ActorAdmin, ID: "alice", IP: "192.0.2.1"}, now)
		}
		rows, folds := f.add(now, nil, flow.taken())
		for _, row := range rows {
			shown = append(shown, row.Seq)
		}
		if len(folds) != 1 || folds[0].New != 75 {
			t.Fatalf("tick %d: %d folds", tick, len(folds))
		}
		if tick%40 == 39 {
			texts = append(texts, folds[0].Text())
		}
	}
	if !slices.Equal(texts, []string{"3,000 registered by 203.0.113.9 in 10 s", "3,000 registered by 203.0.113.9 in 10 s"}) {
		t.Errorf("the folds say %q", texts)
	}
	if !slices.Equal(shown, []uint64{31*75 + 1}) {
		t.Errorf("there are rows of %v", shown)
	}
}

// In a flood from everywhere there are few rows, and what an administrator does has one of them.
func TestAFloodFromEverywhereHidesNoAdministrator(t *testing.T) {
	f, flow := newFolding(beginning), flow{}
	for second := range 5 {
		now := beginning.Add(time.Duration(second+1) * time.Second)
		for i := range 300 {
			flow.registered(fmt.Sprint("address ", i+300*second), now)
		}
		flow.happens(domain.ClientRevoked{}, domain.Actor{Kind: domain.ActorAdmin, ID: "alice", IP: "192.0.2.1"}, now)
		rows, folds := f.add(now, nil, flow.taken())
		if len(rows) > eventsShown || second > 0 && len(rows) > rowsASecond || rows[len(rows)-1].Seq != flow.seq {
			t.Errorf("second %d: %d rows, the last of event %d", second, len(rows), rows[len(rows)-1].Seq)
		}
		if last := folds[len(folds)-1]; !last.Others || !strings.Contains(last.Text(), " registered by others in ") {
			t.Errorf("second %d: the last fold says %s", second, last.Text())
		}
	}
}

// Whatever happens, each event is in a row or in a fold, and there are few of both.
func TestFoldingIsBounded(t *testing.T) {
	types := []domain.Event{domain.ClientRegistered{}, domain.ClientUpdated{}, domain.ClientDeleted{}, domain.ClientRevoked{}}
	kinds := []domain.ActorKind{domain.ActorClient, domain.ActorClient, domain.ActorAdmin, domain.ActorSystem}
	rapid.Check(t, func(t *rapid.T) {
		f, flow, now := newFolding(beginning), flow{}, beginning
		rows, told, happened := 0, 0, 0
		for range rapid.IntRange(1, 60).Draw(t, "sendings") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "milliseconds")) * time.Millisecond)
			addresses := rapid.SampledFrom([]int{1, 3, 1000}).Draw(t, "addresses")
			for i := range rapid.SampledFrom([]int{1, 5, 200}).Draw(t, "events") {
				by := domain.Actor{Kind: kinds[i%len(kinds)], ID: fmt.Sprint(i % addresses), IP: fmt.Sprint("address ", i%addresses)}
				flow.happens(types[i/7%len(types)], by, now.Add(time.Duration(i-100)*time.Millisecond))
				happened++
			}
			var left *fold
			if rapid.IntRange(0, 9).Draw(t, "a gap") == 0 {
				left = &fold{Events: 7, First: flow.seq + 1, Last: flow.seq + 7, At: now}
				flow.seq += 7
				happened += 7
			}
			single, folds := f.add(now, left, flow.taken())
			rows += len(single)
			told += len(single)
			for _, fold := range folds {
				told += fold.New
				if fold.First > fold.Last || fold.Text() == "" {
					t.Fatalf("a fold of %d to %d says %q", fold.First, fold.Last, fold.Text())
				}
			}
			if told != happened {
				t.Fatalf("%d of %d events are told", told, happened)
			}
			if most := eventsShown + rowsASecond*(now.Sub(beginning).Seconds()+1); float64(rows) > most {
				t.Fatalf("%d rows after %s", rows, now.Sub(beginning))
			}
			if len(f.open) > foldsOpen+len(types)+1 {
				t.Fatalf("%d folds are open", len(f.open))
			}
		}
	})
}
