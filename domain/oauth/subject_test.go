package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"roster/domain/oauth"
)

// TestPairwiseSectors has clients with pairwise subjects in every delivery mode (OpenID Connect Core 1.0, 8.1;
// OpenID Connect CIBA Core 1.0, 4), with what is found at their sector_identifier_uri.
func TestPairwiseSectors(t *testing.T) {
	const (
		ciba   = `"grant_types":["urn:openid:params:grant-type:ciba"],`
		both   = `"grant_types":["authorization_code","urn:openid:params:grant-type:ciba"],"redirect_uris":["https://a.example/cb"],`
		poll   = `"backchannel_token_delivery_mode":"poll",`
		ping   = `"backchannel_token_delivery_mode":"ping","backchannel_client_notification_endpoint":"https://a.example/notify",`
		push   = `"backchannel_token_delivery_mode":"push","backchannel_client_notification_endpoint":"https://a.example/notify",`
		keys   = `"jwks_uri":"https://a.example/jwks",`
		sector = `"sector_identifier_uri":"https://s.example/s",`
	)
	const needsKeys, needsSector = "jwks_uri", "sector_identifier_uri"
	var stranger = []string{"https://stranger.example/cb", "https://stranger.example/jwks", "https://stranger.example/notify"}
	for name, test := range map[string]struct {
		members string
		found   []string // at the sector_identifier_uri, which is looked at last
		refused string   // nothing: registered
	}{
		"poll, its jwks_uri":                             {members: ciba + poll + keys},
		"ping, its jwks_uri":                             {members: ciba + ping + keys},
		"push, its notification endpoint":                {members: ciba + push},
		"push without the grant, which it does not need": {members: `"grant_types":["client_credentials"],` + push},
		"push with keys elsewhere":                       {members: ciba + push + `"jwks_uri":"https://keys.example/jwks",`},
		"ping with the endpoint elsewhere":               {members: ciba + strings.Replace(ping, "a.example", "b.example", 1) + keys},
		"poll without jwks_uri":                          {members: ciba + poll, refused: needsKeys},
		"ping without jwks_uri":                          {members: ciba + ping, refused: needsKeys},
		"poll with keys by value":                        {members: ciba + poll + jwks(ecPub) + ",", refused: needsKeys},
		"poll with a signed set":                         {members: ciba + poll + `"signed_jwks_uri":"https://a.example/jwks",`, refused: needsKeys},
		"poll without jwks_uri, in a sector":             {members: ciba + poll + sector, found: stranger, refused: needsKeys},
		"poll beside redirects, without jwks_uri":        {members: both + poll, refused: needsKeys},
		"poll beside redirects of the same host":         {members: both + poll + keys},
		"push beside redirects of the same host":         {members: both + push},
		"poll beside redirects, keys elsewhere":          {members: both + poll + `"jwks_uri":"https://keys.example/jwks",`, refused: needsSector},
		"push beside redirects, to elsewhere":            {members: both + strings.Replace(push, "a.example", "b.example", 1), refused: needsSector},

		"poll, listed":                         {members: ciba + poll + keys + sector, found: []string{"https://a.example/jwks"}},
		"ping, listed":                         {members: ciba + ping + keys + sector, found: []string{"https://x.example/", "https://a.example/jwks"}},
		"push, listed":                         {members: ciba + push + sector, found: []string{"https://a.example/notify"}},
		"poll, empty document":                 {members: ciba + poll + keys + sector, found: []string{}, refused: needsSector},
		"ping, empty document":                 {members: ciba + ping + keys + sector, found: []string{}, refused: needsSector},
		"push, empty document":                 {members: ciba + push + sector, found: []string{}, refused: needsSector},
		"poll, a stranger's":                   {members: ciba + poll + keys + sector, found: stranger, refused: needsSector},
		"ping, a stranger's":                   {members: ciba + ping + keys + sector, found: stranger, refused: needsSector},
		"push, a stranger's":                   {members: ciba + push + sector, found: stranger, refused: needsSector},
		"ping, the endpoint alone":             {members: ciba + ping + keys + sector, found: []string{"https://a.example/notify"}, refused: needsSector},
		"push, the keys alone":                 {members: ciba + push + keys + sector, found: []string{"https://a.example/jwks"}, refused: needsSector},
		"push, differs by case":                {members: ciba + push + sector, found: []string{"https://A.example/notify"}, refused: needsSector},
		"poll, no document":                    {members: ciba + poll + keys + sector, refused: needsSector},
		"poll beside redirects, both listed":   {members: both + poll + keys + sector, found: []string{"https://a.example/cb", "https://a.example/jwks"}},
		"poll beside redirects, the keys":      {members: both + poll + keys + sector, found: []string{"https://a.example/jwks"}, refused: needsSector},
		"poll beside redirects, the redirects": {members: both + poll + keys + sector, found: []string{"https://a.example/cb"}, refused: needsSector},
		"push beside redirects, both listed":   {members: both + push + sector, found: []string{"https://a.example/notify", "https://a.example/cb"}},

		"no redirects and nothing else":                {members: `"grant_types":["client_credentials"],`, refused: needsKeys},
		"a device, its jwks_uri":                       {members: `"grant_types":["urn:ietf:params:oauth:grant-type:device_code"],` + keys},
		"a device in a sector that nothing shows":      {members: `"grant_types":["urn:ietf:params:oauth:grant-type:device_code"],` + sector, found: stranger, refused: needsKeys},
		"a device in a sector of its own":              {members: `"grant_types":["urn:ietf:params:oauth:grant-type:device_code"],` + keys + sector, found: []string{"https://a.example/jwks"}},
		"a device in a stranger's sector":              {members: `"grant_types":["urn:ietf:params:oauth:grant-type:device_code"],` + keys + sector, found: stranger, refused: needsSector},
		"a password client with a stranger's redirect": {members: `"grant_types":["password"],"redirect_uris":["https://stranger.example/cb"],` + sector, found: stranger, refused: needsKeys},
	} {
		t.Run("C-20 "+name, func(t *testing.T) {
			body := "{" + test.members + `"subject_type":"pairwise"`
			r := request(t, body+"}")
			if strings.Contains(body, sector) {
				r.Evidence.Sector = &oauth.Sector{URI: "https://s.example/s", URIs: test.found}
			}
			_, err := admit(t, oauth.DefaultPolicy, r)
			refused := &oauth.Error{}
			if errors.As(err, &refused); refused.Field != test.refused || (err == nil) != (test.refused == "") {
				t.Errorf("error %v, want one at %q", err, test.refused)
			}
		})
	}
}

