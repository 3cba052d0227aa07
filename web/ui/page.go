// Package ui is how the dashboard looks: the layout of a page, the components that pages are made of, text,
// charts and assets.
//
// It takes values and returns templ components. It knows neither the registrar nor HTTP, and of the domain
// only which characters are hidden. Components and functions may be used concurrently.
package ui

// A Page is what every page shows around its content. An administrator is shown all of it, others only title, theme and
// notices.
type Page struct {
	Title         string
	Address       string // of the page, with its query
	Theme         Theme
	Administrator string  // the name of who is signed in; empty: nobody is
	Sections      []Link  // the navigation
	Parts         []Tab   // of the section that is shown; none: it is one page
	Find          Finder  // looks for something from any page
	Preferences   string  // address that takes the choice of theme and time zone
	ChooseMoment  Chooser // of another moment
	Past          *Past   // the moment of the past that is shown; nil: what is shown is now
	Notices       []Notice
	Refresh       int // seconds after which the page loads itself again; 0: it does not
}

// A Theme is which colours pages have.
type Theme string

// The themes.
const (
	SystemTheme Theme = "" // as the reader's system has it
	LightTheme  Theme = "light"
	DarkTheme   Theme = "dark"
)

// colorScheme returns the value of CSS's color-scheme.
func (t Theme) colorScheme() string {
	if t == SystemTheme {
		return "light dark"
	}
	return string(t)
}

// A Finder is the search of the header.
type Finder struct {
	Path string   // of the page that answers
	Kept []Hidden // what the address has beside what is looked for
}

// A Link leads to a page of the dashboard.
type Link struct {
	Text    string
	Path    string
	Current bool // it leads to what is shown already
}
