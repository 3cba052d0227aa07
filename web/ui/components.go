package ui

// A Tone is what a badge, a notice or a dot means at a glance. Each has a colour and a shape of its own, so
// that nobody needs to tell colours apart.
type Tone string

// The tones. Their values are classes of the style sheet.
const (
	Good    Tone = "good"    // works, began
	Changed Tone = "changed" // is otherwise than before
	Warning Tone = "warning" // does not work at present, needs a look
	Bad     Tone = "bad"     // was ended by force, failed
	Ended   Tone = "ended"   // is over
)

// A Notice tells the reader of a page something about what they see or have done.
type Notice struct {
	Tone Tone   // Good, Warning or Bad
	Lead string // in bold in front; may be empty
	Text string
	ID   string // of the element; may be empty
}

// A Problem is an error as a page shows it.
type Problem struct {
	Status   int // of HTTP
	Title    string
	Detail   string
	Progress *Progress // of what has to be done first; nil: nothing has
	Links    []Link    // where to go from here
}

// Progress is how much of something is done.
type Progress struct {
	Done, Total uint64
	Unit        string // what is counted: "events"
}

// String returns "1,200 of 90,000 events".
func (p Progress) String() string {
	return Number(p.Done) + " of " + Number(p.Total) + " " + p.Unit
}

// A ButtonKind is how much a button stands out.
type ButtonKind string

// The kinds of buttons. Their values are classes of the style sheet.
const (
	PlainButton   ButtonKind = ""
	PrimaryButton ButtonKind = "primary" // the one that a page is there for
	DangerButton  ButtonKind = "danger"  // ends something
	QuietButton   ButtonKind = "quiet"   // beside something that matters more
)

// A Tab is one of several links of which one is chosen.
type Tab struct {
	Link
	Count string // how much there is behind it; empty: not shown
}

// A Chip is a filter that is set, which a link takes away.
type Chip struct {
	Label   string // what is filtered by
	Text    string // the value, which a caller may have written
	Without string // the address without the filter
}

// A LinkedText is an untrusted text for programs of which a part leads somewhere.
type LinkedText struct {
	Before, Linked, After string // the text is the three of them together
	Path                  string // where Linked leads
}
