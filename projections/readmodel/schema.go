package readmodel

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// schemaNumber is to be raised when the same tables are filled in another way: a read model that was made with
// another number, or with other tables, is built again. There are no migrations. The golden dump in testdata
// tells when it must be raised.
const schemaNumber = 13

// definitions are the tables of all views, each defined where it is filled and read. Times in them are
// microseconds since 1970, UTC.
var definitions = []string{
	checkpointTable, originTable,
	clientsTable, clientSearchTable,
	initialAccessTokensTable,
	eventsTable, typesOfEvents,
	daysTable, statusesTable, pastCountsTable, pastDaysTable,
}

var schema = strings.Join(definitions, "")

// schemaHash tells one schema from another.
var schemaHash = func() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%s\n%s", schemaNumber, schema, packingDictionary))
	return hex.EncodeToString(sum[:])
}()
