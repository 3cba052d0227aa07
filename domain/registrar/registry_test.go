package registrar_test

import (
	"errors"
	"slices"
	"testing"

	"roster/domain"
	"roster/domain/registrar"
	"roster/eventstore/memory"
	"roster/eventstore/storetest"
)

// registryHistory returns the types of the registry's events, each with what it is about.
func registryHistory(t *testing.T, log *memory.Log) (found []string) {
	t.Helper()
	events, _, err := storetest.History(t, log, domain.RegistryAggregate(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Actor.Kind != domain.ActorSystem {
			t.Errorf("%s is by %+v", e.Event.Type(), e.Actor)
		}
		switch e := e.Event.(type) {
		case domain.SealingKeyIntroduced:
			found = append(found, "+"+e.KeyID)
		case domain.SealingKeyLost:
			found = append(found, "-"+e.KeyID)
		default:
			found = append(found, e.Type())
		}
	}
	return found
}

func TestUseKeys(t *testing.T) {
	private := func(k domain.UseKeys) domain.UseKeys { k.Private = true; return k }
	accept := func(k domain.UseKeys) domain.UseKeys { k.AcceptLoss = true; return k }
	keys := func(founding string, ids ...string) domain.UseKeys {
		return domain.UseKeys{Founding: founding, IDs: ids}
	}
	for name, test := range map[string]struct {
		starts  []domain.UseKeys
		missing []string // of the last start
		history []string
	}{
		"founded with it":                     {[]domain.UseKeys{keys("a", "a"), keys("a", "a")}, nil, nil},
		"a log from before keys were known":   {[]domain.UseKeys{keys("", "a"), keys("", "a")}, nil, []string{"+a"}},
		"another key than it began with":      {[]domain.UseKeys{keys("a", "b")}, []string{"a"}, nil},
		"another key than was introduced":     {[]domain.UseKeys{keys("", "a"), keys("", "b")}, []string{"a"}, []string{"+a"}},
		"a new key before the old":            {[]domain.UseKeys{keys("a", "b", "a"), keys("a", "b", "a")}, nil, []string{"+b"}},
		"a new key behind the old":            {[]domain.UseKeys{keys("a", "a", "b"), keys("a", "a")}, nil, nil},
		"the old key dropped":                 {[]domain.UseKeys{keys("a", "b", "a"), keys("a", "b")}, []string{"a"}, []string{"+b"}},
		"the new key dropped":                 {[]domain.UseKeys{keys("a", "b", "a"), keys("a", "a")}, []string{"b"}, []string{"+b"}},
		"loss accepted":                       {[]domain.UseKeys{accept(keys("a", "b")), keys("a", "b")}, nil, []string{"-a", "+b"}},
		"loss accepted, and the old one back": {[]domain.UseKeys{accept(keys("a", "b")), keys("a", "b", "a"), keys("a", "a", "b")}, nil, []string{"-a", "+b", "+a"}},
		"nothing lost":                        {[]domain.UseKeys{accept(keys("a", "a"))}, nil, nil},
		"a process's own key":                 {[]domain.UseKeys{private(keys("", "a")), private(keys("", "b"))}, nil, nil},
		"a process's own key, not the log's":  {[]domain.UseKeys{keys("", "a"), private(keys("", "b"))}, []string{"a"}, []string{"+a"}},
	} {
		t.Run(name, func(t *testing.T) {
			log := memory.New()
			r := registrar.New(registrar.Options{Log: log})
			var err error
			for i, start := range test.starts {
				if err = r.UseKeys(t.Context(), start); err != nil && i < len(test.starts)-1 {
					t.Fatal(err)
				}
			}
			missing := (*domain.MissingKeysError)(nil)
			if errors.As(err, &missing) != (test.missing != nil) || missing != nil && !slices.Equal(missing.Missing, test.missing) {
				t.Errorf("UseKeys = %v, want %v missing", err, test.missing)
			}
			if got := registryHistory(t, log); !slices.Equal(got, test.history) {
				t.Errorf("history %v, want %v", got, test.history)
			}
		})
	}
}

// Two processes that start at once introduce one key once.
func TestUseKeysAtOnce(t *testing.T) {
	log := memory.New()
	once := false
	log.SetHooks(memory.Hooks{Append: func([]domain.Change) memory.Fault {
		if !once {
			once = true
			if err := registrar.New(registrar.Options{Log: log}).UseKeys(t.Context(), domain.UseKeys{IDs: []string{"a"}}); err != nil {
				t.Error(err)
			}
		}
		return memory.NoFault
	}})
	if err := registrar.New(registrar.Options{Log: log}).UseKeys(t.Context(), domain.UseKeys{IDs: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	if got := registryHistory(t, log); !slices.Equal(got, []string{"+a"}) {
		t.Errorf("history %v", got)
	}
}

// However many losses there are, all are recorded.
func TestAcceptLosses(t *testing.T) {
	log := memory.New()
	var losses []domain.LossAccepted
	for i := range uint64(1500) {
		losses = append(losses, domain.LossAccepted{From: 2*i + 1, To: 2*i + 1})
	}
	r := registrar.New(registrar.Options{Log: log})
	for _, some := range [][]domain.LossAccepted{nil, losses} {
		if err := r.AcceptLosses(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	events, _, err := storetest.History(t, log, domain.RegistryAggregate(), 0)
	if err != nil || len(events) != len(losses) || events[1499].Event != domain.Event(losses[1499]) {
		t.Errorf("%d events, %v; want %d", len(events), err, len(losses))
	}
}
