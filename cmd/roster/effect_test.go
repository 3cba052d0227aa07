package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"roster/domain/oauth"
	"roster/web"
)

// settingsInEffect are the settings of serve with this command line, by their names.
func settingsInEffect(t *testing.T, args ...string) map[string]web.Setting {
	t.Helper()
	command, err := parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]web.Setting{}
	for _, s := range command.(*serveCommand).inEffect {
		byName[s.Name] = s
	}
	return byName
}

// The dashboard is told every setting with its value and where that came from, and no secret.
func TestSettingsInEffect(t *testing.T) {
	secrets := []string{"the administrator's password", strings.Repeat("t", 64), strings.Repeat("k", 43) + "=", "nats-password"}
	t.Setenv("ROSTER_MAX_CLIENTS", "5")
	t.Setenv("ROSTER_ADMIN_PASSWORD", secrets[0])
	t.Setenv("ROSTER_REGISTRATION", "closed")
	got := settingsInEffect(t, "serve", "--registration", "token", "--allow-scopes", "openid,profile", "--no-allow-unsigned",
		"--secret-lifetime", "720h", "--trusted-proxies", "10.0.0.0/8,192.0.2.1", "--software-issuers", "https://issuer.example=https://issuer.example/keys",
		"--api-tokens", "audit="+secrets[1], "--secret-key", secrets[2], "--nats-url", "nats://roster:"+secrets[3]+"@nats.example:4222")
	for name, want := range map[string]web.Setting{
		"max-clients":      {Value: "5", Source: web.FromEnvironment},
		"registration":     {Value: "token", Source: web.FromFlag},
		"allow-scopes":     {Value: "openid, profile", Source: web.FromFlag},
		"allow-unsigned":   {Value: "false", Source: web.FromFlag},
		"secret-lifetime":  {Value: "720h0m0s", Source: web.FromFlag},
		"trusted-proxies":  {Value: "10.0.0.0/8, 192.0.2.1/32", Source: web.FromFlag},
		"software-issuers": {Value: "https://issuer.example=https://issuer.example/keys", Source: web.FromFlag},
		"data":             {Value: "./data", Source: web.FromDefault},
		"default-scopes":   {Source: web.FromDefault},
		"admin-password":   {Secret: true, IsSet: true, Source: web.FromEnvironment},
		"api-tokens":       {Secret: true, IsSet: true, Source: web.FromFlag},
		"secret-key":       {Secret: true, IsSet: true, Source: web.FromFlag},
		"nats-url":         {Secret: true, IsSet: true, Source: web.FromFlag},
	} {
		s := got[name]
		want.Name, want.Environment, want.Meaning = name, "ROSTER_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_")), s.Meaning
		if s != want || s.Meaning == "" {
			t.Errorf("%s is %+v, want %+v", name, s, want)
		}
	}
	for name, s := range got {
		if slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(s.Value, secret) }) {
			t.Errorf("%s tells a secret", name)
		}
	}
	if len(got) != len(serveFlags(t)) {
		t.Errorf("%d settings of %d", len(got), len(serveFlags(t)))
	}
}

// A setting whose name speaks of a secret is not shown, but for those that only speak of one.
func TestSecretSettingsAreMarked(t *testing.T) {
	harmless := []string{"admin-password-file", "secret-lifetime", "rotate-registration-access-token"}
	for name, s := range settingsInEffect(t, "serve") {
		speaks := slices.ContainsFunc([]string{"password", "token", "key", "secret"}, func(word string) bool { return strings.Contains(name, word) })
		if speaks && !s.Secret && !slices.Contains(harmless, name) {
			t.Errorf("%s is shown: give it the tag secret, or name it as harmless", name)
		}
	}
}

// The settings of the policy are those that the group of them has.
func TestPolicySettingsAreKnown(t *testing.T) {
	policy, err := kong.New(&policySettings{}, policyDefaults(), kong.NoDefaultHelp())
	if err != nil {
		t.Fatal(err)
	}
	var own []string
	for _, flag := range policy.Model.Flags {
		own = append(own, flag.Name)
	}
	for _, flag := range serveFlags(t) {
		if is := oauth.IsPolicySetting(flag.Name); is != slices.Contains(own, flag.Name) {
			t.Errorf("%s is a setting of the policy: %t", flag.Name, is)
		}
	}
}
