package domain

import (
	"maps"
	"strings"
)

// withDefaults fills in what the specifications and the policy define for members that were left out
// (OpenID Connect Dynamic Client Registration 1.0, 2; RFC 7591 2).
func withDefaults(p Policy, requested Metadata) Metadata {
	m := maps.Clone(requested)
	setDefault := func(name string, value Value) {
		if m[name] == nil {
			m[name] = value
		}
	}
	setDefault("redirect_uris", List{})
	setDefault("grant_types", List{"authorization_code"})
	setDefault("response_types", defaultResponseTypes(m))
	m["application_type"] = applicationType(m)
	if len(p.DefaultScopes) > 0 {
		setDefault("scope", Text(strings.Join(p.DefaultScopes, " ")))
	}
	setDefault("id_token_signed_response_alg", p.usualSigningAlgs().preferred("RS256"))
	for _, member := range Members {
		if member.Default != nil {
			setDefault(member.Name, member.Default)
		}
	}
	for _, prefix := range encryptions {
		if m[prefix+"_alg"] != nil {
			setDefault(prefix+"_enc", p.encryptionEncs().preferred("A128CBC-HS256"))
		}
	}
	return m
}

// defaultResponseTypes is "code", but nothing for a client whose grants have no use for it. One that has no
// grant at all, such as a resource server, has to say both.
func defaultResponseTypes(m Metadata) List {
	if usesRedirects(m) || len(m.List("grant_types")) == 0 {
		return List{"code"}
	}
	return List{}
}
