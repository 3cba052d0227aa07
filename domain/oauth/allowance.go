package oauth

import (
	"slices"
	"strings"
)

// An allowance is the list of values that one setting allows.
type allowance struct {
	setting string // empty: a specification allows it
	values  []string
}

// refusal is the fault of a value that is not on the list. It tells the list.
func (a allowance) refusal() *fault {
	allowed := ""
	if len(a.values) > 0 {
		allowed = "; allowed are " + strings.Join(a.values, ", ")
	}
	return policyFault(a.setting, "is not allowed by", allowed)
}

func (p Policy) grantTypes() allowance    { return allowance{SettingGrantTypes, p.GrantTypes} }
func (p Policy) responseTypes() allowance { return allowance{SettingResponseTypes, p.ResponseTypes} }
func (p Policy) authMethods() allowance   { return allowance{SettingAuthMethods, p.AuthMethods} }
func (p Policy) signingAlgs() allowance   { return allowance{SettingSigningAlgs, p.SigningAlgs} }
func (p Policy) encryptionAlgs() allowance {
	return allowance{SettingEncryptionAlgs, p.EncryptionAlgs}
}
func (p Policy) encryptionEncs() allowance {
	return allowance{SettingEncryptionEncs, p.EncryptionEncs}
}
func (p Policy) scopes() allowance        { return allowance{SettingScopes, p.Scopes} }
func (p Policy) redirectHosts() allowance { return allowance{SettingRedirectHosts, p.RedirectHosts} }
func (p Policy) redirectSchemes() allowance {
	return allowance{SettingRedirectSchemes, p.RedirectSchemes}
}

// usableEncryptionAlgs is encryptionAlgs, or nothing where no content encryption is allowed: an algorithm for keys is
// of no use without one for content.
func (p Policy) usableEncryptionAlgs() allowance {
	if len(p.EncryptionEncs) == 0 {
		return p.encryptionEncs()
	}
	return p.encryptionAlgs()
}

func (p Policy) signingAlgsOrNone() allowance {
	allowed := p.signingAlgs()
	if p.Unsigned {
		allowed.values = slices.Concat(allowed.values, []string{"none"})
	}
	return allowed
}

func (p Policy) asymmetricSigningAlgs() allowance {
	allowed := p.signingAlgs()
	allowed.values = slices.DeleteFunc(slices.Clone(allowed.values), isSymmetricAlg)
	return allowed
}

func (p Policy) allowsScope(scope string) bool {
	return len(p.Scopes) == 0 || slices.Contains(p.Scopes, scope)
}

// allowsHost reports whether destinations may have a host, given in lower case.
func (p Policy) allowsHost(host string) bool {
	return len(p.RedirectHosts) == 0 || matchesHost(p.RedirectHosts, host)
}

// isHostRule reports whether s can be a rule of matchesHost: a host in lower case, with or without a dot before it.
func isHostRule(s string) bool { return uri{host: strings.TrimPrefix(s, ".")}.isName() }

// matchesHost reports whether a host, given in lower case, is one of the rules, or is below a rule that begins with a
// dot.
func matchesHost(rules []string, host string) bool {
	return slices.ContainsFunc(rules, func(rule string) bool {
		return host == rule || rule[0] == '.' && strings.HasSuffix(host, rule)
	})
}

// allowsScheme reports whether redirect URIs may have a private-use scheme, given in lower case.
func (p Policy) allowsScheme(scheme string) bool {
	return len(p.RedirectSchemes) == 0 || slices.Contains(p.RedirectSchemes, scheme)
}
