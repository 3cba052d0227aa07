// Package domain is what may happen to the clients, the initial access tokens and the registry: commands, events,
// and the decisions between them.
//
// It has no I/O, no clock, no randomness and no logging. There is one Decider for each kind of aggregate. What a
// client may be are the rules of the package oauth.
package domain

import "roster/domain/oauth"

// A Decider is all there is to know of a kind of aggregate with the state S and the commands C. Its functions
// are pure.
type Decider[S, C any] struct {
	// Kind is the Kind of its aggregates.
	Kind string
	// Evolve returns the state of an aggregate after an event. It refuses no recorded event, whatever the rules
	// are today, and does not change its argument.
	Evolve func(state S, aggregate Aggregate, event Event) S
	// Decide returns what follows from a command: events, nothing when nothing is to change, or an error that
	// leaves everything as it was.
	Decide func(policy oauth.Policy, state S, command C) ([]Event, error)
}

// The kinds of aggregates there are.
var (
	// Clients decides about clients. Its Decide returns an *oauth.Error for what a request has wrong, an
	// *oauth.Missing when nothing is wrong but others have to be asked first, and ErrNotFound for a command to a
	// client that was never registered.
	Clients = Decider[Client, ClientCommand]{Kind: "client", Evolve: evolveClient, Decide: decideClient}
	// InitialAccessTokens decides about initial access tokens. Its Decide returns an *oauth.Error for what an
	// IssueInitialAccessToken has wrong, ErrInitialAccessTokenRefused for any UseInitialAccessToken that is not
	// admitted, and ErrNoSuchInitialAccessToken for a RevokeInitialAccessToken of one that was never issued.
	InitialAccessTokens = Decider[InitialAccessToken, InitialAccessTokenCommand]{
		Kind: "initial-access-token", Evolve: evolveInitialAccessToken, Decide: decideInitialAccessToken,
	}
	// Registries decides about the registry itself, of which there is one. Its Decide returns a *MissingKeysError for
	// UseKeys with too few keys.
	Registries = Decider[Registry, RegistryCommand]{Kind: "registry", Evolve: evolveRegistry, Decide: decideRegistry}
)

// Aggregate is the aggregate of the decider's kind with an id.
func (d Decider[S, C]) Aggregate(id string) Aggregate { return Aggregate{Kind: d.Kind, ID: id} }

// Fold returns the state after further events of the aggregate.
func (d Decider[S, C]) Fold(state S, events []Envelope) S {
	for _, e := range events {
		state = d.Evolve(state, e.Aggregate, e.Event)
	}
	return state
}
