// Package ui is how the dashboard looks: the layout of a page, the components that pages are made of, text,
// charts and assets.
//
// It takes values and returns templ components. It knows neither the registrar nor HTTP, and of the domain
// only which characters are hidden. Components and functions may be used concurrently.
package ui

// A Page is what every page shows around its content.
type Page struct {
	Title         string
	Sections      []Link // the navigation; shown to an administrator only
	Administrator string // the name of who is signed in; empty: nobody is
	Notices       []Notice
	Past          *Past   // the moment of the past that is shown; nil: what is shown is now
	ChooseMoment  Chooser // of another moment
	Refresh       int     // seconds after which the page loads itself again; 0: it does not
}

// A Link leads to a page of the dashboard.
type Link struct {
	Text    string
	Path    string
	Current bool // it leads to what is shown already
}
