package oauth

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Metadata is a client's metadata as registered: defaults filled in, checked, in the order and wording
// that the client gave. Keys are names of Members, with a language tag where one is allowed
// ("client_name#de"). It is never changed once made.
type Metadata map[string]Value

// Value is the value of a member: a Text, List, Flag, Number or Object. It is never null or an empty Text.
type Value interface {
	// appendJSON appends the value as compact JSON.
	appendJSON(b []byte) []byte
}

// The kinds of values.
type (
	Text   string
	List   []string
	Flag   bool
	Number int64
	Object string // a JSON object without white space: encoding and decoding it again changes no byte
)

func (v Text) appendJSON(b []byte) []byte { return appendString(b, string(v)) }

func (v List) appendJSON(b []byte) []byte {
	b = append(b, '[')
	for i, s := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

func (v Flag) appendJSON(b []byte) []byte   { return strconv.AppendBool(b, bool(v)) }
func (v Number) appendJSON(b []byte) []byte { return strconv.AppendInt(b, int64(v), 10) }
func (v Object) appendJSON(b []byte) []byte { return append(b, v...) }

// appendString appends a JSON string. Strings in metadata are valid UTF-8: documents are read strictly.
func appendString(b []byte, s string) []byte {
	if needsNoEscape(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// needsNoEscape reports whether s between quotation marks is a JSON string as it is. Most strings are; it is false for
// some others, too.
func needsNoEscape(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Text returns a Text member, empty when there is none.
func (m Metadata) Text(name string) string { v, _ := m[name].(Text); return string(v) }

// List returns a List member, nil when there is none. It must not be changed.
func (m Metadata) List(name string) []string { v, _ := m[name].(List); return v }

// Flag returns a Flag member, false when there is none.
func (m Metadata) Flag(name string) bool { v, _ := m[name].(Flag); return bool(v) }

// Name is the client's name for people: client_name, or the empty string.
func (m Metadata) Name() string { return m.Text("client_name") }

// Owner is ext_param_owner, or the empty string.
func (m Metadata) Owner() string { return m.Text("ext_param_owner") }

// Names returns the names of the members that are there, in the order of Members, each followed by its
// localized variants.
func (m Metadata) Names() []string {
	names := make([]string, 0, len(m))
	for _, present := range m.inOrder(nil) {
		names = append(names, present.name)
	}
	return names
}

// present is a member that is there: its place in Members, and its name with a language tag if it has one.
type present struct {
	place int
	name  string
}

const (
	// usualMembers is more than the members that most clients have.
	usualMembers = 24
	// fewMembers is how many members many clients have: a map for so many need not grow.
	fewMembers = 14
)

// inOrder returns the members that are there, in the order of Names. It appends them to an empty slice, whose memory
// the caller may have at hand.
func (m Metadata) inOrder(order []present) []present {
	for name := range m {
		place, _, _ := lookupPlace(name)
		order = append(order, present{place, name})
	}
	slices.SortFunc(order, func(a, b present) int {
		if a.place != b.place {
			return a.place - b.place
		}
		return strings.Compare(a.name, b.name)
	})
	return order
}

// usualSize is about how many bytes of JSON a member has.
const usualSize = 64

// MarshalJSON encodes the metadata as AppendJSON does.
func (m Metadata) MarshalJSON() ([]byte, error) {
	return m.AppendJSON(make([]byte, 0, usualSize*len(m)+len("{}"))), nil
}

// AppendJSON appends the metadata as one object, its members in the order of Names.
func (m Metadata) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, present := range m.inOrder(make([]present, 0, usualMembers)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, present.name)
		b = append(b, ':')
		b = m[present.name].appendJSON(b)
	}
	return append(b, '}')
}

// ErrUnknownMember says that stored metadata has a member that this program does not know.
var ErrUnknownMember = errors.New("unknown member")

// UnmarshalJSON decodes what MarshalJSON encoded. It checks types, not rules: it is for what was
// registered already, whatever the rules are today. It returns ErrUnknownMember rather than leave a member out.
func (m *Metadata) UnmarshalJSON(data []byte) error {
	return m.UnmarshalJSONFrom(jsontext.NewDecoder(bytes.NewBuffer(data)))
}

// UnmarshalJSONFrom is UnmarshalJSON for metadata that is a part of what a decoder reads, which spares a decoder and a
// second reading of the text.
func (m *Metadata) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return fmt.Errorf("decode metadata: not an object: %w", err)
	}
	metadata := make(Metadata, fewMembers)
	for decoder.PeekKind() != '}' {
		raw, err := decoder.ReadValue()
		if err != nil {
			return fmt.Errorf("decode metadata: %w", err)
		}
		name, member := lookupRaw(raw)
		if member == nil {
			return fmt.Errorf("decode metadata: %w %s", ErrUnknownMember, name)
		}
		value, ok, err := member.Kind.read(decoder)
		if err != nil {
			return fmt.Errorf("decode metadata: %w", err)
		}
		if !ok {
			return fmt.Errorf("decode metadata: %s is of another type", name)
		}
		metadata[name] = value
	}
	if _, err := decoder.ReadToken(); err != nil {
		return fmt.Errorf("decode metadata: %w", err)
	}
	*m = metadata
	return nil
}

