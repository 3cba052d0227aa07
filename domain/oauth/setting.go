package oauth

// The settings that say what a client may be, by the names of their flags. Refusals name them, in words and in
// Error.Setting.
const (
	SettingGrantTypes               = "allow-grant-types"
	SettingResponseTypes            = "allow-response-types"
	SettingAuthMethods              = "allow-auth-methods"
	SettingSigningAlgs              = "allow-signing-algs"
	SettingUnsigned                 = "allow-unsigned"
	SettingEncryptionAlgs           = "allow-encryption-algs"
	SettingEncryptionEncs           = "allow-encryption-encs"
	SettingScopes                   = "allow-scopes"
	SettingDefaultScopes            = "default-scopes"
	SettingExcess                   = "excess"
	SettingRedirectHosts            = "allow-redirect-hosts"
	SettingRedirectSchemes          = "allow-redirect-schemes"
	SettingPagesOnRedirectHost      = "pages-on-redirect-host"
	SettingRequireSoftwareStatement = "require-software-statement"
	SettingSoftwareIssuers          = "software-issuers"
	SettingMaxBodySize              = "max-body-size"
	SettingMaxRedirectURIs          = "max-redirect-uris"
	SettingMaxURILength             = "max-uri-length"
	SettingMaxClients               = "max-clients"
	SettingMaxClientsPerOwner       = "max-clients-per-owner"
)

// IsPolicySetting reports whether a setting is a part of the Policy.
func IsPolicySetting(name string) bool {
	switch name {
	case SettingGrantTypes, SettingResponseTypes, SettingAuthMethods, SettingSigningAlgs, SettingUnsigned,
		SettingEncryptionAlgs, SettingEncryptionEncs, SettingScopes, SettingDefaultScopes, SettingExcess,
		SettingRedirectHosts, SettingRedirectSchemes, SettingPagesOnRedirectHost, SettingRequireSoftwareStatement,
		SettingMaxBodySize, SettingMaxRedirectURIs, SettingMaxURILength, SettingMaxClients, SettingMaxClientsPerOwner:
		return true
	}
	return false
}

// InitialAccessToken stands in Error.Setting for the terms of the initial access token that a client is registered
// with, which an administrator set. It is no flag.
const InitialAccessToken = "initial access token"
