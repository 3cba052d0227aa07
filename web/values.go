package web

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"roster/domain/oauth"
)

// keys returns the keys of a member that is a JSON Web Key Set.
func (r memberRow) keys() (keys []oauth.Key, isSet bool) {
	object, isObject := r.Value.(oauth.Object)
	if !isObject {
		return nil, false
	}
	return object.Keys()
}

// claims returns the claims of a member that is a software statement, nothing for any other.
func (r memberRow) claims() []claim {
	if r.Name != statementMember {
		return nil
	}
	return claimsOf(oneLine(r.Value))
}

// isTable reports whether the value is shown as a table, which needs room.
func (r memberRow) isTable() bool {
	keys, _ := r.keys()
	return len(keys) > 0 || len(r.claims()) > 0
}

// isForMachines reports whether people copy a member's values as a whole.
func isForMachines(m oauth.Member) bool {
	return m.HoldsURIs() || strings.HasSuffix(m.Name, "_uris") || m.Name == "software_id"
}

// indented is a JSON object over several lines.
func indented(o oauth.Object) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(o), "", "  "); err != nil {
		return string(o)
	}
	return b.String()
}

// oneLine is a value in one line of text.
func oneLine(v oauth.Value) string {
	switch v := v.(type) {
	case oauth.Text:
		return string(v)
	case oauth.Flag:
		return strconv.FormatBool(bool(v))
	case oauth.Number:
		return strconv.FormatInt(int64(v), 10)
	case oauth.List:
		return strings.Join(v, ", ")
	case oauth.Object:
		return string(v)
	}
	return ""
}