// lookupRaw is lookup for a name as JSON has it, and returns it as a string: that of Members, where that is the same, so that
// it need not be made.
func lookupRaw(raw jsontext.Value) (name string, member *Member) {
	if place, ok := memberPlaces[string(raw[1:len(raw)-1])]; ok {
		return Members[place].Name, &Members[place]
	}
	name, _ = decodeText(raw)
	return name, lookup(name)
}

// decodeMetadata returns the members of a document that the registry knows. It leaves out the others (RFC 7591 2), and
// empty strings as EmptyIsNothing says. It returns an *Error for a value that is not of its member's kind.
func decodeMetadata(document Document) (Metadata, error) {
	metadata := make(Metadata, len(document)+4)
	wrong := "" // the first by its name
	for name, raw := range document {
		member := lookup(name)
		if member == nil {
			continue
		}
		value, ok := member.Kind.decode(raw)
		switch {
		case !ok && (wrong == "" || name < wrong):
			wrong = name
		case !ok, value == Text("") && member.EmptyIsNothing():
		default:
			metadata[name] = value
		}
	}
	if wrong != "" {
		return nil, refuse(wrong, lookup(wrong).Kind.shape())
	}
	return metadata, nil
}

// read is decode for the next value of a decoder. It takes strings and lists from the decoder as they are read.
func (k Kind) read(decoder *jsontext.Decoder) (value Value, ok bool, err error) {
	switch next := decoder.PeekKind(); {
	case next == '"' && (k == KindText || k == KindURI):
		token, err := decoder.ReadToken()
		if err != nil {
			return nil, false, err
		}
		return Text(token.String()), true, nil
	case next == '[' && k == KindList:
		return readList(decoder)
	}
	raw, err := decoder.ReadValue()
	if err != nil {
		return nil, false, err
	}
	value, ok = k.decode(raw)
	return value, ok, nil
}

// readList reads an array of strings.
func readList(decoder *jsontext.Decoder) (value Value, ok bool, err error) {
	if _, err := decoder.ReadToken(); err != nil {
		return nil, false, err
	}
	list := make(List, 0, 2)
	for decoder.PeekKind() == '"' {
		token, err := decoder.ReadToken()
		if err != nil {
			return nil, false, err
		}
		list = append(list, token.String())
	}
	token, err := decoder.ReadToken()
	if err != nil || token.Kind() != ']' {
		return nil, false, err
	}
	return list, true, nil
}

// decode reads a valid JSON value as one of the kind. What a string may hold is a rule, see isText.
func (k Kind) decode(raw jsontext.Value) (Value, bool) {
	switch k {
	case KindText, KindURI:
		text, ok := decodeText(raw)
		return Text(text), ok
	case KindList:
		return decodeList(raw)
	case KindFlag:
		return Flag(raw.Kind() == 't'), raw.Kind() == 't' || raw.Kind() == 'f'
	case KindNumber:
		return decodeNumber(raw)
	default:
		shortest := raw.Clone()
		if raw.Kind() != '{' || shortest.Format() != nil {
			return nil, false
		}
		return Object(shortest), true
	}
}

func decodeText(raw jsontext.Value) (string, bool) {
	if raw.Kind() != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	return string(text), err == nil
}

func decodeList(raw jsontext.Value) (Value, bool) {
	if raw.Kind() != '[' {
		return nil, false
	}
	list := List{}
	for element := range elements(raw) {
		text, ok := decodeText(element)
		if !ok {
			return nil, false
		}
		list = append(list, text)
	}
	return list, true
}

// decodeNumber reads an integer that every JSON implementation holds exactly, however it is written: 100, 1e2
// and 100.0 are one number (RFC 8259 6).
func decodeNumber(raw jsontext.Value) (Value, bool) {
	if raw.Kind() != '0' {
		return nil, false
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || n < 0 || n >= 1<<53 || n != math.Trunc(n) {
		return nil, false
	}
	return Number(n), true
}

// MemberChange is a member that differs between two metadata. Before or After is nil where it was absent.
type MemberChange struct {
	Name          string
	Before, After Value
}

// Diff returns the members that differ, in the order of Members.
func Diff(before, after Metadata) []MemberChange {
	both := make(Metadata, len(after))
	maps.Copy(both, before)
	maps.Copy(both, after)
	var changes []MemberChange
	for _, name := range both.Names() {
		if !equalValues(before[name], after[name]) {
			changes = append(changes, MemberChange{name, before[name], after[name]})
		}
	}
	return changes
}

// Equal reports whether two metadata are the same. The order within lists counts, that within objects does not.
func (m Metadata) Equal(other Metadata) bool {
	return maps.EqualFunc(m, other, equalValues)
}

func equalValues(a, b Value) bool {
	switch a := a.(type) {
	case List:
		b, same := b.(List)
		return same && slices.Equal(a, b)
	case Object:
		b, same := b.(Object)
		return same && (a == b || bytes.Equal(a.canonical(), b.canonical()))
	}
	_, isList := b.(List) // == panics for a List
	return !isList && a == b
}

// canonical returns the object with its members in a fixed order: a client that puts back what it read may
// write them in another.
func (v Object) canonical() []byte {
	raw := jsontext.Value(v)
	if err := raw.Canonicalize(); err != nil {
		return []byte(v)
	}
	return raw
}
