package ui

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
