package readmodel

import (
	"roster/domain"
	"roster/domain/oauth"
	"roster/eventstore"
	"roster/projections/readmodel/search"
)

// prepared is what the tables hold of an event and can be told from the event alone.
type prepared struct {
	version  int
	metadata []byte         // packed; nil: the event sets none
	data     []byte         // packed, less the metadata
	foundBy  preparedSearch // for an event that sets metadata
}

// preparedSearch is what a client is found by of its metadata, and as the table has it.
type preparedSearch struct {
	metadata search.Metadata
	encoded  string
}

func prepareEvent(e eventstore.Recorded, p *packer) (ready prepared, err error) {
	version, metadata, data, err := eventstore.SplitEventData(e.Event, p.text)
	if err != nil {
		return ready, &rowError{e.Seq, err}
	}
	ready.version, ready.data = version, p.pack(data)
	if metadata != nil {
		p.text = metadata
		ready.metadata = p.pack(metadata)
		ready.foundBy = prepareSearch(metadataOf(e.Event), oauth.IsPlain(metadata))
	}
	return ready, nil
}

// metadataOf returns the metadata that an event sets.
func metadataOf(event domain.Event) oauth.Metadata {
	switch event := event.(type) {
	case domain.ClientRegistered:
		return event.Metadata
	case domain.ClientUpdated:
		return event.Metadata
	}
	return nil
}

func prepareSearch(m oauth.Metadata, plain bool) preparedSearch {
	found := foundBy(m, plain)
	return preparedSearch{found, found.Encode()}
}

// preparation prepares the events of a batch, in their order, while the caller writes what is ready. It is for one goroutine.
type preparation struct {
	events []prepared
	ready  int      // so many of them may be read
	parts  chan int // how many are ready, time and again; closed at the end
	err    error    // why the end came early; to be read behind it
}

const (
	// fewEvents is how many events are prepared at once, without a goroutine.
	fewEvents = 10
	// partEvents is after how many events the preparation says that they are ready.
	partEvents = 64
)

// prepareAll begins to prepare events. The caller must end it.
func prepareAll(events []eventstore.Recorded) *preparation {
	p := &preparation{events: make([]prepared, len(events)), parts: make(chan int, len(events)/partEvents+1)}
	if len(events) <= fewEvents {
		p.run(events)
	} else {
		go p.run(events)
	}
	return p
}

func (p *preparation) run(events []eventstore.Recorded) {
	defer close(p.parts)
	var packer packer
	for i, e := range events {
		if p.events[i], p.err = prepareEvent(e, &packer); p.err != nil {
			return
		}
		if ready := i + 1; ready%partEvents == 0 || ready == len(events) {
			p.parts <- ready // there is room for all of them
		}
	}
}

// at waits until the event at a place in the batch is prepared. Its error is a *rowError.
func (p *preparation) at(place int) (*prepared, error) {
	for place >= p.ready {
		ready, more := <-p.parts
		if !more {
			return nil, p.err
		}
		p.ready = ready
	}
	return &p.events[place], nil
}

// end waits until nothing is being prepared any more.
func (p *preparation) end() {
	for range p.parts {
	}
}
