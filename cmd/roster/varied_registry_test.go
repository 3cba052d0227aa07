package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore/jetstream"
)

// variedRegistry returns a data directory whose log has a past of 400 days up to now: so many clients of much software,
// from many addresses, some with initial access tokens, and as many changes, suspensions and ends as registrations.
func variedRegistry(b *testing.B, clients int) (data string) {
	b.Helper()
	return keptRegistry(b, fmt.Sprintf("%d-varied", clients), func(data string) {
		v := &variedLog{b: b, log: newLog(b, data), policyVersion: oauth.DefaultPolicy.Version(), clients: make([]variedState, clients)}
		v.start = time.Now().UTC().Truncate(time.Hour).Add(-variedDays * 24 * time.Hour)
		v.fill()
		if err := v.log.Close(); err != nil || b.Failed() {
			b.Fatal("the varied registry could not be made: ", err)
		}
	})
}

const (
	variedDays   = 400
	variedTokens = 200
	variedGroup  = 1000 // clients that are registered about the same time
	// What becomes of a client happens so many groups after its registration, and then so many later.
	firstChange, secondChange = 1, 40
)

// variedState is what is known of a client whose events are in the log.
type variedState struct {
	domain.Client
	last uint64 // the sequence of its last event
}

// variedLog fills a log. A group of events is appended at the same time, and the next one after it, so that times ascend but
// for a minute.
type variedLog struct {
	b             *testing.B
	log           *jetstream.Log
	policyVersion string
	start         time.Time
	tokens        []string // ids
	clients       []variedState
}

func (v *variedLog) fill() {
	for n := range variedTokens {
		v.issueToken(n)
	}
	groups := (len(v.clients) + variedGroup - 1) / variedGroup
	for g := 0; g < groups+secondChange && !v.b.Failed(); g++ {
		at := v.start.Add(time.Duration(min(g, groups)) * variedDays * 24 * time.Hour / time.Duration(groups+1))
		if g > groups {
			at = at.Add(time.Duration(g-groups) * time.Minute)
		}
		var doing sync.WaitGroup // which share the syncs
		v.each(g, at, &doing, v.register)
		v.each(g-firstChange, at, &doing, v.changeFirst)
		v.each(g-secondChange, at, &doing, v.changeAgain)
		doing.Wait()
	}
}

// each does something to every client of a group, at the same time.
func (v *variedLog) each(group int, at time.Time, doing *sync.WaitGroup, do func(n int, at time.Time) error) {
	for n := max(group, 0) * variedGroup; group >= 0 && n < min((group+1)*variedGroup, len(v.clients)); n++ {
		doing.Go(func() {
			if err := do(n, at.Add(time.Duration(n%variedGroup)*60*time.Millisecond)); err != nil {
				v.b.Error(err)
			}
		})
	}
}

func (v *variedLog) issueToken(n int) {
	id := uuid.NewSHA1(uuid.Nil, fmt.Append(nil, "token", n)).String()
	err := v.append(domain.InitialAccessTokenAggregate(id), new(uint64), v.admin(n), v.start, domain.InitialAccessTokenIssued{
		Digest: domain.DigestOf(id), Label: fmt.Sprintf("Team %d", n),
	})
	if err != nil {
		v.b.Fatal(err)
	}
	v.tokens = append(v.tokens, id)
}

func (v *variedLog) admin(n int) domain.Actor {
	return domain.Actor{Kind: domain.ActorAdmin, ID: fmt.Sprintf("admin-%d", n%7), IP: fmt.Sprintf("10.0.0.%d", n%7)}
}

func (v *variedLog) register(n int, at time.Time) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	for i, ms := 5, at.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	document, err := oauth.ParseDocument(variedClient(n).document(""))
	if err != nil {
		return err
	}
	command := domain.Register{
		Requested: document, At: at, PolicyVersion: v.policyVersion,
		RegistrationAccessToken: domain.DigestOf("registration access token " + id.String()),
		Offered:                 domain.Secret{Digest: domain.DigestOf("client secret " + id.String())},
	}
	switch n % 20 {
	case 3:
		command.Offered.ExpiresAt = at.AddDate(0, 3, 0).Truncate(time.Second)
	case 4, 5, 6:
		command.InitialAccessToken = v.tokens[n/20*n%variedTokens]
	}
	events, err := domain.Clients.Decide(oauth.DefaultPolicy, domain.Client{}, command)
	if err != nil {
		return err
	}
	c := &v.clients[n]
	c.ID = id.String()
	return v.appendTo(c, domain.Actor{Kind: domain.ActorClient, ID: c.ID, IP: variedClient(n).address()}, at, events)
}

// changeFirst does to half of the clients what happens to them first. Every tenth is suspended and resumed, every tenth ends.
func (v *variedLog) changeFirst(n int, at time.Time) error {
	c := &v.clients[n]
	switch n / 3 % 20 {
	case 0:
		return v.decide(c, v.itself(n), at, domain.Delete{})
	case 1:
		return v.decide(c, v.admin(n), at, domain.Revoke{Reason: "No longer in use"})
	case 2, 3:
		return v.decide(c, v.admin(n), at, domain.Suspend{Reason: "Under investigation"})
	case 4:
		return nil
	}
	return v.update(n, at, "v2")
}

