package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesThatAreTooLargeAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "document.json")
	if err := os.WriteFile(path, bytes.Repeat([]byte(" "), maxDocument+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for setting, validate := range map[string]func() error{
		"--software-issuers": issuerSources{"https://issuer.example.org": path}.validate,
		"--upstream-patch":   upstreamSettings{UpstreamMetadata: path, UpstreamPatch: path}.validate,
	} {
		err := validate()
		if err == nil || !strings.Contains(err.Error(), setting) || !strings.HasSuffix(err.Error(), "larger than 1048576 bytes") {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
