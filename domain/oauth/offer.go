package oauth

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Offer tells which values clients can register under a policy, for documents that advertise them. It does not repeat
// the rules: it makes up clients and tries to admit them, so that it offers nothing that a registration would be refused
// for or that would be left out.
type Offer struct {
	policy Policy
	// clients are made up and admitted: each authentication method with each way to get a token.
	clients []Metadata
}

// Offer returns what can be registered under the policy.
func (p Policy) Offer() Offer {
	o := Offer{policy: p}
	for _, method := range p.AuthMethods {
		client, possible := authenticating(p, method)
		if !possible {
			continue
		}
		for _, responseType := range p.ResponseTypes {
			ways := redirecting(p, client, responseType)
			if i := slices.IndexFunc(ways, o.admits); i >= 0 {
				o.clients = append(o.clients, ways[i])
			}
		}
		for _, grant := range p.GrantTypes {
			// A refresh token needs another grant to come from.
			if !slices.Contains(redirectGrants, grant) && grant != "refresh_token" {
				o.clients = append(o.clients, withoutRedirects(client, grant))
			}
		}
	}
	o.clients = slices.DeleteFunc(o.clients, func(client Metadata) bool { return !o.admits(client) })
	return o
}

// Values returns the values of a member that some client can register, in the order of the policy; for scope, the single
// scopes. It is empty for a member whose values are not limited by a list.
func (o Offer) Values(name string) []string {
	var values []string
	for _, value := range o.candidates(name) {
		possible := func(client Metadata) bool {
			return slices.ContainsFunc(having(o.policy, client, name, value), o.admits)
		}
		if slices.ContainsFunc(o.clients, possible) {
			values = append(values, value)
		}
	}
	return values
}

// candidates are the values that the policy itself has for a member.
func (o Offer) candidates(name string) []string {
	switch name {
	case "response_types":
		return o.policy.ResponseTypes
	case "scope":
		return o.policy.Scopes
	}
	member, _, _ := LookupMember(name)
	return member.Values(o.policy)
}

// admits reports whether a client is registered, with all that it asks for.
func (o Offer) admits(client Metadata) bool {
	registered, _, err := bounds{Policy: o.policy}.admit(client)
	if err != nil {
		return false
	}
	for name, value := range client {
		if !reflect.DeepEqual(registered[name], value) {
			return false
		}
	}
	return true
}

// authenticating returns a client with what it needs for an authentication method. It is not possible if the policy
// allows no algorithm for the method. The client has a jwks_uri, whose keys may be for everything.
func authenticating(p Policy, method string) (client Metadata, possible bool) {
	client = Metadata{
		"token_endpoint_auth_method": Text(method),
		"jwks_uri":                   Text("https://" + redirectHost(p) + "/jwks"),
	}
	switch method {
	case "tls_client_auth":
		client["tls_client_auth_subject_dn"] = Text("CN=client")
	case "client_secret_jwt", "private_key_jwt":
		symmetric := method == "client_secret_jwt"
		i := slices.IndexFunc(p.SigningAlgs, func(alg string) bool { return isSymmetricAlg(alg) == symmetric })
		if i < 0 {
			return nil, false
		}
		client["token_endpoint_auth_signing_alg"] = Text(p.SigningAlgs[i])
	}
	return client, true
}

// redirecting returns variants of a client that have a response type, those with the fewest grants first.
func redirecting(p Policy, client Metadata, responseType string) (clients []Metadata) {
	for _, grants := range []List{{"authorization_code"}, {"implicit"}, {"authorization_code", "implicit"}} {
		clients = append(clients, with(client, Metadata{
			"redirect_uris":  List{"https://" + redirectHost(p) + "/cb"},
			"grant_types":    grants,
			"response_types": List{responseType},
		}))
	}
	return clients
}

// withoutRedirects returns a variant of a client that has a grant without redirects.
func withoutRedirects(client Metadata, grant string) Metadata {
	client = with(client, Metadata{"grant_types": List{grant}, "response_types": List{}})
	if grant == cibaGrant {
		client["backchannel_token_delivery_mode"] = Text("poll")
	}
	return client
}

// redirectHost returns a host that the policy allows for redirect URIs. It is one on the person's own device, for which
// there are rules of its own, only if the policy allows no other.
func redirectHost(p Policy) string {
	host := "client.example"
	for i, rule := range p.RedirectHosts {
		if rule[0] == '.' {
			rule = "client" + rule
		}
		if i == 0 || !(uri{host: rule}).mayBeLoopback() {
			host = rule
		}
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// having returns variants of a client that have a value of a member and what the value needs. It returns none where the
// value would mean nothing to the client.
func having(p Policy, client Metadata, name, value string) (clients []Metadata) {
	member := lookup(name)
	if member.authMethod && client.Text("token_endpoint_auth_method") != value {
		return nil
	}
	switch name {
	case "token_endpoint_auth_signing_alg":
		if client[name] == nil {
			return nil
		}
	case "grant_types":
		grants := client.List(name)
		switch {
		case slices.Contains(grants, value):
			return []Metadata{client}
		case value == "refresh_token":
			return []Metadata{with(client, Metadata{name: append(List(slices.Clone(grants)), value)})}
		}
		return nil
	case "response_types":
		if !slices.Contains(client.List(name), value) {
			return nil
		}
		return []Metadata{client}
	case "response_modes":
		return havingMode(p, client, value)
	case "backchannel_token_delivery_mode", "backchannel_authentication_request_signing_alg":
		if client["backchannel_token_delivery_mode"] == nil {
			return nil
		}
		return []Metadata{with(client, Metadata{
			"backchannel_client_notification_endpoint": Text("https://" + redirectHost(p) + "/notified"), name: Text(value),
		})}
	}
	if member.keyAlgorithm != "" {
		for _, alg := range p.EncryptionAlgs {
			clients = append(clients, with(client, Metadata{name: Text(value), member.keyAlgorithm: Text(alg)}))
		}
		return clients
	}
	return []Metadata{with(client, Metadata{name: Text(value)})}
}

// havingMode returns variants of a client that have a response mode. Tokens are never answered in a query
// (OAuth 2.0 Multiple Response Type Encoding Practices 3, 5; JARM 2.3.1), and a JWT needs an algorithm (JARM 3).
func havingMode(p Policy, client Metadata, mode string) (clients []Metadata) {
	inQuery := strings.HasPrefix(mode, "query")
	if !usesRedirects(client) || inQuery && answersFromAuthorizationEndpoint(client) {
		return nil
	}
	client = with(client, Metadata{"response_modes": List{mode}})
	if !strings.HasSuffix(mode, "jwt") {
		return []Metadata{client}
	}
	for _, alg := range p.SigningAlgs {
		clients = append(clients, with(client, Metadata{"authorization_signed_response_alg": Text(alg)}))
	}
	return clients
}

// with returns metadata with more, or other, members.
func with(m, more Metadata) Metadata {
	m = maps.Clone(m)
	maps.Copy(m, more)
	return m
}
