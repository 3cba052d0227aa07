package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"roster/domain/oauth"
)

// policySettings are what this deployment lets a client be.
type policySettings struct {
	AllowGrantTypes          []string `help:"Grant types that clients may have; others than these may be listed." default:"${grant_types}" placeholder:"TYPE"`
	AllowResponseTypes       []string `help:"Response types that clients may have; token and none may be listed too." default:"${response_types}" placeholder:"TYPE"`
	AllowAuthMethods         []string `help:"Authentication methods at the token endpoint that clients may have." default:"${auth_methods}" placeholder:"METHOD"`
	AllowSigningAlgs         []string `help:"Algorithms for signatures; ES256K, Ed25519 and Ed448 may be listed too." default:"${signing_algs}" placeholder:"ALG"`
	AllowUnsigned            bool     `help:"Allow the algorithm none where the specifications let it be." default:"${unsigned}" negatable:""`
	AllowEncryptionAlgs      []string `help:"Algorithms for the encryption of keys; RSA1_5, RSA-OAEP-384 and RSA-OAEP-512 may be listed too." default:"${encryption_algs}" placeholder:"ALG"`
	AllowEncryptionEncs      []string `help:"Algorithms for the encryption of content." default:"${encryption_encs}" placeholder:"ENC"`
	AllowScopes              []string `help:"Scopes that clients may ask for; none: any." placeholder:"SCOPE"`
	DefaultScopes            []string `help:"Scopes of a client that asks for none." placeholder:"SCOPE"`
	Excess                   string   `help:"What to do with grant types, response types and scopes beyond what a client may have: narrow (leave them out) or refuse." enum:"narrow,refuse" default:"narrow" placeholder:"MODE"`
	AllowRedirectHosts       []string `help:"Hosts that http and https redirect URIs, initiate_login_uri and frontchannel_logout_uri may have, those on loopback included; .example.org is every host below example.org; none: any." placeholder:"HOST"`
	AllowRedirectSchemes     []string `help:"Private-use schemes that redirect URIs of native clients may have; none: any that is not dangerous." placeholder:"SCHEME"`
	PagesOnRedirectHost      bool     `help:"Hold client_uri, logo_uri, tos_uri, policy_uri, information_uri and organization_uri to scheme and host of a redirect URI."`
	RequireSoftwareStatement bool     `help:"Let only clients with a software statement of a trusted issuer register."`
	MaxBodySize              int      `help:"Bytes of a request, from 4096 to 262144." default:"${max_body_size}" placeholder:"N"`
	MaxRedirectURIs          int      `name:"max-redirect-uris" help:"Redirect URIs of one client; as many for after a logout, and for UMA claims." default:"${max_redirect_uris}" placeholder:"N"`
	MaxURILength             int      `help:"Characters of a URI." default:"${max_uri_length}" placeholder:"N"`
	MaxClients               int      `help:"Active clients in all; 0: no limit. Registrations at the same moment can exceed it by as many." default:"0" placeholder:"N"`
	MaxClientsPerOwner       int      `help:"Active clients of one owner, by the initial access tokens that they are registered with: an owner that a client names itself is not limited; 0: no limit. Registrations at the same moment can exceed it by as many." default:"0" placeholder:"N"`
}

// policyDefaults gives the settings of oauth.DefaultPolicy as their defaults.
func policyDefaults() kong.Vars {
	p := oauth.DefaultPolicy
	list := func(values []string) string { return strings.Join(values, ",") }
	return kong.Vars{
		"grant_types":       list(p.GrantTypes),
		"response_types":    list(p.ResponseTypes),
		"auth_methods":      list(p.AuthMethods),
		"signing_algs":      list(p.SigningAlgs),
		"unsigned":          strconv.FormatBool(p.Unsigned),
		"encryption_algs":   list(p.EncryptionAlgs),
		"encryption_encs":   list(p.EncryptionEncs),
		"max_body_size":     strconv.Itoa(p.MaxBodySize),
		"max_redirect_uris": strconv.Itoa(p.MaxRedirectURIs),
		"max_uri_length":    strconv.Itoa(p.MaxURILength),
	}
}

// policy returns the policy that the settings make, or what is wrong with it.
func (s policySettings) policy() (oauth.Policy, error) {
	p := oauth.Policy{
		GrantTypes:               given(s.AllowGrantTypes),
		ResponseTypes:            given(s.AllowResponseTypes),
		AuthMethods:              given(s.AllowAuthMethods),
		SigningAlgs:              given(s.AllowSigningAlgs),
		Unsigned:                 s.AllowUnsigned,
		EncryptionAlgs:           given(s.AllowEncryptionAlgs),
		EncryptionEncs:           given(s.AllowEncryptionEncs),
		Scopes:                   given(s.AllowScopes),
		DefaultScopes:            given(s.DefaultScopes),
		RefuseExcess:             s.Excess == "refuse",
		RedirectHosts:            given(s.AllowRedirectHosts),
		RedirectSchemes:          given(s.AllowRedirectSchemes),
		PagesOnRedirectHost:      s.PagesOnRedirectHost,
		RequireSoftwareStatement: s.RequireSoftwareStatement,
		MaxBodySize:              s.MaxBodySize,
		MaxRedirectURIs:          s.MaxRedirectURIs,
		MaxURILength:             s.MaxURILength,
		MaxClients:               s.MaxClients,
		MaxClientsPerOwner:       s.MaxClientsPerOwner,
	}
	return p, p.Validate()
}

// given returns a list without the empty value that an empty setting leaves in it.
func given(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
}
