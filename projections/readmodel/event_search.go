package readmodel

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"roster/domain"
)

// EventPage is what FindEvents found.
type EventPage struct {
	Events []Event // the newest first
	Next   uint64  // Before of the query that goes on where this one ended; 0: there is nothing more
	// SearchedTo is the time of the last event that was looked at, when the search ended because it took long; else zero.
	SearchedTo time.Time
}

// Events implements Reader. A limit beyond 1000 is 1000.
func (m *ReadModel) Events(ctx context.Context, q EventQuery) ([]Event, error) {
	var found []eventRow
	err := m.read(ctx, func(p *pool) error {
		s, err := p.selection(ctx, q)
		if err != nil {
			return err
		}
		found, err = s.rows(ctx, p, s.after, s.before, q.Newest, q.limit())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return eventsOf(found), nil
}

// FindEvents implements Reader. A limit beyond 1000 is 1000.
func (m *ReadModel) FindEvents(ctx context.Context, q EventQuery) (EventPage, error) {
	var page EventPage
	err := m.read(ctx, func(p *pool) (err error) {
		page, err = p.findEvents(ctx, q, m.eventSearch)
		return err
	})
	if err != nil {
		return EventPage{}, fmt.Errorf("find events: %w", err)
	}
	return page, nil
}

// maxEvents is the most that a query answers.
const maxEvents = 1000

func (q EventQuery) limit() int { return min(max(q.Limit, 1), maxEvents) }

func eventsOf(rows []eventRow) []Event {
	events := make([]Event, len(rows))
	for i, row := range rows {
		events[i] = row.Event
	}
	return events
}

// findEvents looks for events from the newest to the oldest, a window of the log after the other, until the page is
// full or the time is up.
func (p *pool) findEvents(ctx context.Context, q EventQuery, limits searchLimits) (page EventPage, err error) {
	s, err := p.selection(ctx, q)
	if err != nil {
		return page, err
	}
	limit, began := q.limit(), time.Now()
	var found []eventRow
	for from := s.before; from > s.after+1; {
		to, err := s.window(ctx, p, from, limits.window)
		if err != nil {
			return page, err
		}
		rows, err := s.rows(ctx, p, to, from, true, limit+1-len(found))
		if err != nil {
			return page, err
		}
		if found = append(found, rows...); len(found) > limit {
			found = found[:limit]
			page.Next = found[limit-1].Seq
			break
		}
		if from = to + 1; from > s.after+1 && time.Since(began) >= limits.time {
			var latest int64
			if err := p.events.latest.QueryRowContext(ctx, from).Scan(&page.Next, &latest); err != nil {
				return page, err
			}
			page.SearchedTo = timeOf(latest)
			break
		}
	}
	page.Events = eventsOf(found)
	return page, nil
}

// A selection is a query of events in SQL. Its conditions are about e, the event, and c, the client that it is about.
type selection struct {
	position      int64      // of the file when it was made: no event beyond it is selected
	after, before int64      // all events that it selects lie between these sequences
	indexed       conditions // that an index answers
	others        conditions // that every event has to be looked at for
	member        string     // that a change must have changed, which SQLite cannot tell; empty: any
}

// conditions are terms of SQL that all have to hold, with their arguments.
type conditions struct {
	terms []string
	args  []any
}

func (c *conditions) add(term string, args ...any) {
	c.terms, c.args = append(c.terms, term), append(c.args, args...)
}

// selection returns the selection of a query. Of the conditions that an index answers it takes the one that should leave
// the fewest events; the plus before a column keeps SQLite from the index of another.
func (p *pool) selection(ctx context.Context, q EventQuery) (s selection, err error) {
	if err := s.bound(ctx, p, q); err != nil {
		return s, err
	}
	if q.ClientID != "" {
		s.indexed.add("e.aggregate = (SELECT seq FROM clients WHERE id = ?)", compactID(q.ClientID))
	}
	if q.InitialAccessToken != "" {
		if err := s.addToken(ctx, p, q.InitialAccessToken); err != nil {
			return s, err
		}
	}
	switch {
	case q.ActorKind == "":
	case q.ActorKind != domain.ActorClient && len(s.indexed.terms) == 0:
		s.indexed.add("e.actor_kind = ? AND e.actor_kind <> 'client'", string(q.ActorKind)) // so that the index is used
	default:
		s.others.add("+e.actor_kind = ?", string(q.ActorKind))
	}
	if q.ActorID != "" {
		s.others.add("coalesce(e.actor_id, c.id, t.id) = ?", compactID(q.ActorID))
	}
	if q.Member != "" && q.Type == "" {
		q.Type = domain.ClientUpdated{}.Type()
	}
	switch {
	case q.Type != "" && len(s.indexed.terms) == 0:
		s.indexed.add("e.type = ?", numberOf(q.Type))
	case q.Type != "":
		s.others.add("+e.type = ?", numberOf(q.Type))
	}
	if q.Member != "" {
		s.member = q.Member
		s.others.add("+e.type = ?", numberOf(domain.ClientUpdated{}.Type()))
	}
	if !q.Since.IsZero() {
		s.others.add("e.time >= ?", ceilMicros(q.Since))
	}
	if !q.Until.IsZero() {
		s.others.add("e.time <= ?", micros(q.Until))
	}
	switch {
	case q.Network.IsSingleIP():
		s.others.add("e.actor_ip = ?", q.Network.Addr().String())
	case q.Network.IsValid():
		s.others.add("in_network(e.actor_ip, ?)", q.Network.Masked().String())
	}
	return s, nil
}

// clientsListed is for how many clients of an initial access token their events are found by their index. Beyond that
// it is quicker to look at one event after the other.
const clientsListed = 1000

// addToken selects the events of an initial access token and of the clients that were registered with it. All of them
// come after its first one.
func (s *selection) addToken(ctx context.Context, p *pool, id string) error {
	var issued int64
	var clients int
	switch err := p.tokens.place.QueryRowContext(ctx, id).Scan(&issued, &clients); {
	case errors.Is(err, sql.ErrNoRows):
		s.before = 0
		return nil
	case err != nil:
		return err
	}
	s.after = max(s.after, issued-1)
	if len(s.indexed.terms) > 0 || clients > clientsListed {
		s.others.add("(e.aggregate = ? OR c.initial_access_token = ?)", issued, compactID(id))
		return nil
	}
	rows, err := p.tokens.clientPlaces.QueryContext(ctx, compactID(id))
	if err != nil {
		return err
	}
	places, err := scanAll(rows, func(row interface{ Scan(...any) error }) (seq int64, err error) {
		err = scan(row, &seq)
		return seq, err
	})
	if err != nil {
		return err
	}
	list, err := json.Marshal(append(places, issued))
	if err != nil {
		return err
	}
	s.indexed.add("e.aggregate IN (SELECT value FROM json_each(?))", string(list))
	return nil
}

// rows reads the events behind one sequence and before another, at most so many.
func (s selection) rows(ctx context.Context, p *pool, after, before int64, newest bool, limit int) ([]eventRow, error) {
	where := append([]string{"e.seq > ? AND e.seq < ?"}, append(s.indexed.terms, s.others.terms...)...)
	args := append([]any{after, before}, append(s.indexed.args, s.others.args...)...)
	order := "e.seq"
	if newest {
		order += " DESC"
	}
	if s.member != "" {
		rows, err := p.db.QueryContext(ctx, selectChanges+" WHERE "+strings.Join(where, " AND ")+" ORDER BY "+order, args...)
		if err != nil {
			return nil, err
		}
		return scanChanges(rows, s.member, limit)
	}
	rows, err := p.db.QueryContext(ctx, selectEvents+" WHERE "+strings.Join(where, " AND ")+" ORDER BY "+order+" LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, err
	}
	return scanAll(rows, scanEvent)
}

// memberWork is how many times as much work it is to look for what changed in an event as to look at anything else of it.
const memberWork = 8

// window returns the sequence behind which the window lies that ends before another one: it has so many events to look
// at, or fewer at the end.
func (s selection) window(ctx context.Context, p *pool, before, events int64) (after int64, err error) {
	if len(s.others.terms) == 0 {
		return s.after, nil
	}
	if s.member != "" {
		events = (events + memberWork - 1) / memberWork
	}
	if len(s.indexed.terms) == 0 {
		return max(s.after, before-1-events), nil
	}
	where := append([]string{"e.seq > ? AND e.seq < ?"}, s.indexed.terms...)
	args := append([]any{s.after, before}, s.indexed.args...)
	err = p.db.QueryRowContext(ctx, "SELECT e.seq - 1 FROM events e WHERE "+strings.Join(where, " AND ")+" ORDER BY e.seq DESC LIMIT 1 OFFSET ?",
		append(args, events-1)...).Scan(&after)
	if errors.Is(err, sql.ErrNoRows) {
		return s.after, nil
	}
	return after, err
}

// bound finds the sequences between which all events lie that q selects, of those that are applied. Times do not
// ascend with the sequence where several programs write, so they only narrow it down: an event not after Until is never
// later in the log than the last one whose latest time is within the lag of it.
func (s *selection) bound(ctx context.Context, p *pool, q EventQuery) error {
	var lag int64
	if err := p.stand.QueryRowContext(ctx).Scan(&s.position, &lag); err != nil {
		return err
	}
	s.after, s.before = sequence(q.After), s.position+1
	if q.Before != 0 {
		s.before = min(s.before, sequence(q.Before))
	}
	if !q.Since.IsZero() {
		first, err := p.firstSince(ctx, ceilMicros(q.Since), s.position)
		if err != nil {
			return err
		}
		s.after = max(s.after, first-1)
	}
	if !q.Until.IsZero() {
		first, err := p.firstSince(ctx, micros(q.Until)+lag+1, s.position)
		if err != nil {
			return err
		}
		s.before = min(s.before, first)
	}
	return nil
}

// firstSince returns the sequence of the first event at or after a time, of those up to the event at last, or
// math.MaxInt64. It is the first event whose latest time is not before that time, and latest times ascend.
func (p *pool) firstSince(ctx context.Context, micros, last int64) (int64, error) {
	found := int64(math.MaxInt64)
	for from, to := int64(1), last+1; from < to; {
		var seq, latest int64
		middle := from + (to-from)/2
		if err := p.events.latest.QueryRowContext(ctx, middle).Scan(&seq, &latest); err != nil {
			return 0, err
		}
		if latest < micros {
			from = seq + 1
		} else {
			found, to = seq, middle
		}
	}
	return found, nil
}
