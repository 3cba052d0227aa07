// Package domain holds the rules of the registry: what a client may be, and what may happen to it.
//
// It has no I/O, no clock, no randomness and no logging. Decide answers a command with events, Evolve
// folds events into state.
package domain

import (
	"fmt"
	"strings"
	"time"
)

// Decide returns what follows from a command: events, nothing when nothing is to change, or an error that
// leaves everything as it was. It returns an *Error for what the request has wrong, a *Missing when nothing
// is wrong but others have to be asked first, and ErrNotFound for a command to a client that was never
// registered.
func Decide(p Policy, c Client, command Command) ([]Event, error) {
	switch command := command.(type) {
	case Register:
		return register(p, c, command)
	case Update:
		return update(p, c, command)
	case Delete:
		return end(c, ClientDeleted{})
	case Revoke:
		return end(c, ClientRevoked(command))
	}
	return nil, fmt.Errorf("decide: unknown command %T", command)
}

func register(p Policy, c Client, command Register) ([]Event, error) {
	if c.Exists() {
		return nil, fmt.Errorf("register client: id %s is taken", c.ID)
	}
	c.Terms = command.Terms // they bind the client from the start
	metadata, leftOut, err := settle(p, c, command.Requested, command.Evidence)
	if err != nil {
		return nil, err
	}
	registered := ClientRegistered{
		Metadata:                metadata,
		LeftOut:                 leftOut,
		IssuedAt:                command.At.Truncate(time.Second),
		RegistrationAccessToken: command.RegistrationAccessToken,
		PolicyVersion:           command.PolicyVersion,
		InitialAccessToken:      command.InitialAccessToken,
		Terms:                   command.Terms,
	}
	if needsSecret(metadata) {
		registered.Secret = issue(command.Offered, metadata)
	}
	return []Event{registered}, nil
}

// settle returns the metadata that a request leads to for a client under its terms, and what of the request was
// left out. The sector is held against it last, so that nothing is fetched for what is refused anyhow.
func settle(p Policy, c Client, requested Document, evidence Evidence) (metadata, leftOut Metadata, err error) {
	members, err := requestedBy(p, c, requested, evidence)
	if err != nil {
		return nil, nil, err
	}
	metadata, leftOut, err = bounds{p, c.Terms}.admit(members)
	if err != nil {
		return nil, nil, err
	}
	if err := checkSector(metadata, evidence.Sector); err != nil {
		return nil, nil, err
	}
	return metadata, leftOut, nil
}

func update(p Policy, c Client, command Update) ([]Event, error) {
	if c.Status != Active {
		return nil, ErrNotFound
	}
	if err := checkUpdate(c, command); err != nil {
		return nil, err
	}
	metadata, leftOut, err := settle(p, c, command.Requested, command.Evidence)
	if err != nil {
		return nil, err
	}
	updated := ClientUpdated{
		Metadata: metadata, LeftOut: leftOut, RegistrationAccessToken: command.RegistrationAccessToken, PolicyVersion: command.PolicyVersion,
	}
	switch {
	case !needsSecret(metadata):
		updated.SecretEnded = c.Secret != nil
	case c.Secret == nil || c.Secret.expired(command.At) || needsSharedKey(metadata) && len(c.Secret.Sealed) == 0:
		updated.SecretIssued = issue(command.Offered, metadata)
	}
	credentialsStay := updated.SecretIssued == nil && !updated.SecretEnded && updated.RegistrationAccessToken == Digest{}
	if credentialsStay && metadata.equal(c.Metadata) {
		return nil, nil
	}
	return []Event{updated}, nil
}

// serverMembers must not come with an update (RFC 7592 2.2).
var serverMembers = []string{
	"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at",
}

// checkUpdate is RFC 7592 2.2: the request names the client, and may name nothing that the server alone says.
func checkUpdate(c Client, command Update) error {
	for _, name := range serverMembers {
		if command.Requested[name] != nil {
			return &Error{Code: InvalidRequest, Field: name, Detail: "must not be in an update (RFC 7592 2.2)"}
		}
	}
	if id, _ := decodeText(command.Requested["client_id"]); id != command.ClientID {
		return &Error{Code: InvalidRequest, Field: "client_id", Detail: "must be the client_id that was issued (RFC 7592 2.2)"}
	}
	if raw := command.Requested["client_secret"]; raw != nil {
		secret, _ := decodeText(raw)
		if c.Secret == nil || !c.Secret.Digest.Matches(secret) {
			return &Error{Code: InvalidRequest, Field: "client_secret", Detail: "must be left out or be the current one (RFC 7592 2.2)"}
		}
	}
	return nil
}

// nameByOwner makes a client's name OWNER_NAME when both are given, as WSO2 Identity Server does. In an update
// a name that begins with its owner is the one that was answered before.
func nameByOwner(c Client, m Metadata) {
	if c.Exists() && strings.HasPrefix(m.Name(), m.Owner()+"_") {
		return
	}
	if m.Owner() != "" && m.Name() != "" {
		m["client_name"] = Text(m.Owner() + "_" + m.Name())
	}
}

// issue keeps of an offered secret what the client's algorithms need.
func issue(offered Secret, m Metadata) *Secret {
	if !needsSharedKey(m) {
		offered.Sealed = nil
	}
	return &offered
}

func end(c Client, event Event) ([]Event, error) {
	switch c.Status {
	case "":
		return nil, ErrNotFound
	case Active:
		return []Event{event}, nil
	default:
		return nil, nil
	}
}
