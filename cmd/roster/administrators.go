package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"roster/cmd/roster/vault"
	"roster/domain/access"
	"roster/eventstore"
)

// administratorPassword is the administrator's password, in a setting or in a file.
type administratorPassword struct {
	AdminPassword     string `secret:"" help:"Password of the administrator; with none, the first start of the server makes one and prints it once." placeholder:"PASSWORD"`
	AdminPasswordFile string `help:"File whose first line is the password of the administrator." placeholder:"FILE"`
}

// read returns the password, empty when there is none.
func (p administratorPassword) read() (string, error) {
	if p.AdminPasswordFile == "" {
		return p.AdminPassword, nil
	}
	if p.AdminPassword != "" {
		return "", errors.New("--admin-password and --admin-password-file exclude one another")
	}
	content, err := os.ReadFile(p.AdminPasswordFile)
	if err != nil {
		return "", fmt.Errorf("--admin-password-file: %w", err)
	}
	line, _, _ := strings.Cut(string(content), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", errors.New("--admin-password-file has no password in its first line")
	}
	return line, nil
}

// administratorSettings are who may administer.
type administratorSettings struct {
	AdminUser string       `help:"Name of the administrator." default:"admin" placeholder:"NAME"`
	APITokens bearerTokens `help:"Bearer tokens for the JSON API, comma-separated, each of 32 characters or more." placeholder:"NAME=TOKEN"`
}

func (s administratorSettings) validate(password administratorPassword) error {
	text, err := password.read()
	switch {
	case err != nil:
		return err
	case s.AdminUser == "" || strings.ContainsAny(s.AdminUser, ":\x00\r\n"):
		return errors.New("--admin-user must be a name without a colon")
	case text != "" && len(text) < 8:
		return errors.New("--admin-password must have at least 8 characters")
	}
	return nil
}

const adminHashFile = "admin.hash"

// administrators returns who may administer on a log. It has the hash of a password of the settings be salted with the
// log's identity, so that all processes and every start have the same hash, to which sessions are bound. With no
// password in the settings the first start makes one and keeps its hash in the data directory. It prints that password
// once and to stderr alone: a log would keep it.
func (s administratorSettings) administrators(
	password administratorPassword, data string, log eventstore.Identity, stderr io.Writer,
) (*access.Administrators, error) {
	text, err := password.read()
	if err != nil {
		return nil, err
	}
	o := access.Options{User: s.AdminUser, Password: text, Tokens: access.Tokens(s.APITokens)}
	if text != "" {
		salt := sha256.Sum256(fmt.Appendf(nil, "roster %s %s", log.Name, log.Created.Format(time.RFC3339Nano)))
		o.Salt = salt[:]
		return access.New(o)
	}
	var made string
	if o.PasswordHash, made, err = adminHash(data); err != nil {
		return nil, err
	}
	if made != "" {
		fmt.Fprintf(stderr, "\n  The administrator is %s with the password %s\n  It is shown this once; only its hash is kept, in %s.\n\n",
			s.AdminUser, made, adminHashFile)
	}
	return access.New(o)
}

// adminHash returns the hash of the password that the first start makes. made is the password when this was the first
// start.
func adminHash(data string) (hash, made string, err error) {
	hash, _, err = vault.LoadOrMake(filepath.Join(data, adminHashFile), func() (hash string) {
		made, hash = access.NewPassword()
		return hash
	})
	if err != nil {
		return "", "", fmt.Errorf("administrator's password: %w", err)
	}
	return hash, made, nil
}
