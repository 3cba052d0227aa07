package main

import (
	"fmt"
	"io"
	"os"
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
