package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A keyring is made once, for its owner alone, and is the same from then on.
func TestLoadKeyring(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "the.key")
	made, err := LoadKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed := made.Seal("client", "the secret")
	again, err := LoadKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	if secret, err := again.Open("client", sealed); secret != "the secret" || err != nil {
		t.Errorf("loaded again: %q, %v", secret, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("in the directory: %v, %v", files, err)
	}
	other, err := LoadKeyring(filepath.Join(t.TempDir(), "the.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open("client", sealed); !errors.Is(err, ErrNotOpened) {
		t.Errorf("with the key of another directory: %v", err)
	}
}

// Only a file that is not there is made, and a failure leaves nothing behind.
func TestLoadOrMake(t *testing.T) {
	dir := t.TempDir()
	made := func() string { return "made" }
	path := filepath.Join(dir, "line")
	for i, want := range []bool{true, false} {
		if line, first, err := LoadOrMake(path, made); line != "made" || first != want || err != nil {
			t.Errorf("call %d: %q, %v, %v", i, line, first, err)
		}
	}
	if err := os.WriteFile(path, []byte(" given \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if line, first, err := LoadOrMake(path, made); line != "given" || first || err != nil {
		t.Errorf("a file of the administrator: %q, %v, %v", line, first, err)
	}
	if _, _, err := LoadOrMake(filepath.Join(dir, "none", "line"), made); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
	if _, first, err := LoadOrMake(dir, made); err == nil || first {
		t.Errorf("a directory: %v, %v", first, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("in the directory: %v, %v", files, err)
	}
}
