package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// StreamName is the stream that holds the log.
const StreamName = "ROSTER"

// For how long the server refuses a message id that it has seen. A retry is safe because of its expected sequence; the
// window helps in a cluster, where a message may arrive late. An embedded server has no need of it, and would keep in
// memory every id of it: this is little more than the 100 ms that it has at least.
const (
	duplicateWindow         = 2 * time.Minute
	embeddedDuplicateWindow = 200 * time.Millisecond
)

// metadataSealingKey is the member of the stream's metadata with the id of the sealing key that the log was founded
// with. The metadata never changes; keys that are introduced later are recorded as events.
const metadataSealingKey = "roster_sealing_key"

// streamConfig is the configuration of a stream that cannot lose events.
//
// AllowDirect lets any replica answer requests for long histories. What must be up to date is requested from the
// leader.
func streamConfig(name, subjects string, replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:               name,
		Description:        "The event log of Roster. It is the truth: never delete it.",
		Subjects:           []string{subjects},
		Retention:          jetstream.LimitsPolicy,
		Storage:            jetstream.FileStorage,
		Discard:            jetstream.DiscardNew,
		MaxMsgs:            -1,
		MaxBytes:           -1,
		MaxMsgsPerSubject:  -1,
		Replicas:           replicas,
		Duplicates:         duplicateWindow,
		DenyDelete:         true,
		DenyPurge:          true,
		AllowDirect:        true,
		AllowAtomicPublish: true,
		Compression:        jetstream.NoCompression,
	}
}

// createOrVerify creates the stream, or verifies the one that exists and returns an error that lists what is wrong
// if it could lose events. It never updates a stream, because an update can drop history.
//
// If there is no stream but found has events, only the stream's description is missing. Then it creates none and
// returns an error.
func createOrVerify(ctx context.Context, js jetstream.JetStream, config jetstream.StreamConfig, found *survey) (*jetstream.StreamInfo, error) {
	replicas := config.Replicas
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	stream, err := js.Stream(ctx, StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if found != nil && found.events > 0 {
			return nil, fmt.Errorf("stream %s has %d events in its block files, but its description cannot be read: restore its %s and %s from a back-up",
				StreamName, found.events, server.JetStreamMetaFile, server.JetStreamMetaFileSum)
		}
		// Two processes that start at the same time may both come here. The second then gets the stream of
		// the first, or an error if their configurations differ.
		stream, err = js.CreateStream(ctx, config)
	}
	if err != nil {
		return nil, fmt.Errorf("create or look up stream %s: %w", StreamName, unavailable(err))
	}
	info := stream.CachedInfo()
	if problems := unfit(info.Config, replicas); len(problems) > 0 {
		return nil, fmt.Errorf("stream %s could lose events or is not this program's: %s", StreamName, strings.Join(problems, "; "))
	}
	return info, nil
}

// unfit lists what is wrong with a stream's configuration and what would be right.
func unfit(c jetstream.StreamConfig, replicas int) (problems []string) {
	check := func(ok bool, setting string, got, want any) {
		if !ok {
			problems = append(problems, fmt.Sprintf("%s is %v, must be %v", setting, got, want))
		}
	}
	check(slices.Equal(c.Subjects, []string{allSubjects}), "subjects", c.Subjects, []string{allSubjects})
	check(c.Storage == jetstream.FileStorage, "storage", c.Storage, jetstream.FileStorage)
	check(c.Retention == jetstream.LimitsPolicy, "retention", c.Retention, jetstream.LimitsPolicy)
	check(c.Discard == jetstream.DiscardNew, "discard", c.Discard, jetstream.DiscardNew)
	check(c.MaxMsgs <= 0, "max_msgs", c.MaxMsgs, "unlimited (-1)")
	check(c.MaxBytes <= 0, "max_bytes", c.MaxBytes, "unlimited (-1)")
	check(c.MaxMsgsPerSubject <= 0, "max_msgs_per_subject", c.MaxMsgsPerSubject, "unlimited (-1)")
	check(c.MaxAge == 0, "max_age", c.MaxAge, "unlimited (0)")
	check(!c.AllowMsgTTL, "allow_msg_ttl", c.AllowMsgTTL, false)
	check(c.DenyDelete, "deny_delete", c.DenyDelete, true)
	check(c.DenyPurge, "deny_purge", c.DenyPurge, true)
	check(!c.AllowRollup, "allow_rollup_hdrs", c.AllowRollup, false)
	check(!c.AllowMsgCounter, "allow_msg_counter", c.AllowMsgCounter, false)
	check(!c.AllowMsgSchedules, "allow_msg_schedules", c.AllowMsgSchedules, false)
	check(c.AllowAtomicPublish, "allow_atomic", c.AllowAtomicPublish, true)
	check(c.AllowDirect, "allow_direct", c.AllowDirect, true)
	check(!c.NoAck, "no_ack", c.NoAck, false)
	check(!c.Sealed, "sealed", c.Sealed, false)
	check(c.Compression == jetstream.NoCompression, "compression", c.Compression, jetstream.NoCompression)
	check(c.PersistMode == jetstream.DefaultPersistMode, "persist_mode", c.PersistMode, jetstream.DefaultPersistMode)
	check(c.Mirror == nil && len(c.Sources) == 0, "mirror or sources", "set", "none")
	check(c.SubjectTransform == nil, "subject_transform", "set", "none")
	check(c.Replicas >= replicas, "num_replicas", c.Replicas, fmt.Sprintf("at least %d", replicas))
	return problems
}
