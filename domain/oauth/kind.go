package oauth

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

// String names the kind as the reference does.
func (k Kind) String() string {
	return [...]string{"string", "URI", "array of strings", "boolean", "integer from 0", "object"}[k]
}

// shape says what a value of the kind must be.
func (k Kind) shape() string {
	switch k {
	case KindText, KindURI:
		return "must be a non-empty string without control characters"
	case KindList:
		return "must be an array of non-empty strings without control characters"
	case KindFlag:
		return "must be true or false"
	case KindNumber:
		return "must be an integer from 0"
	default:
		return "must be an object"
	}
}
