package web

import (
	"slices"
	"time"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// statusTones are the tones of all statuses of clients.
var statusTones = map[domain.Status]ui.Tone{
	domain.Active:    ui.Good,
	domain.Suspended: ui.Warning,
	domain.Revoked:   ui.Bad,
	domain.Deleted:   ui.Ended,
	domain.Lost:      ui.Ended,
}

// toneOf returns the tone of a status.
func toneOf(s domain.Status) ui.Tone { return statusTones[s] }

// How the statuses of initial access tokens are shown.
var (
	tokenStatusLabels = map[domain.InitialAccessTokenStatus]string{
		domain.TokenActive: "Active", domain.TokenUsedUp: "Used up", domain.TokenExpired: "Expired",
		domain.TokenRevoked: "Revoked", domain.TokenLost: "Lost",
	}
	tokenStatusTones = map[domain.InitialAccessTokenStatus]ui.Tone{
		domain.TokenActive: ui.Good, domain.TokenUsedUp: ui.Ended, domain.TokenExpired: ui.Ended,
		domain.TokenRevoked: ui.Bad, domain.TokenLost: ui.Ended,
	}
)

// An eventKind is how a type of event is shown.
type eventKind struct {
	Type      string
	Label     string
	Tone      ui.Tone
	One, Many string // behind a number, to say what happened: 312 registered
}

// eventKinds are the types of events, in the order of a client's life, then of an initial access token's,
// then of the registry itself.
var eventKinds = []eventKind{
	{domain.ClientRegistered{}.Type(), "Registered", ui.Good, "registered", "registered"},
	{domain.ClientUpdated{}.Type(), "Changed", ui.Changed, "changed", "changed"},
	{domain.ClientSuspended{}.Type(), "Suspended", ui.Warning, "suspended", "suspended"},
	{domain.ClientResumed{}.Type(), "Resumed", ui.Good, "resumed", "resumed"},
	{domain.ClientDeleted{}.Type(), "Deleted", ui.Ended, "deleted", "deleted"},
	{domain.ClientRevoked{}.Type(), "Revoked", ui.Bad, "revoked", "revoked"},
	{domain.InitialAccessTokenIssued{}.Type(), "Initial access token issued", ui.Good, "initial access token issued", "initial access tokens issued"},
	{domain.InitialAccessTokenUsed{}.Type(), "Initial access token used", ui.Changed, "use of an initial access token", "uses of initial access tokens"},
	{domain.InitialAccessTokenRevoked{}.Type(), "Initial access token revoked", ui.Bad, "initial access token revoked", "initial access tokens revoked"},
	{domain.SealingKeyIntroduced{}.Type(), "Sealing key introduced", ui.Good, "sealing key introduced", "sealing keys introduced"},
	{domain.SealingKeyLost{}.Type(), "Sealing key lost", ui.Bad, "sealing key lost", "sealing keys lost"},
	{domain.LossAccepted{}.Type(), "Loss of events accepted", ui.Bad, "loss of events accepted", "losses of events accepted"},
}

// kindOf returns how a type is shown. A type that is new to the dashboard is shown by its own name.
func kindOf(eventType string) eventKind {
	i := slices.IndexFunc(eventKinds, func(k eventKind) bool { return k.Type == eventType })
	if i < 0 {
		return eventKind{eventType, eventType, ui.Changed, "event of the type " + eventType, "events of the type " + eventType}
	}
	return eventKinds[i]
}

// actorsName is what to call all actors of a kind, or the one administrator with a name.
func actorsName(kind domain.ActorKind, name string) string {
	switch kind {
	case domain.ActorClient:
		return "clients themselves"
	case domain.ActorAdmin:
		if name != "" {
			return "administrator " + name
		}
		return "administrators"
	}
	return "the system"
}

// actorFilter is an actor as the filter of events has it.
func actorFilter(a domain.Actor) string {
	if a.Kind == domain.ActorAdmin {
		return string(a.Kind) + ":" + a.ID
	}
	return string(a.Kind)
}

// nameOrID is what to call a client.
func nameOrID(c readmodel.Client) string {
	if name := c.Metadata.Name(); name != "" {
		return name
	}
	return c.ID
}

// titleOf is what to call a client in a title or a message.
func titleOf(c readmodel.Client) string { return ui.PlainUntrusted(nameOrID(c), ui.TitleLength) }

// lastChanged returns when something last happened to a client after its registration; zero: nothing has.
func lastChanged(c readmodel.Client) time.Time {
	if c.Version < 2 {
		return time.Time{}
	}
	return c.UpdatedAt
}

// A statusCount is how many clients have a status.
type statusCount struct {
	domain.StatusFacts
	Clients int
}

// statusCounts returns the counts of clients by status, in the order in which they are shown. A rare status
// that no client has is left out.
func statusCounts(o readmodel.Overview) (counts []statusCount) {
	for _, facts := range domain.Statuses {
		if n := o.Clients[facts.Status]; n > 0 || !facts.Rare {
			counts = append(counts, statusCount{facts, n})
		}
	}
	return counts
}
