package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"roster/domain/access"
)

const adminHashFile = "admin.hash"

// adminHash returns the hash of the administrator's password: of the one in the settings, with the salt, or
// else of one that the first start makes. made is the password when this was the first start.
func adminHash(data, setting string, salt []byte) (hash, made string, err error) {
	if setting != "" {
		return access.HashPasswordWith(setting, salt), "", nil
	}
	password := access.NewPassword()
	hash, first, err := loadOrMake(filepath.Join(data, adminHashFile), func() string {
		return access.HashPassword(password)
	})
	if err != nil {
		return "", "", fmt.Errorf("administrator's password: %w", err)
	}
	if first {
		made = password
	}
	return hash, made, nil
}

// loadOrMake returns the one line of a file, and makes the file when it is not there. A file that was made
// is on disk, whole, before this returns.
func loadOrMake(path string, make func() string) (line string, made bool, err error) {
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

// writeSynced writes a file that is there whole or not at all, readable by its owner alone.
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