// TestPublicSectors has clients with public subjects, whose document is held to all that it must list as well
// (OpenID Connect Dynamic Client Registration 1.0, 5), but who need be in no sector.
func TestPublicSectors(t *testing.T) {
	const poll = `"grant_types":["urn:openid:params:grant-type:ciba"],"backchannel_token_delivery_mode":"poll"`
	for name, test := range map[string]struct {
		members string
		found   []string
		ok      bool
	}{
		"7.8 poll without jwks_uri":         {poll, []string{}, true},
		"7.8 poll, its jwks_uri listed":     {poll + `,"jwks_uri":"https://a.example/jwks"`, []string{"https://a.example/jwks"}, true},
		"7.8 poll, its jwks_uri not":        {poll + `,"jwks_uri":"https://a.example/jwks"`, []string{}, false},
		"7.8 no redirects, with a jwks_uri": {`"grant_types":["client_credentials"],"jwks_uri":"https://a.example/jwks"`, []string{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(t, `{"sector_identifier_uri":"https://s.example/s",`+test.members+"}")
			r.Evidence.Sector = &oauth.Sector{URI: "https://s.example/s", URIs: test.found}
			if _, err := admit(t, oauth.DefaultPolicy, r); (err == nil) != test.ok {
				t.Errorf("error %v", err)
			}
		})
	}
}
