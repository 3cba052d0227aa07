package readmodel

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/google/uuid"
)

const originTable = `
-- One row: where the file was begun.
CREATE TABLE origin (
    boot TEXT NOT NULL -- bootID
) STRICT;
`

const (
	insertOrigin = `INSERT INTO origin VALUES (?)`
	selectOrigin = `SELECT boot FROM origin`
)

// bootID names the time since the machine was started: for so long a file is as it was written, also if it was never synced.
// Where the system does not tell it, every process has its own.
var bootID = sync.OnceValue(func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return uuid.NewString()
	}
	return strings.TrimSpace(string(id))
})

// isOfThisBoot reports whether the file was begun since the machine was started.
func (w *writer) isOfThisBoot(ctx context.Context) (bool, error) {
	var boot string
	if err := w.conn.QueryRowContext(ctx, selectOrigin).Scan(&boot); err != nil {
		return false, fmt.Errorf("read origin: %w", err)
	}
	return boot == bootID(), nil
}
