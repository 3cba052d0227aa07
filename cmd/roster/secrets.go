package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"roster/cmd/roster/vault"
)

const sealingKeyFile = "roster.key"

// sealingKeys returns the keys of the setting, or else the one in the data directory, which it makes at the first
// start.
func sealingKeys(data, setting string) (ring vault.Keyring, err error) {
	if setting != "" {
		ring, err = vault.ParseKeyring(setting)
	} else {
		ring, err = vault.LoadKeyring(filepath.Join(data, sealingKeyFile))
	}
	if err != nil {
		return ring, fmt.Errorf("sealing key: %w", err)
	}
	return ring, nil
}

// administratorPassword is the administrator's password, in a setting or in a file.
type administratorPassword struct {
	AdminPassword     string `help:"Password of the administrator; with none, the first start of the server makes one and prints it once." placeholder:"PASSWORD"`
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

// What kong tells of a value that is wrong, a value of the environment included.
var (
	toldValue       = regexp.MustCompile(`(?s) but got .*$| \(from envar .*$`)
	toldArgument    = regexp.MustCompile(`(?s)^(unexpected argument) .*$`)
	toldEnvironment = regexp.MustCompile(`\(from envar (\w+)=`)
)

// withoutValues takes out of an error of kong the value that it is about: any may be a secret, be it only one
// that was given to the wrong setting.
func withoutValues(err error) error {
	text := err.Error()
	told := toldValue.ReplaceAllString(text, "")
	told = toldArgument.ReplaceAllString(told, "$1")
	if strings.Contains(text, "; perhaps try ") {
		told += "; one that begins with a dash is written behind an equals sign"
	}
	if from := toldEnvironment.FindStringSubmatch(text); from != nil {
		told += " (from " + from[1] + ")"
	}
	return errors.New(told)
}

// withoutURL takes the URL out of an error of net/http: even the name in its user information may be a secret.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// hasUser reports whether a text holds what may be the user information of a URL, be it a malformed one.
func hasUser(text string) bool { return strings.Contains(text, "@") }

// withoutUser takes the path out of an error of a file whose name may be that of a URL with user information
// and without its scheme.
func withoutUser(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) && hasUser(failed.Path) {
		return fmt.Errorf("%s file: %w", failed.Op, failed.Err)
	}
	return err
}
