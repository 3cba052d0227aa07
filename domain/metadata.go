package domain

// Metadata is a client's metadata as registered: defaults filled in, checked, in the order and wording
// that the client gave. Keys are names of Members, with a language tag where one is allowed
// ("client_name#de"). It is never changed once made.
type Metadata map[string]Value

// Value is the value of a member: a Text, List, Flag, Number or Object. It is never null or an empty Text.
type Value interface{ isValue() }

// The kinds of values.
type (
	Text   string
	List   []string
	Flag   bool
	Number int64
	Object string // a JSON object, as its compact text
)

func (Text) isValue()   {}
func (List) isValue()   {}
func (Flag) isValue()   {}
func (Number) isValue() {}
func (Object) isValue() {}

// Text returns a Text member, empty when there is none.
func (m Metadata) Text(name string) string { v, _ := m[name].(Text); return string(v) }

// List returns a List member, nil when there is none.
func (m Metadata) List(name string) []string { v, _ := m[name].(List); return v }

// Flag returns a Flag member, false when there is none.
func (m Metadata) Flag(name string) bool { v, _ := m[name].(Flag); return bool(v) }

// MarshalJSON encodes the metadata as one object, its members in the order of Members.
func (m Metadata) MarshalJSON() ([]byte, error) { panic("not yet") }

// UnmarshalJSON decodes what MarshalJSON encoded. It checks types, not rules: it is for what was
// registered already.
func (m *Metadata) UnmarshalJSON(data []byte) error { panic("not yet") }

// Name is the client's name for people: client_name, or the empty string.
func (m Metadata) Name() string { return m.Text("client_name") }

// Owner is ext_param_owner.
func (m Metadata) Owner() string { return m.Text("ext_param_owner") }

// MemberChange is a member that differs between two metadata. Before or After is nil where it was absent.
type MemberChange struct {
	Name          string
	Before, After Value
}

// Diff returns the members that differ, in the order of Members.
func Diff(before, after Metadata) []MemberChange { panic("not yet") }

// Member is one row of the table of members that the registry understands.
type Member struct {
	Name      string // such as "redirect_uris"
	Label     string // for people, such as "Redirect URIs"
	Kind      Kind
	Source    string // the specification and section that define it
	Localized bool   // may carry a language tag: name#BCP47
	Personal  bool   // holds personal data
	Default   Value  // nil: none, or one that depends on other members
}

// Kind is the JSON shape of a member.
type Kind int

// The kinds of members.
const (
	KindText   Kind = iota // a non-empty string
	KindURI                // a string that holds a URI
	KindList               // an array of non-empty strings
	KindFlag               // true or false
	KindNumber             // an integer from 0
	KindObject             // an object
)

// Members is the table of all members, in the order in which they are shown and encoded.
// It must not be changed.
var Members []Member

// LookupMember returns the member that a name, with or without a language tag, stands for.
func LookupMember(name string) (member Member, tag string, ok bool) { panic("not yet") }
