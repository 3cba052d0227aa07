package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"roster/domain"
	"roster/eventstore"
	"roster/projections/readmodel/search"
	"roster/projections/sqlitefile"
)

// writer is the one connection that changes the tables. It is for one goroutine.
type writer struct {
	at   checkpoint
	db   *sql.DB
	conn *sql.Conn
	gap  bool // the log is known to have lost events before those that are applied now

	begin, commit, rollback *sql.Stmt
	saveCheckpoint          *sql.Stmt

	clients clientWrites
	search  searchWrites
	tokens  initialAccessTokenWrites
	events  eventWrites
	counts  countWrites
}

// connect opens the writer's connection and no more. Also with an error the writer is to be closed.
func connect(ctx context.Context, path string, to use) (*writer, error) {
	w := &writer{}
	var err error
	if w.db, err = sql.Open("sqlite", sqlitefile.DSN(path, "rw", to...)); err == nil {
		w.conn, err = w.db.Conn(ctx)
	}
	return w, err
}

// initialise makes the tables.
func (w *writer) initialise(ctx context.Context, log eventstore.Identity) error {
	if _, err := w.conn.ExecContext(ctx, "BEGIN; "+schema+"; COMMIT"); err != nil {
		return fmt.Errorf("create tables: %w", err)
	}
	if _, err := w.conn.ExecContext(ctx, insertCheckpoint, schemaHash, log.Name, createdText(log)); err != nil {
		return fmt.Errorf("create checkpoint: %w", err)
	}
	if _, err := w.conn.ExecContext(ctx, insertOrigin, bootID()); err != nil {
		return fmt.Errorf("record the origin: %w", err)
	}
	if err := w.load(ctx); err != nil {
		return err
	}
	return w.prepare(ctx)
}

// load reads the checkpoint.
func (w *writer) load(ctx context.Context) error {
	if err := w.conn.QueryRowContext(ctx, selectCheckpoint).Scan(&w.at.schema, &w.at.logName, &w.at.logCreated,
		&w.at.seq, &w.at.eventID, &w.at.latest, &w.at.lag); err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	return nil
}

// prepare prepares the statements.
func (w *writer) prepare(ctx context.Context) error {
	if err := prepare(ctx, w.conn, w.statements()...); err != nil {
		return err
	}
	for inserter, into := range w.inserters() {
		if err := inserter.prepare(ctx, w.conn, into); err != nil {
			return fmt.Errorf("prepare to insert into %s: %w", into.table, err)
		}
	}
	return nil
}

func (w *writer) statements() []statements {
	return []statements{
		{`BEGIN IMMEDIATE`: &w.begin, `COMMIT`: &w.commit, `ROLLBACK`: &w.rollback, updateCheckpoint: &w.saveCheckpoint},
		w.clients.statements(), w.search.statements(), w.tokens.statements(), w.events.statements(), w.counts.statements(),
	}
}

func (w *writer) inserters() map[*inserter]inserts {
	return map[*inserter]inserts{&w.clients.insert: clientInserts, &w.search.insert: searchInserts, &w.events.insert: eventInserts}
}

// close closes the statements too: one that was prepared on a single connection would otherwise keep it open.
func (w *writer) close() error {
	var err error
	for _, set := range w.statements() {
		for _, statement := range set {
			if *statement != nil {
				err = errors.Join(err, (*statement).Close())
			}
		}
	}
	for inserter := range w.inserters() {
		err = errors.Join(err, inserter.close())
	}
	if w.conn != nil {
		err = errors.Join(err, w.conn.Close())
	}
	if w.db != nil {
		err = errors.Join(err, w.db.Close())
	}
	return err
}

// apply applies events in one transaction together with the checkpoint. It returns how that changes what clients
// are found by. After an error nothing of them is applied, and the writer is to be closed.
func (w *writer) apply(ctx context.Context, events []eventstore.Recorded) (found []search.Entry, err error) {
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	at := w.at
	defer func() {
		if err != nil {
			// After some errors SQLite has rolled back by itself.
			_, _ = w.rollback.ExecContext(ctx)
		}
	}()
	ready := prepareAll(events)
	defer ready.end()
	changes := newChanges()
	for place, e := range events {
		w.gap = w.gap || e.Seq != at.seq+1
		at = at.after(e)
		if err := w.applyOne(ctx, e, place, changes); err != nil {
			return nil, failedAt(e.Seq, err)
		}
		changes.latest = append(changes.latest, at.latest)
	}
	if err := w.save(ctx, events, changes, ready); err != nil {
		return nil, failedAt(at.seq, err)
	}
	if _, err := w.saveCheckpoint.ExecContext(ctx, at.seq, at.eventID, at.latest, at.lag); err != nil {
		return nil, fmt.Errorf("save checkpoint: %w", err)
	}
	if _, err := w.commit.ExecContext(ctx); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	w.at = at
	for _, c := range changes.clients.all {
		found = append(found, c.foundBy)
	}
	return found, nil
}

// failedAt says at which event a batch failed: at one that could not be encoded or whose row could not be inserted, or else
// at the one at a sequence.
func failedAt(seq uint64, err error) error {
	if row := (*rowError)(nil); errors.As(err, &row) {
		seq = row.event
	}
	return fmt.Errorf("apply event %d: %w", seq, err)
}

// changes are what a batch of events does to the views, other than that of initial access tokens, which is written event by
// event. For each event it has the sequence of its aggregate's first one and the latest time up to it.
type changes struct {
	clients clientChanges
	counts  countChanges
	first   []uint64
	latest  []int64
}

func newChanges() *changes {
	return &changes{
		clients: clientChanges{byID: make(map[string]*clientChange)},
		counts:  newCountChanges(),
	}
}

// applyOne changes every view by one event, which has a place in the batch, most of them when the changes are saved.
func (w *writer) applyOne(ctx context.Context, e eventstore.Recorded, place int, changes *changes) error {
	changes.counts.countEvent(e)
	var first uint64
	switch e.Aggregate {
	case domain.ClientAggregate(e.Aggregate.ID):
		change, err := w.clientToChange(ctx, e, &changes.clients)
		if err != nil {
			return err
		}
		before := change.Status
		change.apply(e, place)
		changes.counts.countStatus(before, change.Status)
		first = change.seq
	case domain.InitialAccessTokenAggregate(e.Aggregate.ID):
		var err error
		if first, err = w.changeInitialAccessToken(ctx, e); err != nil {
			return err
		}
	case domain.RegistryAggregate():
		first = registryRow
	default:
		return fmt.Errorf("it is about a %s, not a client or an initial access token", e.Aggregate.Kind)
	}
	changes.first = append(changes.first, first)
	return w.keepPastCounts(ctx, e.Seq, &changes.counts)
}

// save writes what is not written yet of a batch, and last what needs the events prepared: that goes on meanwhile.
func (w *writer) save(ctx context.Context, events []eventstore.Recorded, changes *changes, ready *preparation) error {
	if err := w.saveClients(ctx, changes.clients); err != nil {
		return err
	}
	if err := w.addCounts(ctx, changes.counts); err != nil {
		return err
	}
	for place, e := range events {
		prepared, err := ready.at(place)
		if err != nil {
			return err
		}
		if err := w.indexEvent(ctx, e, prepared, changes.first[place], changes.latest[place]); err != nil {
			return err
		}
	}
	if err := w.events.insert.flush(ctx); err != nil {
		return fmt.Errorf("index event: %w", err)
	}
	return w.saveSearches(ctx, changes.clients, ready)
}
