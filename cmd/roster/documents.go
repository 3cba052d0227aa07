package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"
)

// maxDocument is the size of the largest document that a setting may name, in bytes.
const maxDocument = 1 << 20

// readFile returns the content of a file that a setting names. It refuses one larger than maxDocument. Its error
// does not tell the name where that may hold a secret.
func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, withoutUser(err)
	}
	defer file.Close()
	return readAtMost(file, maxDocument)
}

// readAtMost reads all of r, or refuses it when it is larger than limit.
func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	return content, err
}

func isURL(source string) bool { return strings.Contains(source, "://") }

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
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