func (v *variedLog) changeAgain(n int, at time.Time) error {
	switch n / 3 % 20 {
	case 2, 3:
		return v.decide(&v.clients[n], v.admin(n), at, domain.Resume{})
	case 5, 6:
		return v.update(n, at, "v3")
	}
	return nil
}

func (v *variedLog) itself(n int) domain.Actor {
	return domain.Actor{Kind: domain.ActorClient, ID: v.clients[n].ID, IP: variedClient(n).address()}
}

func (v *variedLog) update(n int, at time.Time, path string) error {
	c := &v.clients[n]
	document, err := oauth.ParseDocument(variedClient(n).document(path))
	if err != nil {
		return err
	}
	document["client_id"] = []byte(`"` + c.ID + `"`)
	return v.decide(c, v.itself(n), at, domain.Update{ClientID: c.ID, Requested: document, At: at, PolicyVersion: v.policyVersion})
}

func (v *variedLog) decide(c *variedState, actor domain.Actor, at time.Time, command domain.ClientCommand) error {
	events, err := domain.Clients.Decide(oauth.DefaultPolicy, c.Client, command)
	if err != nil {
		return err
	}
	return v.appendTo(c, actor, at, events)
}

func (v *variedLog) appendTo(c *variedState, actor domain.Actor, at time.Time, events []domain.Event) error {
	aggregate := domain.ClientAggregate(c.ID)
	if err := v.append(aggregate, &c.last, actor, at, events...); err != nil {
		return err
	}
	for _, e := range events {
		c.Client = domain.Clients.Evolve(c.Client, aggregate, e)
	}
	return nil
}

// append appends events of an aggregate whose last one has a sequence, which it advances.
func (v *variedLog) append(of domain.Aggregate, last *uint64, actor domain.Actor, at time.Time, events ...domain.Event) error {
	change := domain.Change{Expected: *last}
	for _, e := range events {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		change.Events = append(change.Events, domain.Envelope{ID: id.String(), Time: at, Aggregate: of, Actor: actor, Event: e})
	}
	seq, err := v.log.Append(v.b.Context(), change)
	for errors.Is(err, domain.ErrOutcomeUnknown) && v.b.Context().Err() == nil { // the machine is busy
		seq, err = v.log.Append(v.b.Context(), change)
	}
	*last = seq
	return err
}

// variedClient is a client of a varied registry, by its number, from which its metadata follow. Few kinds of software and few
// addresses have most of the clients.
type variedClient int

// skewed returns one of so many numbers, of which the lower ones are the more frequent.
func (n variedClient) skewed(of int) int {
	x := uint32(n) * 2654435761 >> 8 // spread over 24 bits
	share := float64(x) / (1 << 24)
	return int(share * share * share * share * float64(of))
}

func (n variedClient) address() string {
	at := n.skewed(60_000)
	if at%5 == 4 {
		return fmt.Sprintf("2001:db8:%x::%x", at>>8, at&255)
	}
	return fmt.Sprintf("198.%d.%d.%d", 18+at>>16, at>>8&255, at&255)
}

// document is the client's metadata. Its redirect URI leads to a path.
func (n variedClient) document(path string) []byte {
	company, product := n.skewed(5000), (int(n)*7)%700
	host := fmt.Sprintf("app-%d.company-%d.example", int(n)%50, company)
	document := map[string]any{
		"client_name":    fmt.Sprintf("Product %d of company %d", product, company),
		"redirect_uris":  []string{"https://" + host + "/oauth/callback" + path},
		"grant_types":    []string{"authorization_code", "refresh_token"},
		"response_types": []string{"code"},
		"client_uri":     "https://" + host + "/",
		"contacts":       []string{fmt.Sprintf("operations@company-%d.example", company)},
	}
	if n%3 == 0 {
		document["software_id"], document["software_version"] = fmt.Sprintf("com.example.product-%d", variedClient(n*31+7).skewed(3000)), "1.2"
	}
	if n%2 == 0 {
		document["ext_param_owner"] = fmt.Sprintf("company-%d", company)
	}
	switch n % 10 {
	case 0, 1:
		document["application_type"], document["token_endpoint_auth_method"] = "native", "none"
		document["redirect_uris"] = []string{fmt.Sprintf("com.example.product-%d:/callback%s", product, path), "http://127.0.0.1/callback"}
	case 2:
		document["token_endpoint_auth_method"], document["jwks_uri"] = "private_key_jwt", "https://"+host+"/jwks.json"
	case 3:
		document["logo_uri"] = "https://cdn.example.net/logo.png"
	}
	if n%500 == 499 {
		document["client_name"] = "Micros\u043eft Teams"
	}
	encoded, err := json.Marshal(document)
	if err != nil {
		panic(err) // they are texts
	}
	return encoded
}
