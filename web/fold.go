package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

const (
	// rowsASecond is how many rows a live log gets a second, for as long as that goes on. More events than that are folded:
	// one row stands for many of them.
	rowsASecond = 10
	// foldTime is how long events are folded into the same row.
	foldTime = 10 * time.Second
	// foldsOpen is how many kinds of events have rows of their own at a time. Others are folded by type alone.
	foldsOpen = 20
)

// A foldKind is what the events of a fold have in common. The zero foldKind is that they were left out.
type foldKind struct {
	Type   string
	Actor  string // as filters have it; empty: whoever
	IP     string // empty: wherever from
	Others bool   // whoever and wherever from, because there are too many kinds
}

func kindOfFold(e readmodel.Event) foldKind {
	return foldKind{Type: e.Event.Type(), Actor: actorFilter(e.Actor), IP: e.Actor.IP}
}

// A fold is a row of a live log that stands for many events.
type fold struct {
	foldKind
	Events      int // 0: nobody knows how many were left out
	New         int // of them, since the row was sent last
	First, Last uint64
	Began, At   time.Time // of the first one and of the last one

	until time.Time // it takes no further events
	grown bool      // since the row was sent last
}

// add adds events that are not before those of the fold.
func (f *fold) add(events int, last uint64, at time.Time) {
	f.Events, f.New, f.grown = f.Events+events, f.New+events, true
	f.Last = max(f.Last, last)
	if at.After(f.At) {
		f.At = at
	}
}

// LeftOut reports whether the events were left out, so that nothing else is known of them.
func (f fold) LeftOut() bool { return f.foldKind == foldKind{} }

// Path leads to the events in a log.
func (f fold) Path(log eventLog) string {
	params := []string{"events", eventRange(f.First, f.Last)}
	if f.Type != "" {
		params = append(params, "type", f.Type)
	}
	if f.Actor != "" {
		params = append(params, "actor", f.Actor)
	}
	if f.IP != "" {
		params = append(params, "ip", f.IP)
	}
	return log.Path(activityPath, params...)
}

// Text says what happened, such as "312 registered by 203.0.113.9 in 10 s".
func (f fold) Text() string {
	if f.LeftOut() {
		switch f.Events {
		case 0:
			return "More events are not shown here."
		case 1:
			return "1 more event is not shown here."
		}
		return ui.Number(f.Events) + " more events are not shown here."
	}
	seconds := max(1, int(math.Round(f.At.Sub(f.Began).Seconds())))
	return fmt.Sprintf("%s by %s in %d s", ui.Quantity(f.Events, kindOf(f.Type).One, kindOf(f.Type).Many), f.by(), seconds)
}

// by names those who did it, by their address unless they have a name.
func (f fold) by() string {
	kind, id, _ := readmodel.ParseActor(f.Actor)
	switch {
	case f.Others:
		return "others"
	case kind == domain.ActorClient && f.IP != "":
		return f.IP
	}
	return ui.PlainUntrusted(actorsName(kind, id), ui.TitleLength)
}

// A folding decides which events of a live log get rows of their own. It belongs to one stream and holds a bounded number
// of folds, however many events there are.
type folding struct {
	open    map[foldKind]*fold
	room    float64   // rows that may be shown now
	counted time.Time // when room was
}

// newFolding returns the folding of a stream that begins now. At first there is room for a page of rows: a reader who was
// away for a while wants to see what happened.
func newFolding(now time.Time) *folding {
	return &folding{open: map[foldKind]*fold{}, room: eventsShown, counted: now}
}

// add takes what happened next, in order, and returns the events that get rows of their own, and the folds that are new or
// have grown, the oldest first. left is what was left out before them; nil: nothing.
func (f *folding) add(now time.Time, left *fold, events []readmodel.Event) (rows []readmodel.Event, folds []*fold) {
	f.begin(now)
	if left != nil {
		f.take(now, left.foldKind, left.Events, left.First, left.Last, left.At)
	}
	var rest []readmodel.Event
	for _, e := range events {
		if open := f.open[kindOfFold(e)]; open != nil {
			open.add(1, e.Seq, e.Time)
		} else {
			rest = append(rest, e)
		}
	}
	rows, many := f.withRows(rest)
	for _, e := range many {
		f.take(now, kindOfFold(e), 1, e.Seq, e.Seq, e.Time)
	}
	for _, open := range f.open {
		if open.grown {
			folds = append(folds, open)
		}
	}
	slices.SortFunc(folds, func(a, b *fold) int { return cmp.Compare(a.First, b.First) })
	return rows, folds
}

// begin makes room for the time that has passed, and ends the folds whose time is over.
func (f *folding) begin(now time.Time) {
	if f.room < rowsASecond {
		f.room = min(rowsASecond, f.room+rowsASecond*now.Sub(f.counted).Seconds())
	}
	f.counted = now
	for kind, open := range f.open {
		open.New, open.grown = 0, false
		if !now.Before(open.until) {
			delete(f.open, kind)
		}
	}
}

// withRows divides events into those that get rows of their own and others: all do where there is room, else those that
// are alone of their kind, for as long as there is. What administrators and the registry itself do comes first, so that a
// flood does not hide it.
func (f *folding) withRows(events []readmodel.Event) (rows, others []readmodel.Event) {
	if len(events) <= int(f.room) {
		f.room -= float64(len(events))
		return events, nil
	}
	kinds := map[foldKind]int{}
	for _, e := range events {
		kinds[kindOfFold(e)]++
	}
	own := make([]bool, len(events))
	for _, byClients := range []bool{false, true} {
		for i, e := range events {
			if kinds[kindOfFold(e)] == 1 && (e.Actor.Kind == domain.ActorClient) == byClients && f.room >= 1 {
				own[i] = true
				f.room--
			}
		}
	}
	for i, e := range events {
		if own[i] {
			rows = append(rows, e)
		} else {
			others = append(others, e)
		}
	}
	return rows, others
}

// take folds events of a kind, into the fold of their type where there are too many kinds.
func (f *folding) take(now time.Time, kind foldKind, events int, first, last uint64, at time.Time) {
	if f.open[kind] == nil && len(f.open) >= foldsOpen && kind != (foldKind{}) {
		kind = foldKind{Type: kind.Type, Others: true}
	}
	open := f.open[kind]
	if open == nil {
		open = &fold{foldKind: kind, First: first, Began: at, At: at, until: now.Add(foldTime)}
		f.open[kind] = open
	}
	open.add(events, last, at)
}

// eventRange is a range of events as addresses have it.
func eventRange(first, last uint64) string {
	return strconv.FormatUint(first, 10) + ".." + strconv.FormatUint(last, 10)
}
