package web

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"roster/domain/oauth"
	"roster/web/ui"
)

// memberFilters are the filters that find clients by the values of a member.
var memberFilters = map[string]string{
	"application_type": "kind", "contacts": "contact", "ext_param_owner": "owner", "grant_types": "grant", "redirect_uris": "host",
	"software_id": "software", "token_endpoint_auth_method": "auth",
}

// finder returns what finds the clients of a list that share a text of the member's value.
func (r memberRow) finder(list clientFilters) finder { return finder{list, memberFilters[r.Name]} }

// A finder finds the clients of a list that share a value.
type finder struct {
	list   clientFilters
	filter string // empty: nothing finds them
}

// find returns a text with the way to the clients that share it, or share the host that it leads to, if there is one.
func (f finder) find(text string) (linked ui.LinkedText, ok bool) {
	before, found, after := "", text, ""
	if f.filter == "host" {
		before, found, after = cutHost(text)
	}
	if f.filter == "" || found == "" || len(found) > filterLimit {
		return ui.LinkedText{}, false
	}
	return ui.LinkedText{Before: before, Linked: found, After: after, Path: f.list.With(f.filter, found)}, true
}

// cutHost cuts what a redirect URI leads to out of it: its host, or its scheme when it has none.
func cutHost(uri string) (before, host, after string) {
	host = oauth.RedirectHost(uri)
	authority := strings.Index(uri, "://")
	if strings.HasSuffix(host, ":") || authority < 0 {
		authority = -len("://")
	}
	start := authority + len("://")
	i := strings.Index(strings.ToLower(uri[start:]), strings.ToLower(host))
	if i < 0 || start+i+len(host) > len(uri) {
		return uri, "", ""
	}
	start += i
	return uri[:start], uri[start : start+len(host)], uri[start+len(host):]
}

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
