package jetstream

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/eventstore"
)

// headerEvent holds the envelope of an event, as formatEvent writes it, beside Nats-Msg-Id, which is the server's and holds
// the event's id. They are short, since the log is kept for ever.
const headerEvent = "Roster"

// headerPrefix is that of the headers that earlier versions wrote, and of those that newer ones may write: parseHeader refuses
// the latter with ErrUnknownSchema. It ignores headers without the prefix, which say nothing about the event.
const headerPrefix = "Roster-"

// The headers that held what headerEvent holds, in events that earlier versions wrote. The first versions wrote the last
// three of them instead of headerBy.
const (
	headerType      = "Roster-Type"
	headerVersion   = "Roster-Version"
	headerBy        = "Roster-By"   // RFC 3339, UTC, a space, and the actor
	headerTime      = "Roster-Time" // RFC 3339, UTC
	headerActorKind = "Roster-Actor-Kind"
	headerActorID   = "Roster-Actor-Id" // percent-encoded
)

var formerHeaders = [...]string{headerType, headerVersion, headerBy, headerTime, headerActorKind, headerActorID}

// packedID begins the header of an id that is a UUID. No id has it, by eventstore.CheckChanges.
const packedID = "."

// formatID encodes the id of an event: one that is a UUID in lower case as packedID and its bytes in base64url without
// padding, any other one as it is.
func formatID(id string) string {
	u, err := uuid.Parse(id)
	if err != nil || u.String() != id {
		return id
	}
	return packedID + base64.RawURLEncoding.EncodeToString(u[:])
}

// idOf returns the id of the event with a header, which earlier versions wrote as it is; empty if there is none.
func idOf(header nats.Header) string {
	id := header.Get(jetstream.MsgIDHeader)
	packed, isUUID := strings.CutPrefix(id, packedID)
	if !isUUID {
		return id
	}
	bytes, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil {
		return ""
	}
	u, err := uuid.FromBytes(bytes)
	if err != nil {
		return ""
	}
	return u.String()
}

// formatEvent encodes what stands beside the id, subject and body of an event, with a space between them: its type, the
// version of its schema, when it was decided, and by whom, unless that is the client that it is about.
func formatEvent(r eventstore.Encoded) string {
	text := r.Type + " " + strconv.Itoa(r.Version) + " " + formatTime(r.Time)
	if (domain.Actor{Kind: r.ActorKind, ID: r.ActorID}) == itself(r.Aggregate) {
		return text
	}
	text += " " + string(r.ActorKind)
	if r.ActorID != r.Aggregate.ID {
		text += ":" + url.PathEscape(r.ActorID)
	}
	return text
}

// itself is a client that is the actor of an event about itself.
func itself(aggregate domain.Aggregate) domain.Actor {
	return domain.Actor{Kind: domain.ActorClient, ID: aggregate.ID}
}

// parseHeader is the inverse of formatID and formatEvent, for events in the former headers as well. What it returns lacks
// the body.
func parseHeader(header nats.Header, aggregate domain.Aggregate) (r eventstore.Encoded, err error) {
	event := header.Get(headerEvent)
	if event == "" {
		event = formerEvent(header)
	}
	var version, when, who string
	r.Type, event, _ = strings.Cut(event, " ")
	version, event, _ = strings.Cut(event, " ")
	when, who, _ = strings.Cut(event, " ")
	if r.Version, err = strconv.Atoi(version); err != nil {
		return r, fmt.Errorf("version of the event: %w", err)
	}
	if err := checkNames(header); err != nil {
		return r, fmt.Errorf("decode %q version %d: %w", r.Type, r.Version, err)
	}
	if r.Time, err = parseTime(when); err != nil {
		return r, fmt.Errorf("time of the event: %w", err)
	}
	actor, err := parseActor(who, aggregate)
	if err != nil {
		return r, fmt.Errorf("actor of the event: %w", err)
	}
	if r.ID = idOf(header); r.ID == "" {
		return r, fmt.Errorf("header %s is missing, or holds no id", jetstream.MsgIDHeader)
	}
	r.Aggregate, r.ActorKind, r.ActorID = aggregate, actor.Kind, actor.ID
	return r, nil
}

// formerEvent returns what headerEvent would hold, of an event in the former headers, but for the time, which is in RFC 3339.
func formerEvent(header nats.Header) string {
	by := header.Get(headerBy)
	if by == "" {
		by = header.Get(headerTime) + " " + header.Get(headerActorKind) + ":" + header.Get(headerActorID)
	}
	return header.Get(headerType) + " " + header.Get(headerVersion) + " " + by
}

// checkNames returns ErrUnknownSchema for a header that a newer program wrote, and an error for headers that say the same.
func checkNames(header nats.Header) error {
	for name := range header {
		if strings.HasPrefix(name, headerPrefix) && !slices.Contains(formerHeaders[:], name) {
			return fmt.Errorf("%w: header %s", eventstore.ErrUnknownSchema, name)
		}
	}
	for _, replaced := range []struct {
		by      string
		headers []string
	}{{headerEvent, formerHeaders[:]}, {headerBy, formerHeaders[3:]}} {
		for _, name := range replaced.headers {
			if header.Get(replaced.by) != "" && header.Get(name) != "" {
				return fmt.Errorf("header %s beside %s, which replaces it", name, replaced.by)
			}
		}
	}
	return nil
}

// formatTime writes a time as seconds since 1970, with a fraction where it has one.
func formatTime(t time.Time) string {
	text := strconv.FormatInt(t.Unix(), 10)
	if nanos := t.Nanosecond(); nanos != 0 {
		text += strings.TrimRight(fmt.Sprintf(".%09d", nanos), "0")
	}
	return text
}

// parseTime reads what formatTime wrote, and RFC 3339, which earlier versions wrote.
func parseTime(text string) (time.Time, error) {
	if strings.Contains(text, "T") {
		return time.Parse(time.RFC3339Nano, text)
	}
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	const digits = "000000000"
	if len(fraction) > len(digits) {
		return time.Time{}, errors.New("a fraction of more than nine digits")
	}
	nanos, err := strconv.ParseUint(fraction+digits[len(fraction):], 10, 32)
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(seconds, int64(nanos)).UTC(), nil
}

// parseActor reads the actor of an event: nothing, or a kind, and behind a colon an id unless it is that of the aggregate.
func parseActor(who string, aggregate domain.Aggregate) (domain.Actor, error) {
	if who == "" {
		return itself(aggregate), nil
	}
	kind, escaped, named := strings.Cut(who, ":")
	actor := domain.Actor{Kind: domain.ActorKind(kind), ID: aggregate.ID}
	if !named {
		return actor, nil
	}
	id, err := url.PathUnescape(escaped)
	actor.ID = id
	return actor, err
}
