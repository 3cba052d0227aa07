package domain

import (
	"slices"
	"strings"
)

// Status is where a client stands in its life. The zero Status is that of a client that was never registered:
// it cannot manage itself, does not count and has not ended.
type Status string

// The statuses of a client that was registered.
const (
	Active Status = "active"
	// Suspended is a client that an administrator has barred from its registration until it is resumed. It keeps
	// its registration and its id.
	Suspended Status = "suspended"
	Revoked   Status = "revoked" // by an administrator
	Deleted   Status = "deleted" // at its registration_client_uri (RFC 7592 2.3)
	// Lost is a client whose registration is among events that the log lost: nothing is known of its
	// credentials, so nobody can use them.
	Lost Status = "lost"
)

// StatusFacts say what it means for a client to have a status.
type StatusFacts struct {
	Status        Status
	Label         string // for people, such as "Active"
	Meaning       string // a sentence without its full stop, for the documentation
	ManagesItself bool   // its registration access token gives access to it
	Served        bool   // authorization servers may serve it
	Counts        bool   // it counts towards the limits on the number of clients
	Ended         bool   // its registration is over for good
	Rare          bool   // people are offered to list such clients only when there are any
}

// Statuses are all statuses that a client can have, in the order in which people see them. Everything that
// depends on a status asks this table. It must not be changed.
var Statuses = []StatusFacts{
	{
		Status: Active, Label: "Active", Meaning: "the client is registered and manages itself",
		ManagesItself: true, Served: true, Counts: true,
	},
	{
		Status: Suspended, Label: "Suspended", Meaning: "the client keeps its registration, and an administrator has barred it from using it until it is resumed",
		Counts: true,
	},
	{
		Status: Revoked, Label: "Revoked", Meaning: "an administrator ended the client",
		Ended: true,
	},
	{
		Status: Deleted, Label: "Deleted", Meaning: "the client was ended at its `registration_client_uri`",
		Ended: true,
	},
	{
		Status: Lost, Label: "Lost", Meaning: "the client's registration is among events that the log lost, so that its credentials are unknown",
		Ended: true, Rare: true,
	},
}

// facts returns the row of a status; the zero row for one that is not in the table.
func (s Status) facts() StatusFacts {
	i := slices.IndexFunc(Statuses, func(f StatusFacts) bool { return f.Status == s })
	if i < 0 {
		return StatusFacts{}
	}
	return Statuses[i]
}

// Known reports whether a client can have the status. The zero Status is not known.
func (s Status) Known() bool { return s.facts().Status != "" }

// Label is the status in a word for people.
func (s Status) Label() string { return s.facts().Label }

// MayManageItself reports whether the registration access token of a client with the status gives access to it.
func (s Status) MayManageItself() bool { return s.facts().ManagesItself }

// MayBeServed reports whether authorization servers may serve a client with the status.
func (s Status) MayBeServed() bool { return s.facts().Served }

// Counts reports whether a client with the status counts towards the limits on the number of clients.
func (s Status) Counts() bool { return s.facts().Counts }

// Ended reports whether the registration of a client with the status is over for good.
func (s Status) Ended() bool { return s.facts().Ended }

// StatusNames are the names of all statuses, in the order of the table.
func StatusNames() []string {
	names := make([]string, len(Statuses))
	for i, f := range Statuses {
		names[i] = string(f.Status)
	}
	return names
}

// DescribeStatuses says what each status means, in one line of Markdown.
func DescribeStatuses() string {
	described := make([]string, len(Statuses))
	for i, f := range Statuses {
		described[i] = "`" + string(f.Status) + "`: " + f.Meaning
	}
	return strings.Join(described, "; ")
}
