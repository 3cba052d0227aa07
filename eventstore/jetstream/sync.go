package jetstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"roster/domain"
)

// A barrier makes acknowledged messages of an embedded server durable.
//
// The server acknowledges a message of a stream with one replica once it has written it to the stream's
// last block file: filestore.go flushes in place unless AsyncFlush is set, which it is only for more
// replicas or persist mode async, and SyncAlways would sync each message there. The barrier syncs that
// file instead, once for all that wait: whoever was acknowledged waits for a sync that begins later.
// One sync runs at a time and the next group gathers meanwhile; no timer delays a lone append.
//
// That leans on the layout of the server's store: jetstream/$G/streams/NAME/msgs/N.blk, where N ascends by
// one and only the last file grows, since nothing is deleted or compressed. probe checks it at each start.
type barrier struct {
	store  string                  // the server's store directory
	blocks string                  // the directory of the stream's block files
	fsync  func(path string) error // syncFile, but in tests

	kick chan struct{}
	done chan struct{} // closed once run has ended; nil: never started

	busy sync.Mutex // held while files are synced, or while the server changes them as it starts
	last int        // number of the last block file that was synced; 0: every file is still to be synced

	mu      sync.Mutex
	next    *round
	current *round // under way; nil: none
	synced  uint64 // every message up to this sequence is on disk
	failed  error  // why a sync failed; none is tried again, since the kernel may have dropped what it could not write

	broken chan error // receives failed, once
}

// A round is one sync and those who wait for it.
type round struct {
	seq  uint64 // the highest sequence that somebody waits for
	done chan struct{}
	err  error // set before done is closed
}

func newBarrier(store, stream string) *barrier {
	return &barrier{
		store:  store,
		blocks: blocksDir(store, stream),
		fsync:  syncFile,
		kick:   make(chan struct{}, 1),
		next:   &round{done: make(chan struct{})},
		broken: make(chan error, 1),
	}
}

func blocksDir(store, stream string) string {
	return filepath.Join(store, server.JetStreamStoreDir, server.DEFAULT_GLOBAL_ACCOUNT, "streams", stream, "msgs")
}

// start syncs all that is there, so that what a crash left in the kernel's memory is on disk before
// anything is built on it, and starts the goroutine that stop waits for.
func (b *barrier) start() error {
	if err := b.syncAll(); err != nil {
		return err
	}
	b.done = make(chan struct{})
	go b.run()
	return nil
}

// syncAll syncs every block file and all that leads to them.
func (b *barrier) syncAll() error {
	entries, err := os.ReadDir(b.blocks)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if n, ok := blockNumber(entry.Name()); ok {
			if err := b.fsync(filepath.Join(b.blocks, entry.Name())); err != nil {
				return err
			}
			b.last = max(b.last, n)
		}
	}
	// The stream's own description, and the way to it from above the store, may be new, too.
	for dir := filepath.Dir(b.blocks); ; dir = filepath.Dir(dir) {
		if err := b.syncDescription(dir); err != nil {
			return err
		}
		if dir == filepath.Dir(b.store) {
			break
		}
	}
	return b.fsync(b.blocks)
}

// renew calls start, which restarts the server, while nothing is synced: a server that starts may cut and remove
// files. It returns the sequence up to which every message was on disk.
func (b *barrier) renew(start func() error) (synced uint64, err error) {
	b.busy.Lock()
	defer b.busy.Unlock()
	b.last = 0
	err = start()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.synced, err
}

