// Package registrar holds the use cases of the registry: load, decide, append. cycle.go has what is the same for
// every kind of aggregate, and there is one file for what each kind can be asked for.
//
// A change is answered as soon as its events are durable. Decisions, and reads of a client with its registration
// access token, are right whatever the read model has applied.
package registrar

import (
	"log/slog"
	"time"

	"roster/domain/access"
	"roster/domain/oauth"
)

// Options are what a Registrar needs. Log, Sealer and Policy are required, and Census where the policy limits the
// number of clients.
type Options struct {
	Log            Log
	Snapshots      Snapshots // nil: every decision reads the whole history
	Alone          bool      // no other process appends to the log
	Sealer         Sealer
	Census         Census
	Policy         oauth.Policy
	SecretLifetime time.Duration    // of new client secrets; 0: they never expire
	Fetcher        Fetcher          // of sector identifier documents; nil: none can be had
	FetchRate      int              // documents fetched a minute for one address; 0: no limit
	Issuers        Issuers          // of software statements
	Now            func() time.Time // nil: time.Now
	// RotateAccessTokens issues a new registration access token with every update (RFC 7592 5).
	RotateAccessTokens bool
	// ChangeRate is how many changes a client may make to itself in an hour, all at once if need be; 0: any
	// number. Each process counts for itself.
	ChangeRate int
	Logger     *slog.Logger // nil: slog.Default()
}

// Registrar registers, reads, changes and ends clients, and issues and ends initial access tokens. It may be used
// concurrently.
//
// All its methods return an error that wraps domain.ErrUnavailable when the log cannot be read or written now.
type Registrar struct {
	Options
	policyVersion string // of Policy, computed once
	queues        *queues
	latest        *latest                  // change of each aggregate
	changes       *access.Throttle[string] // by client; nil: no limit
	fetches       *access.Callers          // nil: no limit
}

// New returns a Registrar.
func New(options Options) *Registrar {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Snapshots == nil {
		options.Snapshots = noSnapshots{}
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	return &Registrar{
		Options:       options,
		policyVersion: options.Policy.Version(),
		queues:        newQueues(),
		latest:        newLatest(),
		changes:       newChanges(options.ChangeRate),
		fetches:       newFetches(options.FetchRate),
	}
}
