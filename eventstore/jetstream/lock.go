package jetstream

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrLocked says that another process, or another part of this one, holds a directory.
var ErrLocked = errors.New("in use by another process")

// Lock makes a directory, with mode 0700, unless it is there, and takes it exclusively. It returns
// ErrLocked when somebody holds it. A process that dies gives the directory back.
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
