package registrar_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore/memory"
)

var admin = domain.Actor{Kind: domain.ActorAdmin, ID: "admin", IP: "192.0.2.9"}

func (r *registry) mustIssue(t *testing.T, command domain.IssueToken) registrar.IssuedToken {
	t.Helper()
	issued, err := r.IssueToken(t.Context(), admin, command)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func TestRegisterWithToken(t *testing.T) {
	r := newRegistry()
	ctx := t.Context()
	issued := r.mustIssue(t, domain.IssueToken{Label: "Partners", MaxUses: 2, Terms: oauth.Terms{Owner: "acme", Scopes: []string{"openid"}}})
	if id, secret, _ := strings.Cut(issued.Token, "."); id != issued.ID || len(secret) != 43 {
		t.Errorf("token %q of id %s", issued.Token, issued.ID)
	}
	if err := r.CheckToken(ctx, issued.Token); err != nil {
		t.Error(err)
	}

	_, err := r.RegisterWith(ctx, "192.0.2.1", issued.Token, parse(t, `{"redirect_uris":["ftp://a.example"]}`))
	if refused := (*oauth.Error)(nil); !errors.As(err, &refused) {
		t.Errorf("wrong metadata: %v", err)
	}
	registered, err := r.RegisterWith(ctx, "192.0.2.1", issued.Token, parse(t, webApp))
	if err != nil || registered.Client.Metadata.Owner() != "acme" || registered.Client.InitialAccessToken != issued.ID {
		t.Fatalf("%+v, %v", registered.Client, err)
	}
	// The terms bind updates, too.
	_, err = r.Update(ctx, "", registered.Client.ID, registered.RegistrationAccessToken, parse(t, putBack(registered, `,"scope":"admin"`)))
	if refused := (*oauth.Error)(nil); !errors.As(err, &refused) || refused.Field != "scope" {
		t.Errorf("update beyond the terms: %v", err)
	}
	if _, err := r.RegisterWith(ctx, "", issued.Token, parse(t, webApp)); err != nil {
		t.Error(err)
	}
	if _, err := r.RegisterWith(ctx, "", issued.Token, parse(t, webApp)); !errors.Is(err, domain.ErrTokenRefused) {
		t.Errorf("a third use: %v", err)
	}
	want := []string{"InitialAccessTokenIssued", "InitialAccessTokenUsed", "ClientRegistered", "InitialAccessTokenUsed", "ClientRegistered"}
	if diff := cmp.Diff(want, r.types(t)); diff != "" {
		t.Error(diff)
	}
	use, err := r.log.At(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := (domain.Actor{Kind: domain.ActorClient, ID: registered.Client.ID, IP: "192.0.2.1"}); use.Actor != want ||
		use.Event != domain.Event(domain.InitialAccessTokenUsed{ClientID: registered.Client.ID}) {
		t.Errorf("use recorded as %+v", use)
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	r := newRegistry()
	ctx := t.Context()
	expired := r.mustIssue(t, domain.IssueToken{ExpiresAt: r.now.Add(time.Minute)})
	usedUp := r.mustIssue(t, domain.IssueToken{MaxUses: 1})
	if _, err := r.RegisterWith(ctx, "", usedUp.Token, parse(t, webApp)); err != nil {
		t.Fatal(err)
	}
	revoked := r.mustIssue(t, domain.IssueToken{})
	for range 2 { // the second time changes nothing
		if err := r.RevokeToken(ctx, admin, revoked.ID, "published"); err != nil {
			t.Fatal(err)
		}
	}
	good := r.mustIssue(t, domain.IssueToken{})
	client := r.mustRegister(t, webApp)
	r.now = r.now.Add(time.Minute)
	before := r.types(t)
	for name, token := range map[string]string{
		"expired": expired.Token, "used up": usedUp.Token, "revoked": revoked.Token,
		"unknown":                   "0195516c-0c00-7000-8000-000000000000." + strings.Repeat("A", 43),
		"another's secret":          good.ID + revoked.Token[len(revoked.ID):],
		"id alone":                  good.ID,
		"cut off":                   good.Token[:len(good.Token)-1],
		"with more":                 good.Token + "A",
		"registration access token": client.RegistrationAccessToken,
		"client's id":               client.Client.ID + "." + client.RegistrationAccessToken,
		"wildcard":                  ">.x", "nothing": "", "point": ".",
	} {
		if _, err := r.RegisterWith(ctx, "", token, parse(t, webApp)); !errors.Is(err, domain.ErrTokenRefused) {
			t.Errorf("%s: register: %v", name, err)
		}
		if err := r.CheckToken(ctx, token); !errors.Is(err, domain.ErrTokenRefused) {
			t.Errorf("%s: check: %v", name, err)
		}
	}
	for _, id := range []string{"0195516c-0c00-7000-8000-000000000000", "*", "", client.Client.ID} {
		if err := r.RevokeToken(ctx, admin, id, ""); !errors.Is(err, domain.ErrNoSuchToken) {
			t.Errorf("revoke %q: %v", id, err)
		}
	}
	if diff := cmp.Diff(before, r.types(t)); diff != "" {
		t.Errorf("the log has grown: %s", diff)
	}
}

// Many register with one token at the same time: as many as it allows go through, and all others are
// refused as with any token that is used up.
func TestConcurrentUses(t *testing.T) {
	for _, most := range []int{1, 7, 0} {
		r := newRegistry()
		issued := r.mustIssue(t, domain.IssueToken{MaxUses: most})
		const callers = 50
		results := make([]error, callers)
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() { _, results[i] = r.RegisterWith(t.Context(), "", issued.Token, parse(t, webApp)) })
		}
		all.Wait()
		registered := 0
		for _, err := range results {
			if err == nil {
				registered++
			} else if !errors.Is(err, domain.ErrTokenRefused) {
				t.Errorf("%d uses: %v", most, err)
			}
		}
		want := most
		if most == 0 {
			want = callers
		}
		counted := map[string]int{}
		for _, eventType := range r.types(t) {
			counted[eventType]++
		}
		if registered != want || counted["ClientRegistered"] != want || counted["InitialAccessTokenUsed"] != most {
			t.Errorf("%d uses: %d registered, the log has %v", most, registered, counted)
		}
	}
}

func TestATokenRevokedMeanwhile(t *testing.T) {
	r := newRegistry()
	issued := r.mustIssue(t, domain.IssueToken{MaxUses: 1})
	r.before(func(elsewhere *registry) {
		if err := elsewhere.RevokeToken(t.Context(), admin, issued.ID, ""); err != nil {
			t.Error(err)
		}
	})
	if _, err := r.RegisterWith(t.Context(), "", issued.Token, parse(t, webApp)); !errors.Is(err, domain.ErrTokenRefused) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]string{"InitialAccessTokenIssued", "InitialAccessTokenRevoked"}, r.types(t)); diff != "" {
		t.Error(diff)
	}
}

