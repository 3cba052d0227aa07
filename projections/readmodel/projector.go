package readmodel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"roster/domain"
	"roster/eventstore"
)

// batchSize is how many events one transaction takes at most.
const batchSize = 1000

// Run is the projector: it applies the log's events, those to come included, until ctx ends; then it
// returns nil. What may pass, such as a full disk or a log without a leader, it tries again, and Health says
// so meanwhile; a file that turns out to be damaged it builds anew. When an event cannot be read or applied
// it returns why, and Health and every later Wait say so too: no event is ever skipped. It is called once.
func (m *ReadModel) Run(ctx context.Context) error {
	var checking sync.WaitGroup
	defer checking.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if opened := m.next; !m.made {
		checking.Go(func() { m.check(ctx, opened) })
	}
	for retry := (backoff{}); ; {
		before := m.writer.at.seq
		err := m.follow(ctx)
		if m.writer.at.seq > before {
			retry = backoff{}
		}
		if ctx.Err() == nil && !isPassing(err) && !m.curable(err) {
			// What there is shows the registry as it was, and Health says so.
			m.shown.Store(m.next)
			m.progress.stop(err)
			return err
		}
		if m.recover(ctx, err, &retry) != nil {
			m.progress.stop(ErrStopped)
			return nil
		}
	}
}

// curable reports whether a new file may help. It does not where this program wrote the row that it cannot read.
func (m *ReadModel) curable(err error) bool {
	return isDamage(err) && !(m.made && errors.Is(err, errBadRow))
}

// recover opens the file as Open does, anew when it is damaged, as soon as that succeeds. It returns the
// context's error when that ends first. Readers go on with the file that is shown so long as it is not damaged.
func (m *ReadModel) recover(ctx context.Context, err error, retry *backoff) error {
	var unfit error
	for err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if isDamage(err) {
			unfit = damaged(err)
			_ = m.closeView()
			m.progress.trouble(ErrRebuilding)
		} else {
			m.progress.trouble(err)
		}
		if retry.isNew(err) {
			m.logger.ErrorContext(ctx, "read model is in trouble and tries again", "err", err)
		}
		if err := retry.wait(ctx); err != nil {
			return err
		}
		_ = m.closeWriter() // it cannot say more than err did
		err = m.open(ctx, unfit)
	}
	return nil
}

// follow returns only with an error. While one batch is applied the next is read.
func (m *ReadModel) follow(ctx context.Context) error {
	subscription, err := m.log.Subscribe(ctx, m.writer.at.seq)
	if err != nil {
		return fmt.Errorf("subscribe to the log beyond %d: %w", m.writer.at.seq, err)
	}
	defer subscription.Close()
	reading, stop := context.WithCancel(ctx)
	batches := make(chan batch)
	var reader sync.WaitGroup
	reader.Go(func() { m.readAhead(reading, subscription, batches) })
	defer reader.Wait()
	defer stop()
	for {
		select {
		case err := <-m.damage:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case next := <-batches:
			if next.err != nil {
				return next.err
			}
			// A transaction is short. It is finished rather than broken off.
			if err := m.writer.apply(context.WithoutCancel(ctx), next.events); err != nil {
				return err
			}
			m.advance()
			if m.shown.Load() != nil {
				m.progress.trouble(nil)
			}
		}
	}
}

// batch is what one transaction applies, or why there is nothing more to apply.
type batch struct {
	events []encodedEvent
	err    error
}

