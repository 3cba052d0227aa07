package domain

import (
	"errors"
	"fmt"
	"time"

	"roster/domain/oauth"
)

// What an administrator may be told about a client, beside an oauth.Error.
var (
	// ErrNotFound says that there is no such client.
	ErrNotFound = errors.New("no such client")
	// ErrEnded says that the client has ended, so that it can neither be suspended nor resumed.
	ErrEnded = errors.New("client has ended")
)

func decideClient(p oauth.Policy, c Client, command ClientCommand) ([]Event, error) {
	switch command := command.(type) {
	case Register:
		return register(p, c, command)
	case Update:
		return update(p, c, command)
	case Delete:
		return end(c, ClientDeleted{})
	case Suspend:
		return suspend(c, command)
	case Resume:
		return resume(c)
	case Revoke:
		return end(c, ClientRevoked(command))
	}
	return nil, fmt.Errorf("decide: unknown command %T", command)
}

func register(p oauth.Policy, c Client, command Register) ([]Event, error) {
	if c.Exists() {
		return nil, fmt.Errorf("register client: id %s is taken", c.ID)
	}
	metadata, leftOut, err := oauth.Admit(p, oauth.Request{Document: command.Requested, Terms: command.Terms, Evidence: command.Evidence})
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
	if metadata.NeedsSecret() {
		registered.Secret = issue(command.Offered, metadata)
	}
	return []Event{registered}, nil
}

func update(p oauth.Policy, c Client, command Update) ([]Event, error) {
	if !c.MayManageItself() {
		return nil, ErrNotFound
	}
	if err := checkUpdate(c, command); err != nil {
		return nil, err
	}
	metadata, leftOut, err := oauth.Admit(p, oauth.Request{
		Document: command.Requested, Former: c.Metadata, Terms: c.Terms, Evidence: command.Evidence,
	})
	if err != nil {
		return nil, err
	}
	updated := ClientUpdated{
		Metadata: metadata, LeftOut: leftOut, RegistrationAccessToken: command.RegistrationAccessToken, PolicyVersion: command.PolicyVersion,
	}
	switch {
	case !metadata.NeedsSecret():
		updated.SecretEnded = c.Secret != nil
	case c.Secret == nil || c.Secret.Expired(command.At) || metadata.NeedsSharedKey() && len(c.Secret.Sealed) == 0:
		updated.SecretIssued = issue(command.Offered, metadata)
	}
	credentialsStay := updated.SecretIssued == nil && !updated.SecretEnded && updated.RegistrationAccessToken == Digest{}
	if credentialsStay && metadata.Equal(c.Metadata) {
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
			return &oauth.Error{Code: oauth.InvalidRequest, Field: name, Detail: "must not be in an update (RFC 7592 2.2)"}
		}
	}
	if id, _ := command.Requested.Text("client_id"); id != command.ClientID {
		return &oauth.Error{Code: oauth.InvalidRequest, Field: "client_id", Detail: "must be the client_id that was issued (RFC 7592 2.2)"}
	}
	if command.Requested["client_secret"] != nil {
		secret, _ := command.Requested.Text("client_secret")
		if c.Secret == nil || !c.Secret.Digest.Matches(secret) {
			return &oauth.Error{Code: oauth.InvalidRequest, Field: "client_secret", Detail: "must be left out or be the current one (RFC 7592 2.2)"}
		}
	}
	return nil
}

// issue keeps of an offered secret what the client's algorithms need.
func issue(offered Secret, m oauth.Metadata) *Secret {
	if !m.NeedsSharedKey() {
		offered.Sealed = nil
	}
	return &offered
}

func end(c Client, event Event) ([]Event, error) {
	switch {
	case !c.Exists():
		return nil, ErrNotFound
	case c.Ended():
		return nil, nil
	}
	return []Event{event}, nil
}

func suspend(c Client, command Suspend) ([]Event, error) {
	switch {
	case !c.Exists():
		return nil, ErrNotFound
	case c.Ended():
		return nil, ErrEnded
	case !c.MayManageItself():
		return nil, nil // it is suspended
	}
	return []Event{ClientSuspended(command)}, nil
}

func resume(c Client) ([]Event, error) {
	switch {
	case !c.Exists():
		return nil, ErrNotFound
	case c.Ended():
		return nil, ErrEnded
	case c.MayManageItself():
		return nil, nil // it is not suspended
	}
	return []Event{ClientResumed{}}, nil
}
