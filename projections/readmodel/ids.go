package readmodel

import (
	"database/sql/driver"
	"fmt"

	"github.com/google/uuid"
)

// compactID is how the tables hold an id: one that is a UUID as Roster writes it as its 16 bytes, any other one as a text.
// It is read from both, and is empty where there is none.
type compactID string

// value is what the tables hold.
func (id compactID) value() any {
	if u, err := uuid.Parse(string(id)); err == nil && u.String() == string(id) {
		return u[:]
	}
	return string(id)
}

// Value implements driver.Valuer.
func (id compactID) Value() (driver.Value, error) { return id.value(), nil }

// Scan implements sql.Scanner.
func (id *compactID) Scan(value any) error {
	switch value := value.(type) {
	case nil:
		*id = ""
	case string:
		*id = compactID(value)
	case []byte:
		u, err := uuid.FromBytes(value)
		if err != nil {
			return err
		}
		*id = compactID(u.String())
	default:
		return fmt.Errorf("%T is not an id", value)
	}
	return nil
}
