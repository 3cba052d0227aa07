package oauth

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
