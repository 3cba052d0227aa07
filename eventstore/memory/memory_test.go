package memory_test

import (
	"sync/atomic"
	"testing"

	"roster/domain"
	"roster/eventstore"
	"roster/eventstore/memory"
	"roster/eventstore/storetest"
)

func TestLog(t *testing.T) {
	faults := map[storetest.Fault]memory.Fault{
		storetest.NotStored: memory.NotStored,
		storetest.Lost:      memory.Lost,
		storetest.Unacked:   memory.Unacked,
		storetest.Recovered: memory.NoFault,
	}
	storetest.Run(t, storetest.Harness{
		Open: func(testing.TB) eventstore.Log { return memory.New() },
		Put:  func(_ testing.TB, log eventstore.Log, r eventstore.Encoded) uint64 { return log.(*memory.Log).Put(r) },
		Inject: func(log eventstore.Log, fault storetest.Fault) {
			var once atomic.Bool
			log.(*memory.Log).SetHooks(memory.Hooks{Append: func([]domain.Change) memory.Fault {
				if once.Swap(true) {
					return memory.NoFault
				}
				return faults[fault]
			}})
		},
	})
}
