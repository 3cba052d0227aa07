package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The start warns of what others can read, of each by name, and of nothing else.
func TestWarnsOfExposure(t *testing.T) {
	data, password := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(adminPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, data, "--admin-password=").stop() // makes key and hash
	paths := []string{data, filepath.Join(data, sealingKeyFile), filepath.Join(data, adminHashFile), password}
	for i := range len(paths) + 1 {
		for j, path := range paths {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			mode := info.Mode().Perm() & 0o700
			if i == j {
				mode |= 0o040
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		s := start(t, data, "--admin-password=", "--admin-password-file", password)
		for j, path := range paths {
			if warned := strings.Contains(s.stderr.String(), `"path":"`+path+`"`); warned != (i == j) {
				t.Errorf("%s open: warned of %s: %v", append(paths, "nothing")[i], path, warned)
			}
		}
		s.stop()
	}
}
