package readmodel_test

import (
	"cmp"
	"slices"
	"strings"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
	"roster/projections/readmodel"
)

// A claimant is a client with a claim of its own.
type claimant struct {
	readmodel.Client
	oauth.Claim
	seq, since uint64 // of the registration, and of the event since which it has the claim
	domains    []string
}

func (c claimant) party() string { return cmp.Or(c.Terms.Owner, strings.Join(c.domains, " ")) }

func (c claimant) compare(other claimant) int {
	if owned := c.Terms.Owner != ""; owned != (other.Terms.Owner != "") {
		if owned {
			return -1
		}
		return 1
	}
	return cmp.Compare(c.since, other.since)
}

// claimants returns what all clients claim. No statement is believed.
func (r reference) claimants() (all []claimant) {
	for _, c := range r.clients() {
		id := domain.ClientAggregate(c.ID)
		seq := r[slices.IndexFunc(r, func(e eventstore.Recorded) bool { return e.Aggregate == id })].Seq
		for _, claim := range oauth.Claims(c.Metadata) {
			holder := claimant{Client: c, Claim: claim, seq: seq, domains: oauth.RedirectDomains(c.Metadata.RedirectHosts(), c.Metadata.List("grant_types"))}
			// The last run of events that set metadata with the claim.
			for _, e := range r {
				metadata := metadataOf(e)
				switch {
				case e.Aggregate != id || metadata == nil:
				case !slices.ContainsFunc(oauth.Claims(metadata), func(other oauth.Claim) bool { return other.Value == claim.Value }):
					holder.since = 0
				case holder.since == 0:
					holder.since = e.Seq
				}
			}
			all = append(all, holder)
		}
	}
	return all
}

func metadataOf(e eventstore.Recorded) oauth.Metadata {
	switch event := e.Event.(type) {
	case domain.ClientRegistered:
		return event.Metadata
	case domain.ClientUpdated:
		return event.Metadata
	}
	return nil
}

// parties returns the parties with a claim, in the order in which they precede each other. A party stands for its first
// client, with the id of the first one that is active and the time of the first one of all.
func parties(claims []claimant, value string) (all []claimant) {
	slices.SortStableFunc(claims, func(a, b claimant) int { return cmp.Compare(a.seq, b.seq) })
	for _, c := range claims {
		if c.Value != value || c.party() == "" {
			continue
		}
		i := slices.IndexFunc(all, func(p claimant) bool { return p.party() == c.party() })
		if i < 0 {
			all = append(all, c)
			continue
		}
		all[i].since = min(all[i].since, c.since)
		if c.Status == domain.Active && all[i].Status != domain.Active {
			all[i].Status, all[i].ID = domain.Active, c.ID
		}
	}
	slices.SortFunc(all, claimant.compare)
	return all
}

// likened returns all clients with their likenesses, in the order of registration.
func (r reference) likened() []readmodel.Client {
	clients, claims := r.clients(), r.claimants()
	for i, c := range clients {
		for _, mine := range claims {
			if mine.ID != c.ID || len(mine.domains) == 0 || slices.Equal(mine.domains, []string{oauth.Device}) {
				continue
			}
			var before []claimant
			for _, p := range parties(claims, mine.Value) {
				if p.party() == mine.party() || mine.compare(p) < 0 {
					break
				}
				if p.Status == domain.Active {
					before = append(before, p)
				}
			}
			if len(before) == 0 || before[0].Terms.Owner == "" && len(before) > 3 || c.Terms.Owner != "" && c.Terms.Owner == before[0].Terms.Owner {
				continue
			}
			if slices.ContainsFunc(mine.domains, func(d string) bool { return !slices.Contains(before[0].domains, d) }) {
				clients[i].Likenesses = append(clients[i].Likenesses, readmodel.Likeness{Member: mine.Member, Client: before[0].ID})
			}
		}
		slices.SortFunc(clients[i].Likenesses, func(a, b readmodel.Likeness) int { return strings.Compare(a.Member, b.Member) })
	}
	return clients
}
