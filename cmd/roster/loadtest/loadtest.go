// Package loadtest loads an HTTP server that runs on the same machine, and measures how it answers and what it uses.
//
// It shares the machine's processors with the server that it measures, so it does little: requests are bytes that
// were written out before, each connection is kept alive and has a goroutine that writes a request and reads its
// answer, and of an answer it looks at the status and the length of the body. It serves benchmarks alone.
package loadtest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long an answer may take.
const patience = 30 * time.Second

// Load is requests that are made of a server, on several connections at the same time.
type Load struct {
	Address     string // host:port of the server
	Connections int
	Requests    int // of all connections together
	// Rate is how many requests a second are made, as far as the connections suffice; 0: each connection makes its
	// next request as soon as the last was answered.
	Rate float64
	// Request returns the request i, as NewRequest makes it. It is called by all connections at the same time.
	Request func(i int) []byte
	// Status is that of every answer.
	Status int
	// Answer is given the body of the answer to the request i, which is the caller's only until Answer returns. It is
	// called by all connections at the same time. nil: bodies are thrown away.
	Answer func(i int, body []byte) error
}

// Result is how a load was answered.
type Result struct {
	Elapsed   time.Duration
	latencies []time.Duration // ascending
}

// NewRequest writes out an HTTP/1.1 request. bearer is a token of the header Authorization, body is JSON; both may be
// empty.
func NewRequest(method, address, path, bearer, body string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, address)
	if bearer != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", bearer)
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.WriteString(body)
	return []byte(b.String())
}

// Run makes the requests and returns how they were answered. The first request that fails, that is answered with
// another status or that Answer returns an error for ends the load: its error is returned. So does the end of ctx.
func (l Load) Run(ctx context.Context) (Result, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	connections, err := l.dial(ctx)
	if err != nil {
		return Result{}, cmp.Or(context.Cause(ctx), err)
	}
	latencies := make([]time.Duration, l.Requests)
	var next atomic.Int64
	var workers sync.WaitGroup
	began := time.Now()
	for _, c := range connections {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= l.Requests {
					return
				}
				if err := l.await(ctx, began, i); err != nil {
					return
				}
				asked := time.Now()
				if err := l.exchange(c, i); err != nil {
					fail(fmt.Errorf("request %d: %w", i, err))
					return
				}
				latencies[i] = time.Since(asked)
			}
		})
	}
	workers.Wait()
	elapsed := time.Since(began)
	err = closeAll(connections)
	if err := cmp.Or(context.Cause(ctx), err); err != nil {
		return Result{}, err
	}
	slices.Sort(latencies)
	return Result{elapsed, latencies}, nil
}

// Rate is how many requests a second were answered.
func (r Result) Rate() float64 {
	return float64(len(r.latencies)) / r.Elapsed.Seconds()
}

// Latency returns the time within which so many of a hundred requests were answered: at 50, the median.
func (r Result) Latency(percentile int) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(len(r.latencies)*percentile/100, len(r.latencies)-1)]
}

// connection is a connection with what was read of it and not looked at yet.
type connection struct {
	net.Conn
	reader *bufio.Reader
	stay   func() bool // keeps the end of the load's context from closing the connection
}

// dial opens all connections. They are closed when ctx ends.
func (l Load) dial(ctx context.Context) (opened []connection, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(opened))
		}
	}()
	dialer := net.Dialer{Timeout: patience}
	for range l.Connections {
		c, err := dialer.DialContext(ctx, "tcp", l.Address)
		if err != nil {
			return opened, err
		}
		stay := context.AfterFunc(ctx, func() { _ = c.Close() }) // whose load failed already
		opened = append(opened, connection{c, bufio.NewReaderSize(c, 16<<10), stay})
	}
	return opened, nil
}

// closeAll closes connections, some of which may be closed.
func closeAll(connections []connection) (err error) {
	for _, c := range connections {
		c.stay()
		if failed := c.Close(); !errors.Is(failed, net.ErrClosed) {
			err = errors.Join(err, failed)
		}
	}
	return err
}

// await waits until the request i is due at the load's rate.
func (l Load) await(ctx context.Context, began time.Time, i int) error {
	if l.Rate == 0 {
		return nil
	}
	due := began.Add(time.Duration(float64(i) / l.Rate * float64(time.Second)))
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// exchange makes the request i and reads its answer.
func (l Load) exchange(c connection, i int) error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.Write(l.Request(i)); err != nil {
		return err
	}
	head, err := readHead(c.reader)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	keep := l.Answer != nil || head.status != l.Status
	body, err := head.readBody(c.reader, keep)
	switch {
	case err != nil:
		return fmt.Errorf("read body: %w", err)
	case head.status != l.Status:
		return fmt.Errorf("answered with %s %s, want %s", strconv.Itoa(head.status), body, strconv.Itoa(l.Status))
	case l.Answer != nil:
		return l.Answer(i, body)
	}
	return nil
}
