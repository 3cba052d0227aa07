package ui

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

// A PagerLink leads to another page of a list.
type PagerLink struct {
	Text   string
	Path   string
	Next   bool   // it is the page that follows
	ID     string // of the element; may be empty
	Hidden bool   // a script shows it when there is something behind it
}

// A Column is the head of a column.
type Column struct {
	Name  string
	Zone  string // the time zone of its times; may be empty
	Class string // says how wide it is; empty: what is left
}

// A Field is an entry of a form with its label.
type Field struct {
	ID           string // and its name in the form
	Label        string
	Hint         string // behind the label; may be empty
	Type         string // of the input: "text", "search", "password"
	Value        string
	MaxLength    int // 0: not limited
	Autocomplete string
	Required     bool
	Autofocus    bool
	Failure      string // what is wrong with it, said below it; empty: nothing
	DescribedBy  string // id of an element that says what is wrong elsewhere; may be empty
}

// describedBy returns the id of the element that says what is wrong, empty for none.
func (f Field) describedBy() string {
	if f.Failure != "" {
		return f.ID + "-failure"
	}
	return f.DescribedBy
}

// An Option is one choice of a selection.
type Option struct {
	Value, Text string
}
