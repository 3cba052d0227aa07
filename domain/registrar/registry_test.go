package registrar_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"roster/domain"
	"roster/domain/registrar"
	"roster/eventstore/memory"
	"roster/eventstore/storetest"
)

// history returns the types of the registry's events, each with what it is about.
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
	private := func(k registrar.Keys) registrar.Keys { k.Private = true; return k }
	accept := func(k registrar.Keys) registrar.Keys { k.AcceptLoss = true; return k }
	keys := func(founding string, ids ...string) registrar.Keys {
		return registrar.Keys{Founding: founding, IDs: ids}
	}
	for name, test := range map[string]struct {
		starts  []registrar.Keys
		missing []string // of the last start
		history []string
	}{
		"founded with it":                     {[]registrar.Keys{keys("a", "a"), keys("a", "a")}, nil, nil},
		"a log from before keys were known":   {[]registrar.Keys{keys("", "a"), keys("", "a")}, nil, []string{"+a"}},
		"another key than it began with":      {[]registrar.Keys{keys("a", "b")}, []string{"a"}, nil},
		"another key than was introduced":     {[]registrar.Keys{keys("", "a"), keys("", "b")}, []string{"a"}, []string{"+a"}},
		"a new key before the old":            {[]registrar.Keys{keys("a", "b", "a"), keys("a", "b", "a")}, nil, []string{"+b"}},
		"a new key behind the old":            {[]registrar.Keys{keys("a", "a", "b"), keys("a", "a")}, nil, nil},
		"the old key dropped":                 {[]registrar.Keys{keys("a", "b", "a"), keys("a", "b")}, []string{"a"}, []string{"+b"}},
		"the new key dropped":                 {[]registrar.Keys{keys("a", "b", "a"), keys("a", "a")}, []string{"b"}, []string{"+b"}},
		"loss accepted":                       {[]registrar.Keys{accept(keys("a", "b")), keys("a", "b")}, nil, []string{"-a", "+b"}},
		"loss accepted, and the old one back": {[]registrar.Keys{accept(keys("a", "b")), keys("a", "b", "a"), keys("a", "a", "b")}, nil, []string{"-a", "+b", "+a"}},
		"nothing lost":                        {[]registrar.Keys{accept(keys("a", "a"))}, nil, nil},
		"a process's own key":                 {[]registrar.Keys{private(keys("", "a")), private(keys("", "b"))}, nil, nil},
		"a process's own key, not the log's":  {[]registrar.Keys{keys("", "a"), private(keys("", "b"))}, []string{"a"}, []string{"+a"}},
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
			missing := (*registrar.MissingKeysError)(nil)
			if errors.As(err, &missing) != (test.missing != nil) || missing != nil && !slices.Equal(missing.Missing, test.missing) {
				t.Errorf("UseKeys = %v, want %v missing", err, test.missing)
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "roster.key")) {
				t.Errorf("the error is %q", err)
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
			if err := registrar.New(registrar.Options{Log: log}).UseKeys(t.Context(), registrar.Keys{IDs: []string{"a"}}); err != nil {
				t.Error(err)
			}
		}
		return memory.NoFault
	}})
	if err := registrar.New(registrar.Options{Log: log}).UseKeys(t.Context(), registrar.Keys{IDs: []string{"a"}}); err != nil {
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
