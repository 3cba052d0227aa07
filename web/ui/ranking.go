package ui

// A Rank is one of several things that are ranked by a count.
type Rank struct {
	Text  string // which a caller may have written
	Count int
	Path  string // address of what is counted
}

// A Concern is something that needs attention, said in a sentence.
type Concern struct {
	Tone   Tone   // Warning or Bad
	Text   string // the beginning of the sentence, which leads to what it is about
	Rest   string // what the sentence says beside; may be empty
	Quoted string // a text within the sentence that a caller wrote, between Text and Rest; may be empty
	Path   string
}
