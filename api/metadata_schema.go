package api

import (
	"slices"

	"roster/domain/oauth"
)

// registered are the members that answers may have.
func registered() []oauth.Member {
	return slices.DeleteFunc(slices.Clone(oauth.Members), func(m oauth.Member) bool { return m.ChoiceOf != "" })
}

// requestPattern is the pattern of a member in requests, which may have an empty string to leave it out.
func requestPattern(member oauth.Member) string {
	if member.EmptyIsNothing() {
		return "^$|" + member.Pattern()
	}
	return member.Pattern()
}

// metadataSchema describes members: each word of a member has the pattern, and words are all that a member may
// hold, nil: any.
func metadataSchema(described []oauth.Member, pattern func(oauth.Member) string, words func(oauth.Member) []string) object {
	members, localized := object{}, object{}
	for _, member := range described {
		schema := memberSchema(member, pattern(member), words(member))
		members[member.Name] = schema
		if member.Localized {
			localized["^"+member.Name+"#[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"] = schema
		}
	}
	return object{"type": "object", "properties": members, "patternProperties": localized}
}

func memberSchema(member oauth.Member, pattern string, words []string) object {
	word := object{"type": "string", "pattern": pattern}
	if member.HoldsURIs() {
		word["format"] = "uri"
	}
	if words != nil {
		word["enum"] = words
	}
	schema := word
	switch member.Kind {
	case oauth.KindList:
		schema = object{"type": "array", "items": word}
	case oauth.KindFlag:
		schema = object{"type": "boolean"}
	case oauth.KindNumber:
		schema = object{"type": "integer", "minimum": 0}
	case oauth.KindObject:
		schema = object{"type": "object"}
	}
	schema["title"] = member.Label
	schema["description"] = member.Source
	if rule := member.Rule(); rule != "" {
		schema["description"] = rule + " (" + member.Source + ")"
	}
	if member.Default != nil {
		schema["default"] = member.Default
	}
	return schema
}
