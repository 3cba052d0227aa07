package jetstream

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrLocked says that a directory is locked, by another process or by another part of this one.
var ErrLocked = errors.New("in use by another process")

// Lock creates a directory with mode 0700, unless it exists, and locks it until release is called or the process
// ends. It returns ErrLocked if it is locked already.
func Lock(dir string) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("directory %s is %w: stop that, or choose another directory", dir, ErrLocked)
		}
		return nil, fmt.Errorf("lock directory %s: %w", dir, err)
	}
	// The file stays: removing it would let two processes lock two files of one name.
	return f.Close, nil
}