// A use and its registration are stored together or not at all, the use first.
func TestFaultsOfAUse(t *testing.T) {
	for fault, want := range map[memory.Fault]struct {
		events  int
		unknown bool
	}{
		memory.NotStored: {1, false}, memory.Lost: {1, true}, memory.Unacked: {3, true},
	} {
		r := newRegistry()
		issued := r.mustIssue(t, domain.IssueToken{MaxUses: 1})
		r.log.SetHooks(memory.Hooks{Append: func([]domain.Change) memory.Fault { return fault }})
		_, err := r.RegisterWith(t.Context(), "", issued.Token, parse(t, webApp))
		if err == nil || errors.Is(err, domain.ErrOutcomeUnknown) != want.unknown {
			t.Errorf("fault %d: %v", fault, err)
		}
		types := r.types(t)
		if len(types) != want.events || want.events == 3 && types[1] != "InitialAccessTokenUsed" {
			t.Errorf("fault %d: the log has %v", fault, types)
		}
	}
}

func TestIssueTokenFaults(t *testing.T) {
	r := newRegistry()
	_, err := r.IssueToken(t.Context(), admin, domain.IssueToken{MaxUses: -1})
	if refused := (*oauth.Error)(nil); !errors.As(err, &refused) {
		t.Errorf("wrong command: %v", err)
	}
	r.log.SetHooks(memory.Hooks{Append: func([]domain.Change) memory.Fault { return memory.Lost }})
	if _, err := r.IssueToken(t.Context(), admin, domain.IssueToken{}); !errors.Is(err, domain.ErrOutcomeUnknown) {
		t.Errorf("lost: %v", err)
	}
	if types := r.types(t); len(types) != 0 {
		t.Errorf("the log has %v", types)
	}
}