// readAhead hands over what the log has until an error, which it hands over too, or until ctx ends.
func (m *ReadModel) readAhead(ctx context.Context, subscription eventstore.Subscription, batches chan<- batch) {
	for {
		events, err := m.readBatch(ctx, subscription)
		select {
		case batches <- batch{events, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (m *ReadModel) readBatch(ctx context.Context, subscription eventstore.Subscription) ([]encodedEvent, error) {
	recorded, err := subscription.Next(ctx, batchSize)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	if len(recorded) == batchSize {
		// It only tells how far there is to go.
		if last, err := m.log.Last(ctx); err == nil {
			m.progress.saw(last)
		}
	}
	events := make([]encodedEvent, len(recorded))
	for i, e := range recorded {
		if events[i], err = encode(e); err != nil {
			return nil, fmt.Errorf("apply event %d: %w", e.Seq, err)
		}
	}
	return events, nil
}

// writer is the one connection that changes the tables. It is for one goroutine.
type writer struct {
	at   checkpoint
	db   *sql.DB
	conn *sql.Conn
	gap  bool // the log is known to have lost events before those that are applied now

	begin, commit, rollback  *sql.Stmt
	saveCheckpoint           *sql.Stmt
	loadClient               *sql.Stmt
	insertClient, saveClient *sql.Stmt
	loadToken                *sql.Stmt
	insertToken, saveToken   *sql.Stmt
	countTokenClient         *sql.Stmt
	insertEvent              *sql.Stmt
	addToDay, addToStatus    *sql.Stmt
}

// connect opens the writer's connection and no more. Also with an error the writer is to be closed.
func connect(ctx context.Context, path string) (*writer, error) {
	w := &writer{}
	var err error
	if w.db, err = sql.Open("sqlite", writerDSN(path)); err == nil {
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
func (w *writer) prepare(ctx context.Context) error { return prepare(ctx, w.conn, w.statements()) }

func (w *writer) statements() map[string]**sql.Stmt {
	return map[string]**sql.Stmt{
		`BEGIN IMMEDIATE`: &w.begin,
		`COMMIT`:          &w.commit,
		`ROLLBACK`:        &w.rollback,
		updateCheckpoint:  &w.saveCheckpoint,
		selectClient:      &w.loadClient,
		insertClient:      &w.insertClient,
		updateClient:      &w.saveClient,
		selectToken:       &w.loadToken,
		insertToken:       &w.insertToken,
		updateToken:       &w.saveToken,
		countTokenClient:  &w.countTokenClient,
		insertEvent:       &w.insertEvent,
		addToDay:          &w.addToDay,
		addToStatus:       &w.addToStatus,
	}
}

// close closes the statements too: one that was prepared on a single connection would otherwise keep it open.
func (w *writer) close() error {
	var err error
	for _, statement := range w.statements() {
		if *statement != nil {
			err = errors.Join(err, (*statement).Close())
		}
	}
	if w.conn != nil {
		err = errors.Join(err, w.conn.Close())
	}
	if w.db != nil {
		err = errors.Join(err, w.db.Close())
	}
	return err
}

// apply applies events in one transaction together with the checkpoint. After an error nothing of them is applied.
func (w *writer) apply(ctx context.Context, events []encodedEvent) (err error) {
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	at := w.at
	defer func() {
		if err != nil {
			// After some errors SQLite has rolled back by itself. After any the writer is closed.
			_, _ = w.rollback.ExecContext(ctx)
		}
	}()
	counts := countChanges{make(map[int64]dayCount), make(map[domain.Status]int)}
	for _, e := range events {
		at = at.after(e.Recorded)
		if err := w.applyOne(ctx, e, at.latest, &counts); err != nil {
			return fmt.Errorf("apply event %d: %w", e.Seq, err)
		}
	}
	if err := w.addCounts(ctx, counts); err != nil {
		return err
	}
	if _, err := w.saveCheckpoint.ExecContext(ctx, at.seq, at.eventID, at.latest, at.lag); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	if _, err := w.commit.ExecContext(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	w.at = at
	return nil
}

// applyOne changes every view by one event.
func (w *writer) applyOne(ctx context.Context, e encodedEvent, latest int64, counts *countChanges) error {
	counts.countEvent(e.Envelope)
	var first uint64
	switch e.Aggregate {
	case domain.ClientAggregate(e.Aggregate.ID):
		change, err := w.changeClient(ctx, e.Recorded)
		if err != nil {
			return err
		}
		counts.countStatus(change)
		first = change.seq
	case domain.TokenAggregate(e.Aggregate.ID):
		var err error
		if first, err = w.changeToken(ctx, e.Recorded); err != nil {
			return err
		}
	case domain.RegistryAggregate():
		first = registryRow
	default:
		return fmt.Errorf("it is about a %s, not a client or an initial access token", e.Aggregate.Kind)
	}
	return w.indexEvent(ctx, e, first, latest)
}
