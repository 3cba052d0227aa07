package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// LoadOrMake returns the line that a file holds, without the space around it. Where there is no such file it first
// makes one with the line that make returns; made tells whether it did. The new file can be read by its owner alone,
// and it is synced to disk when LoadOrMake returns: after a loss of power the file is there as a whole, or not at all.
//
// Only one process at a time may use the directory, which must exist.
func LoadOrMake(path string, make func() string) (line string, made bool, err error) {
	content, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(content)), false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", false, err
	}
	line = make()
	if err := writeSynced(path, line+"\n"); err != nil {
		return "", false, err
	}
	return line, true, nil
}

// writeSynced writes a file under another name, syncs it and renames it.
func writeSynced(path, content string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it was renamed
	_, writeErr := f.WriteString(content)
	if err := errors.Join(writeErr, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