// syncDescription syncs a directory and the description of a stream in it, if there is one.
func (b *barrier) syncDescription(dir string) error {
	for _, name := range []string{server.JetStreamMetaFile, server.JetStreamMetaFileSum} {
		if err := b.fsync(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return b.fsync(dir)
}

// wait returns nil once the message at seq, which must have been acknowledged or read, is on disk, and with it
// all before it. It returns why the sync failed, or the context's error.
func (b *barrier) wait(ctx context.Context, seq uint64) error {
	b.mu.Lock()
	if seq <= b.synced || b.failed != nil {
		defer b.mu.Unlock()
		if seq <= b.synced {
			return nil
		}
		return b.failed
	}
	r := b.current
	if r == nil || seq > r.seq {
		r = b.next
		r.seq = max(r.seq, seq)
		select {
		case b.kick <- struct{}{}:
		default: // a round is due already, and it is this one
		}
	}
	b.mu.Unlock()

	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *barrier) run() {
	defer close(b.done)
	for range b.kick {
		b.mu.Lock()
		r := b.next
		b.next, b.current = &round{done: make(chan struct{})}, r
		r.err = b.failed
		b.mu.Unlock()

		if r.err == nil {
			r.err = b.sync()
		}
		b.mu.Lock()
		b.current = nil
		if r.err == nil {
			b.synced = max(b.synced, r.seq)
		}
		b.mu.Unlock()
		if r.err != nil {
			r.err = b.fail(r.err)
		}
		close(r.done)
	}
}

// fail records that what was acknowledged may not be on disk, and returns the error of all waits from then on.
func (b *barrier) fail(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed == nil {
		b.failed = fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
		b.broken <- b.failed
	}
	return b.failed
}

// stop ends the barrier. No wait may be under way.
func (b *barrier) stop() {
	close(b.kick)
	if b.done != nil {
		<-b.done
	}
}

// syncedTo returns the sequence up to which every message is on disk.
func (b *barrier) syncedTo() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.synced
}

func (b *barrier) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

// sync syncs the last block file. Where there is a next one, the server has turned to that: the former is
// complete, but may have grown since it was synced, and the directory has a new name in it.
//
// Those who wait were acknowledged before it began, so their messages are in files that exist by now.
func (b *barrier) sync() error {
	b.busy.Lock()
	defer b.busy.Unlock()
	if b.last == 0 {
		if err := b.syncAll(); err != nil {
			return fmt.Errorf("sync event log: %w", err)
		}
		if b.last == 0 {
			return fmt.Errorf("sync event log: no block file in %s", b.blocks)
		}
		return nil
	}
	begun := b.last
	for {
		if _, err := os.Lstat(b.block(b.last + 1)); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return fmt.Errorf("sync event log: %w", err)
		}
		if err := b.fsync(b.block(b.last)); err != nil {
			return fmt.Errorf("sync event log: %w", err)
		}
		b.last++
	}
	if err := b.fsync(b.block(b.last)); err != nil {
		return fmt.Errorf("sync event log: %w", err)
	}
	if b.last == begun {
		return nil
	}
	if err := b.fsync(b.blocks); err != nil {
		return fmt.Errorf("sync event log: %w", err)
	}
	return nil
}

func (b *barrier) block(n int) string {
	return filepath.Join(b.blocks, blockName(n))
}

func blockName(n int) string { return strconv.Itoa(n) + ".blk" }

func blockNumber(name string) (int, bool) {
	number, ok := strings.CutSuffix(name, ".blk")
	n, err := strconv.Atoi(number)
	return n, ok && err == nil
}

// syncFile syncs a file or directory. It opens it each time, in case the server has replaced it.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// probe returns an error unless the server, by the time it acknowledges a message, has written it to where
// the barrier will look for it. It does so with a stream that it makes and deletes.
func probe(ctx context.Context, js jetstream.JetStream, store string) (err error) {
	const name, subject = StreamName + "_PROBE", "roster_probe"
	// A crash may have left one.
	if err := js.DeleteStream(ctx, name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("delete probe stream: %w", err)
	}
	config := streamConfig(name, subject, 1)
	config.DenyDelete, config.DenyPurge = false, false
	if _, err := js.CreateStream(ctx, config); err != nil {
		return fmt.Errorf("create probe stream: %w", err)
	}
	defer func() { err = errors.Join(err, js.DeleteStream(ctx, name)) }()
	mark := []byte(nuid.Next())
	if _, err := js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: mark}); err != nil {
		return fmt.Errorf("publish to probe stream: %w", err)
	}
	block, err := readBlock(filepath.Join(blocksDir(store, name), "1.blk"), name, 1)
	if err != nil {
		return err
	}
	if r, ok := block.next(); !ok || r.seq != 1 || string(r.subject) != subject || !bytes.Equal(r.body, mark) || block.damaged() {
		return errors.New("an acknowledged message is not in its block file as expected")
	}
	return nil
}
