package oauth

import (
	"slices"
	"strings"
)

// standards are the values that specifications have for members that are left out, empty where they leave it
// to the server. A choice is made for these members alone: leaving out any other asks for nothing, and a
// client that says how it could encrypt has not asked to.
var standards = map[string]string{
	"subject_type":                         "",
	"token_endpoint_auth_method":           "client_secret_basic",
	"id_token_signed_response_alg":         "RS256",
	"introspection_signed_response_alg":    "RS256",
	"authorization_signed_response_alg":    "RS256",
	"id_token_encrypted_response_enc":      "A128CBC-HS256",
	"userinfo_encrypted_response_enc":      "A128CBC-HS256",
	"request_object_encryption_enc":        "A128CBC-HS256",
	"introspection_encrypted_response_enc": "A128CBC-HS256",
	"authorization_encrypted_response_enc": "A128CBC-HS256",
}

// choose makes the choices that a request leaves to the server, for a client whose grants and response types are
// settled. They are registered in the place of the lists that they are from, which are for requests alone (OpenID
// Connect Relying Party Metadata Choices 1.0, 2).
func choose(p Policy, m Metadata) error {
	for _, member := range Members {
		if member.ChoiceOf == "" || m[member.Name] == nil {
			continue
		}
		if err := chooseFrom(p, m, member); err != nil {
			return err
		}
		delete(m, member.Name)
	}
	return nil
}

// chooseFrom sets the member that a list of choices is for, if it is one that has to be settled.
func chooseFrom(p Policy, m Metadata, choices Member) error {
	values, name := m.List(choices.Name), choices.ChoiceOf
	if slices.ContainsFunc(values, func(value string) bool { return !isText(value) }) {
		return refuse(choices.Name, choices.Kind.shape())
	}
	if m[name] != nil {
		if !slices.Contains(values, m.Text(name)) {
			return refuse(name, "must be among "+choices.Name)
		}
		return nil
	}
	standard, settled := standards[name]
	if prefix, isEnc := strings.CutSuffix(name, "_enc"); !settled || isEnc && m[prefix+"_alg"] == nil {
		return nil
	}
	of, _, _ := LookupMember(name)
	allowed := of.rule.allowance(p)
	possible := slices.DeleteFunc(slices.Clone(values), func(value string) bool { return !slices.Contains(allowed.values, value) })
	if len(possible) == 0 {
		wrong := &fault{text: "must have a value that this server allows: " + strings.Join(allowed.values, ", "), setting: allowed.setting}
		return wrong.at(choices.Name)
	}
	if setFirstFit(p, m, name, preferred(possible, Text(standard))); m[name] == nil {
		m[name] = Text(possible[0]) // the rules say what the client lacks for it
	}
	return nil
}
