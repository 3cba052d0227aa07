package eventstore

import (
	"errors"

	"roster/domain"
)

// registryEvents are the types of events of the registry itself.
var registryEvents = []eventType{
	eventTypeOf(keyIntroducedFrom),
	eventTypeOf(keyLostFrom),
	eventTypeOf(lossAcceptedFrom),
}

type keyIntroducedV1 struct {
	KeyID string `json:"key_id"`
}

func keyIntroducedFrom(e domain.SealingKeyIntroduced) (keyIntroducedV1, error) {
	return keyIntroducedV1(e), nil
}

func (w keyIntroducedV1) event() (domain.Event, error) {
	if w.KeyID == "" {
		return nil, errors.New("key_id is missing")
	}
	return domain.SealingKeyIntroduced(w), nil
}

type keyLostV1 struct {
	KeyID string `json:"key_id"`
}

func keyLostFrom(e domain.SealingKeyLost) (keyLostV1, error) { return keyLostV1(e), nil }

func (w keyLostV1) event() (domain.Event, error) {
	if w.KeyID == "" {
		return nil, errors.New("key_id is missing")
	}
	return domain.SealingKeyLost(w), nil
}

type lossAcceptedV1 struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

func lossAcceptedFrom(e domain.LossAccepted) (lossAcceptedV1, error) { return lossAcceptedV1(e), nil }

func (w lossAcceptedV1) event() (domain.Event, error) {
	if w.From == 0 || w.To < w.From {
		return nil, errors.New("from and to are no range of sequences")
	}
	return domain.LossAccepted(w), nil
}
