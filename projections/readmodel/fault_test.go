package readmodel

import (
	"database/sql"
	"errors"
	"testing"
)

// What is left of a damaged page can hold a value that its column never had.
func TestScan(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var seq uint64
	for _, value := range []string{"NULL", "'x'", "-1"} {
		if err := scan(db.QueryRow(`SELECT `+value), &seq); !isDamage(err) {
			t.Errorf("%s for a sequence: %v, want damage", value, err)
		}
	}
	if err := scan(db.QueryRow(`SELECT 1 WHERE 0`), &seq); !errors.Is(err, sql.ErrNoRows) || isDamage(err) {
		t.Errorf("no row: %v", err)
	}
	if err := scan(db.QueryRow(`SELECT 7`), &seq); err != nil || seq != 7 {
		t.Errorf("a sequence: %d, %v", seq, err)
	}
}
