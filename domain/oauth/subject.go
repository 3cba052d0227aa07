package oauth

// checkSubject requires what shows the sector of a client with pairwise subjects: the URIs of sectorMembers, and a
// sector_identifier_uri unless they have one host (OpenID Connect Core 1.0, 8.1; OpenID Connect CIBA Core 1.0, 4). A
// client without such URIs could name the sector of anybody.
func checkSubject(_ Policy, m Metadata) error {
	if m.Text("subject_type") != "pairwise" {
		return nil
	}
	members := sectorMembers(m)
	for _, name := range members {
		if m[name] == nil {
			return refuse(name, "is needed for pairwise subjects, since nothing else shows the sector of the client")
		}
	}
	if m["sector_identifier_uri"] != nil {
		return nil
	}
	hosts := map[string]bool{}
	for _, s := range sectorURIs(m, members) {
		u, _ := parseURI(s)
		if !u.isWeb() {
			return refuse("sector_identifier_uri", "is needed for pairwise subjects with a redirect URI that has no host")
		}
		hosts[u.host] = true
	}
	if len(hosts) > 1 {
		return refuse("sector_identifier_uri", "is needed for pairwise subjects with URIs of several hosts")
	}
	return nil
}

// sectorMembers names the members whose URIs show the sector of a client with pairwise subjects: redirect_uris and that
// of deliverySectorMember; for a client with neither redirects nor CIBA, jwks_uri.
func sectorMembers(m Metadata) []string {
	var members []string
	if usesRedirects(m) {
		members = append(members, "redirect_uris")
	}
	if name := deliverySectorMember(m); name != "" {
		members = append(members, name)
	}
	if len(members) == 0 {
		members = append(members, "jwks_uri")
	}
	return members
}

// sectorURIs returns the URIs of members, which may be missing.
func sectorURIs(m Metadata, members []string) []string {
	var uris []string
	for _, name := range members {
		uris = append(uris, words(m[name])...)
	}
	return uris
}
