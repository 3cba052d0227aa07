package oauth

import (
	"maps"
	"strings"
)

// Request asks for what a client shall be.
type Request struct {
	Document Document
	Former   Metadata // what the client has registered already; nil: it is a new one
	Terms    Terms    // that bind the client
	Evidence Evidence
}

// Evidence is what others say of a request, learned before it is decided. The zero Evidence is that nobody
// has been asked.
type Evidence struct {
	// SoftwareStatement is one whose issuer is trusted and whose signature and times were verified.
	SoftwareStatement string
	Sector            *Sector
}

// Sector is what was found at a sector_identifier_uri (OpenID Connect Core 1.0, 8.1).
type Sector struct {
	URI  string   // where it was
	URIs []string // those of the sector; nil: no such document could be had
}

// Missing says what must be learned before a command can be decided, when nothing else is wrong with it.
// One of its fields is set, as in the request.
type Missing struct {
	SoftwareStatement   string
	SectorIdentifierURI string
}

// Error says that the decision waits.
func (*Missing) Error() string { return "the decision needs to know what others say of the request" }

// metadata returns the metadata that a request asks for. The claims of its software statement win over
// its own members (RFC 7591 2.3), and the terms of its initial access token over both. A statement that the
// client has registered was verified then.
func (r Request) metadata(p Policy) (Metadata, error) {
	claimed, err := r.claims(p)
	if err != nil {
		return nil, err
	}
	own := r.Document
	if len(claimed) > 0 {
		own = maps.Clone(own)
	}
	for name := range claimed {
		delete(own, name)
	}
	requested, err := decodeMetadata(own)
	if err != nil {
		return nil, err
	}
	maps.Copy(requested, claimed)
	r.Terms.impose(requested)
	if claimed["client_name"] == nil {
		r.nameByOwner(requested)
	}
	return requested, nil
}

// nameByOwner makes a client's name OWNER_NAME when both are given, as WSO2 Identity Server does. In an update
// a name that begins with its owner is the one that was answered before.
func (r Request) nameByOwner(m Metadata) {
	if r.Former != nil && strings.HasPrefix(m.Name(), m.Owner()+"_") {
		return
	}
	if m.Owner() != "" && m.Name() != "" {
		m["client_name"] = Text(m.Owner() + "_" + m.Name())
	}
}
