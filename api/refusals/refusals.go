// Package refusals keeps why registrations and changes of clients were refused, for administrators who are asked about
// it later.
//
// Nothing depends on what it keeps, and strangers decide how much of it there is. So it stands apart from the event log
// and is removed after a week. It never makes a request wait or fail: refusals are put into a queue, which a goroutine
// writes to a file; when the queue is full they are dropped, and the number of those is told. A file that is damaged is
// begun anew, and tells so. Each process keeps the refusals that it made itself.
//
// The file is one of SQLite. A stream of JetStream could bound age and number as well, but refusals are asked for by
// cause, address and time, for which all of a stream would have to be read, and they would share the server, the
// syncs and the faults of the event log.
//
// A flood costs little: beyond a number a second, refusals are only counted, by cause and second. So are those of one
// address and cause beyond a number at once and one a minute: a caller that does not give up must not push out what was
// refused yesterday.
package refusals

import (
	"net/netip"
	"strings"
	"time"

	"roster/domain/access"
)

const (
	// Retention is how long refusals are kept.
	Retention = 7 * 24 * time.Hour
	// most is how many refusals are kept, and how many counts of others.
	most = 100_000
)

// An Action is what was refused.
type Action string

// The actions.
const (
	Registration Action = "registration"
	Change       Action = "change" // of a client, by itself
)

// A Cause is why something was refused. There are few causes: nothing in one is taken from a request.
type Cause struct {
	Action  Action
	Code    string // the "error" of the answer
	Member  string // the member, parameter or header that was refused; empty: the request as a whole
	Setting string // the setting that refused, as its flag is named; empty: none did
}

// Details are what is kept of a refused request beside its cause. Name and Hosts are in the words of the caller.
type Details struct {
	InitialAccessToken string   // id of the one that was presented; empty: none was, or it names none
	ClientID           string   // of the client that was to be changed; empty: there is none, or it cannot be made out
	Name               string   // that was asked for; empty: none was, or it cannot be made out
	Hosts              []string // of the redirect URIs that were asked for
}

// A Refusal is one that is kept.
type Refusal struct {
	Time time.Time
	Cause
	IP string // address of the caller; empty: it has none
	Details
}

// HostsMost is how many hosts of a refusal are kept.
const HostsMost = 5

const (
	nameMost = 100 // characters of a name that are kept
	hostMost = 253 // bytes of a host that is kept: no name in the DNS is longer
)

// cut returns the details with what is kept of what was asked for.
func (d Details) cut() Details {
	if name := []rune(d.Name); len(name) > nameMost {
		d.Name = string(name[:nameMost-1]) + "…"
	}
	var hosts []string
	for _, host := range d.Hosts {
		if len(hosts) < HostsMost && len(host) <= hostMost && !strings.Contains(host, hostSeparator) {
			hosts = append(hosts, host)
		}
	}
	d.Hosts = hosts
	return d
}

// canonicalIP returns an address as it is kept and looked for.
func canonicalIP(text string) string {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return "" // nobody has such an address
	}
	return ip.Unmap().String()
}

// What is kept of a flood.
const (
	rowsPerSecond     = 50
	rowsAtOnce        = 100 // of one address and one cause
	rowsInterval      = time.Minute
	sourcesRemembered = 4096
)

// A source is where refusals come from that are alike.
type source struct {
	ip    string
	cause Cause
}

// A meter decides which refusals are kept as they are. It must not be used concurrently.
type meter struct {
	second  int64 // since 1970
	rows    int   // that were kept in that second
	sources *access.Throttle[source]
}

func newMeter() meter {
	return meter{sources: access.NewThrottle[source](rowsAtOnce, rowsInterval, sourcesRemembered)}
}

// keeps reports whether a refusal is kept, rather than only counted.
func (m *meter) keeps(r Refusal) bool {
	if second := r.Time.Unix(); second > m.second {
		m.second, m.rows = second, 0
	}
	if m.rows >= rowsPerSecond {
		return false
	}
	if _, wait := m.sources.Take(source{r.IP, r.Cause}, r.Time); wait > 0 {
		return false
	}
	m.rows++
	return true
}
