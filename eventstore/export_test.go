package eventstore

import "roster/domain"

// Versions returns the number of versions of each type of event, which is the current one.
func Versions() map[string]int {
	versions := make(map[string]int)
	for name, t := range eventTypes {
		versions[name] = len(t.schemas)
	}
	return versions
}

// ClientForgotten is an event that only a newer program knows.
type ClientForgotten struct{ Note string }

// Type implements domain.Event.
func (ClientForgotten) Type() string { return "ClientForgotten" }

type forgottenV1 struct {
	Note string `json:"note"`
}

func (w forgottenV1) event() (domain.Event, error) { return ClientForgotten(w), nil }

// LearnClientForgotten makes this the newer program until forget is called. Nobody may use the codec meanwhile.
func LearnClientForgotten() (forget func()) {
	t := eventTypeOf(func(e ClientForgotten) (forgottenV1, error) { return forgottenV1(e), nil })
	eventTypes[t.name] = t
	return func() { delete(eventTypes, t.name) }
}
