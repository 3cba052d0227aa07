package domain

import "strings"

// CanonicalID returns an id of the registry as it is stored, however its letters are written: UUIDs are read
// without regard to case (RFC 9562 4). It is for what people look up. A client_id that OAuth or OpenID Connect
// compares is compared as it is.
func CanonicalID(id string) string { return strings.ToLower(id) }
