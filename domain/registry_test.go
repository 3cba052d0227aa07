package domain_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
)

// givenRegistry folds a history of the registry itself.
func givenRegistry(events ...domain.Event) domain.Registry {
	var r domain.Registry
	for _, event := range events {
		r = domain.Registries.Evolve(r, domain.RegistryAggregate(), event)
	}
	return r
}

func TestSealingKeys(t *testing.T) {
	added := func(id string) domain.Event { return domain.SealingKeyIntroduced{KeyID: id} }
	lost := func(id string) domain.Event { return domain.SealingKeyLost{KeyID: id} }
	for name, test := range map[string]struct {
		given   []domain.Event
		when    domain.UseKeys
		then    []domain.Event
		missing []string
	}{
		"the founding key":                   {nil, domain.UseKeys{Founding: "a", IDs: []string{"a"}}, nil, nil},
		"the first key":                      {nil, domain.UseKeys{IDs: []string{"a"}}, []domain.Event{added("a")}, nil},
		"a key of this process alone":        {nil, domain.UseKeys{IDs: []string{"a"}, Private: true}, nil, nil},
		"a new key before the old":           {[]domain.Event{added("a")}, domain.UseKeys{IDs: []string{"b", "a"}}, []domain.Event{added("b")}, nil},
		"a new key behind the old":           {[]domain.Event{added("a")}, domain.UseKeys{IDs: []string{"a", "b"}}, nil, nil},
		"the founding key is missing":        {[]domain.Event{added("b")}, domain.UseKeys{Founding: "a", IDs: []string{"b"}}, nil, []string{"a"}},
		"a key that was introduced is":       {[]domain.Event{added("b")}, domain.UseKeys{Founding: "a", IDs: []string{"a"}}, nil, []string{"b"}},
		"all are":                            {[]domain.Event{added("b")}, domain.UseKeys{Founding: "a", IDs: []string{"c"}}, nil, []string{"a", "b"}},
		"all are given up":                   {[]domain.Event{added("b")}, domain.UseKeys{Founding: "a", IDs: []string{"c"}, AcceptLoss: true}, []domain.Event{lost("a"), lost("b"), added("c")}, nil},
		"the founding key was given up":      {[]domain.Event{lost("a"), added("b")}, domain.UseKeys{Founding: "a", IDs: []string{"b"}}, nil, nil},
		"and is back":                        {[]domain.Event{lost("a"), added("b")}, domain.UseKeys{Founding: "a", IDs: []string{"a", "b"}}, []domain.Event{added("a")}, nil},
		"and is missing once more":           {[]domain.Event{lost("a"), added("b"), added("a")}, domain.UseKeys{Founding: "a", IDs: []string{"b"}}, nil, []string{"a"}},
		"a key that was introduced twice":    {[]domain.Event{added("a"), added("a")}, domain.UseKeys{IDs: []string{"b"}, AcceptLoss: true}, []domain.Event{lost("a"), added("b")}, nil},
		"events that say nothing about keys": {[]domain.Event{domain.LossAccepted{From: 1, To: 2}}, domain.UseKeys{IDs: []string{"a"}}, []domain.Event{added("a")}, nil},
	} {
		events, err := domain.Registries.Decide(oauth.Policy{}, givenRegistry(test.given...), test.when)
		if diff := cmp.Diff(test.then, events); diff != "" {
			t.Errorf("%s: events (-want +got):\n%s", name, diff)
		}
		var got []string
		if missing := (*domain.MissingKeysError)(nil); errors.As(err, &missing) {
			got = missing.Missing
		}
		if diff := cmp.Diff(test.missing, got); diff != "" || (err != nil) != (test.missing != nil) {
			t.Errorf("%s: error %v: %s", name, err, diff)
		}
	}
}

// A state is a value: what is folded further leaves it as it was.
func TestRegistryEvolvesACopy(t *testing.T) {
	before := givenRegistry(domain.SealingKeyIntroduced{KeyID: "a"}, domain.SealingKeyIntroduced{KeyID: "b"}, domain.SealingKeyLost{KeyID: "c"})
	want := domain.Registry{Keys: []string{"a", "b"}, LostKeys: []string{"c"}}
	for _, event := range []domain.Event{
		domain.SealingKeyLost{KeyID: "a"}, domain.SealingKeyLost{KeyID: "d"},
		domain.SealingKeyIntroduced{KeyID: "c"}, domain.SealingKeyIntroduced{KeyID: "e"},
	} {
		domain.Registries.Evolve(before, domain.RegistryAggregate(), event)
		if diff := cmp.Diff(want, before); diff != "" {
			t.Errorf("%#v changed the state before it: %s", event, diff)
		}
	}
	before.Keys, before.LostKeys = slices.Grow(before.Keys, 1), slices.Grow(before.LostKeys, 1)
	introduced := domain.Registries.Evolve(before, domain.RegistryAggregate(), domain.SealingKeyIntroduced{KeyID: "e"})
	lost := domain.Registries.Evolve(before, domain.RegistryAggregate(), domain.SealingKeyLost{KeyID: "e"})
	domain.Registries.Evolve(before, domain.RegistryAggregate(), domain.SealingKeyIntroduced{KeyID: "f"})
	domain.Registries.Evolve(before, domain.RegistryAggregate(), domain.SealingKeyLost{KeyID: "f"})
	if !slices.Equal(introduced.Keys, []string{"a", "b", "e"}) || !slices.Equal(lost.LostKeys, []string{"c", "e"}) {
		t.Errorf("the same state evolved twice: keys %v, lost keys %v", introduced.Keys, lost.LostKeys)
	}
}
