package main

import (
	"fmt"
	"path/filepath"

	"roster/cmd/roster/vault"
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
	hash, first, err := vault.LoadOrMake(filepath.Join(data, adminHashFile), func() string {
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
