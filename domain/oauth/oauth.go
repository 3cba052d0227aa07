// Package oauth holds the rules of what a client may be: the members of its metadata, the policy of a deployment,
// the terms of initial access tokens, URIs, keys and software statements (OpenID Connect Dynamic Client Registration
// 1.0, RFC 7591 and what they build on).
//
// It has no I/O, no clock, no randomness and no logging. Admit answers a request with metadata or a refusal.
package oauth
