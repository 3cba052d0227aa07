package memory_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/eventstore/storetest"
)

func TestLog(t *testing.T) {
	storetest.Run(t, harness(
		func() eventstore.Log { return memory.New() },
		func(log eventstore.Log) *memory.Log { return log.(*memory.Log) },
	))
}

// A process on a log of its own is as good a log.
func TestProcess(t *testing.T) {
	storetest.Run(t, harness(
		func() eventstore.Log { return memory.NewProcess(memory.New()) },
		func(log eventstore.Log) *memory.Log { return log.(*memory.Process).Log },
	))
}

// harness returns what the suite needs of a log that stands on one in memory.
func harness(open func() eventstore.Log, below func(eventstore.Log) *memory.Log) storetest.Harness {
	faults := map[storetest.Fault]memory.Fault{
		storetest.NotStored: memory.NotStored,
		storetest.Lost:      memory.Lost,
		storetest.Unacked:   memory.Unacked,
		storetest.Recovered: memory.NoFault,
	}
	return storetest.Harness{
		Open: func(testing.TB) eventstore.Log { return open() },
		Put:  func(_ testing.TB, log eventstore.Log, r eventstore.Encoded) uint64 { return below(log).Put(r) },
		Inject: func(log eventstore.Log, fault storetest.Fault) {
			var once atomic.Bool
			below(log).SetHooks(memory.Hooks{Append: func([]domain.Change) memory.Fault {
				if once.Swap(true) {
					return memory.NoFault
				}
				return faults[fault]
			}})
		},
	}
}

// A process has acknowledged what was appended through it, and sees of others what is not held.
func TestProcesses(t *testing.T) {
	log := memory.New()
	one, two := memory.NewProcess(log), memory.NewProcess(log)
	follower, err := two.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer follower.Close()
	two.Hold()
	seq, err := one.Append(t.Context(), domain.Change{Events: []domain.Envelope{storetest.Registered(domain.ClientAggregate("a"))}})
	if err != nil {
		t.Fatal(err)
	}
	if one.Acknowledged() != seq || two.Acknowledged() != 0 {
		t.Errorf("acknowledged %d and %d, want %d and 0", one.Acknowledged(), two.Acknowledged(), seq)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if events, err := follower.Next(ended, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("held: %v, %v", events, err)
	}
	two.Release(nil)
	again, err := two.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if events, err := again.Next(t.Context(), 2); err != nil || len(events) != 1 || events[0].Seq != seq {
		t.Errorf("released: %v, %v", events, err)
	}
	two.Hold()
	fault := errors.New("a fault")
	two.Release(fault)
	third, err := two.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if events, err := third.Next(t.Context(), 1); !errors.Is(err, fault) {
		t.Errorf("released with a fault: %v, %v", events, err)
	}
}
