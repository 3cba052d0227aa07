package ui

// A Column is the head of a column.
type Column struct {
	Name  string
	Zone  string // the time zone of its times; may be empty
	Class string // says how wide it is; empty: what is left
}

// A PagerLink leads to another page of a list.
type PagerLink struct {
	Text   string
	Path   string
	Next   bool   // it is the page that follows
	ID     string // of the element; may be empty
	Hidden bool   // a script shows it when there is something behind it
}
