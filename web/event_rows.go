package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// An eventRow is an event as lists show it.
type eventRow struct {
	readmodel.Event
	Kind     eventKind
	Client   string // id of the client that it is about, or that used the token it is about; empty: none
	Name     string // of that client, as it is now
	Token    string // id of the initial access token that it is about, or that let the client register; empty: none
	Label    string // of that token
	Registry string // what happened to the registry itself; empty: the event is about something else
	Summary  summary
}

// A summary says what an event did, as far as a line has room for it.
type summary struct {
	Members []memberSummary // the members that it changed
	Hosts   []string        // hosts of redirect URIs that the client did not have before
	Notes   []string        // what else it did
	Reason  string          // an administrator's; empty: none was given
}

// A memberSummary says how a member changed, such as "+1 −1".
type memberSummary struct{ Name, How string }

func rowOfEvent(e readmodel.Event) eventRow {
	row := eventRow{Event: e, Kind: kindOf(e.Event.Type())}
	switch e.Aggregate {
	case domain.ClientAggregate(e.Aggregate.ID):
		row.Client = e.Aggregate.ID
	case domain.InitialAccessTokenAggregate(e.Aggregate.ID):
		row.Token = e.Aggregate.ID
	}
	switch event := e.Event.(type) {
	case domain.ClientRegistered:
		row.Token = event.InitialAccessToken
	case domain.InitialAccessTokenUsed:
		row.Client = event.ClientID
	case domain.SealingKeyIntroduced:
		row.Registry = "key " + event.KeyID
	case domain.SealingKeyLost:
		row.Registry = "key " + event.KeyID
	case domain.LossAccepted:
		row.Registry = fmt.Sprintf("events %d to %d", event.From, event.To)
	}
	return row
}

// eventRows finds what events are shown with: the names of clients and tokens, and what changes changed.
func (w *Web) eventRows(ctx context.Context, recorded []readmodel.Event) ([]eventRow, error) {
	former, err := w.formerMetadata(ctx, recorded)
	if err != nil {
		return nil, err
	}
	names, labels := map[string]string{}, map[string]string{}
	rows := make([]eventRow, 0, len(recorded))
	for _, e := range recorded {
		row := rowOfEvent(e)
		row.Summary = summaryOf(e, former[e.Seq])
		if row.Name, err = remembered(names, row.Client, func(id string) (string, error) {
			found, err := w.reader.Client(ctx, id)
			return found.Metadata.Name(), err
		}); err != nil {
			return nil, fmt.Errorf("name of a client: %w", err)
		}
		if row.Label, err = remembered(labels, row.Token, func(id string) (string, error) {
			found, err := w.reader.InitialAccessToken(ctx, id)
			return found.Label, err
		}); err != nil {
			return nil, fmt.Errorf("label of a token: %w", err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// remembered returns what find finds for an id, for which it is asked once. Nothing is found for what does not exist.
func remembered(known map[string]string, id string, find func(id string) (string, error)) (string, error) {
	found, ok := known[id]
	if ok || id == "" {
		return found, nil
	}
	found, err := find(id)
	if err != nil && !errors.Is(err, domain.ErrNotFound) && !errors.Is(err, domain.ErrNoSuchInitialAccessToken) {
		return "", err
	}
	known[id] = found
	return found, nil
}

// formerMetadata returns what changes of metadata replaced, by their sequences.
func (w *Web) formerMetadata(ctx context.Context, recorded []readmodel.Event) (map[uint64]oauth.Metadata, error) {
	var changes []uint64
	for _, e := range recorded {
		if _, changed := e.Event.(domain.ClientUpdated); changed {
			changes = append(changes, e.Seq)
		}
	}
	if changes == nil {
		return nil, nil
	}
	return w.reader.MetadataBefore(ctx, changes...)
}

// summaryOf says what an event did, with the metadata that its client had before.
func summaryOf(e readmodel.Event, former oauth.Metadata) summary {
	s := summary{Reason: domain.ReasonOf(e.Event)}
	secret := func(issued *domain.Secret, ended bool) {
		if note := secretChange(issued, ended); note != "" {
			s.Notes = append(s.Notes, strings.TrimSuffix(note, "."))
		}
	}
	switch event := e.Event.(type) {
	case domain.ClientRegistered:
		s.Hosts = newHosts(nil, event.Metadata)
	case domain.ClientUpdated:
		for _, change := range oauth.Diff(former, event.Metadata) {
			member := memberSummary{change.Name, howChanged(change)}
			if change.Name == "redirect_uris" { // what matters most comes first
				s.Members = slices.Insert(s.Members, 0, member)
			} else {
				s.Members = append(s.Members, member)
			}
		}
		s.Hosts = newHosts(former, event.Metadata)
		secret(event.SecretIssued, event.SecretEnded)
		if event.RegistrationAccessToken != (domain.Digest{}) {
			s.Notes = append(s.Notes, "A registration access token was issued")
		}
		if s.Members == nil && s.Notes == nil {
			s.Notes = []string{"No member changed"}
		}
	case domain.InitialAccessTokenIssued:
		if event.MaxUses > 0 {
			s.Notes = append(s.Notes, "For "+ui.Quantity(event.MaxUses, "client", "clients"))
		}
	}
	return s
}

// howChanged says how a member changed: how many items a list gained and lost, or what became of another value.
func howChanged(c oauth.MemberChange) string {
	before, wasList := c.Before.(oauth.List)
	after, isList := c.After.(oauth.List)
	switch {
	case wasList && isList && sameItems(before, after):
		return "reordered"
	case wasList || isList:
		var parts []string
		if n := len(added(c)); n > 0 {
			parts = append(parts, fmt.Sprintf("+%d", n))
		}
		if n := len(removed(c)); n > 0 {
			parts = append(parts, fmt.Sprintf("−%d", n))
		}
		return strings.Join(parts, " ")
	case c.Before == nil:
		return "added"
	case c.After == nil:
		return "removed"
	}
	return "changed"
}

// newHosts returns the hosts of the redirect URIs that others did not lead to. A private-use scheme stands for a host.
func newHosts(former, metadata oauth.Metadata) (hosts []string) {
	known := hostsOf(former)
	for _, host := range hostsOf(metadata) {
		if !slices.Contains(known, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

func hostsOf(metadata oauth.Metadata) (hosts []string) {
	for _, uri := range metadata.List("redirect_uris") {
		u, err := url.Parse(uri)
		host := uri
		switch {
		case err == nil && u.Host != "":
			host = u.Host
		case err == nil && u.Scheme != "":
			host = u.Scheme + ":"
		}
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}
