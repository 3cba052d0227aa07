package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roster/cmd/roster/vault"
	"roster/domain"
	"roster/eventstore/jetstream"
)

// Clients whose secret an authorization server needs again, each for another reason.
var sharedKeyClients = map[string]string{
	"client_secret_jwt":     `{"redirect_uris":["https://client.example.org/cb"],"token_endpoint_auth_method":"client_secret_jwt"}`,
	"signed ID tokens":      `{"redirect_uris":["https://client.example.org/cb"],"id_token_signed_response_alg":"HS256"}`,
	"encrypted ID tokens":   `{"redirect_uris":["https://client.example.org/cb"],"id_token_encrypted_response_alg":"A256KW"}`,
	"signed request object": `{"redirect_uris":["https://client.example.org/cb"],"request_object_signing_alg":"HS512"}`,
}

// logged returns clients as the log of a stopped program has them, by their client_id.
func logged(t *testing.T, data string, clients map[string]ownedClient) map[string]domain.Client {
	t.Helper()
	unlock, err := jetstream.Lock(data)
	if err != nil {
		t.Fatal(err)
	}
	log, err := jetstream.Open(t.Context(), jetstream.Options{Dir: data, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(errors.Join(err, unlock()))
	}
	defer func() {
		if err := errors.Join(log.Close(), unlock()); err != nil {
			t.Error(err)
		}
	}()
	found := map[string]domain.Client{}
	for _, known := range clients {
		_, err := log.Load(t.Context(), domain.ClientAggregate(known.id), 0, func(e domain.Envelope) {
			found[known.id] = domain.Evolve(found[known.id], e.Aggregate, e.Event)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// keysOf reads keys from their text.
func keysOf(t *testing.T, encoded ...string) vault.Keyring {
	t.Helper()
	ring, err := vault.ParseKeyring(strings.Join(encoded, ","))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// The client_secret that a client was told, and nothing else, is what the log holds sealed for it. It opens with the
// key that it was sealed with for as long as that is kept, whatever key seals by then.
func TestSealedSecretsOpen(t *testing.T) {
	data := t.TempDir()
	registerAll := func(s *process) map[string]ownedClient {
		clients := map[string]ownedClient{}
		for name, document := range sharedKeyClients {
			clients[name] = s.register(document)
		}
		// The secret of a client that begins to need it only now is another.
		c := s.register(webApp)
		a := s.must(http.StatusOK, "PUT", c.uri, c.token,
			`{"client_id":"`+c.id+`","redirect_uris":["https://client.example.org/cb"],"token_endpoint_auth_method":"client_secret_jwt"}`)
		if fresh := a.member("client_secret"); fresh == "" || fresh == c.secret {
			t.Errorf("a client that needs a shared key from now on is told the secret %q", fresh)
		} else {
			c.secret = fresh
		}
		clients["changed"] = c
		return clients
	}
	opens := func(when string, ring vault.Keyring, clients map[string]ownedClient) {
		t.Helper()
		found := logged(t, data, clients)
		for name, c := range clients {
			secret := found[c.id].Secret
			if secret == nil {
				t.Errorf("%s, %s: no secret in the log", when, name)
				continue
			}
			if opened, err := ring.Open(c.id, secret.Sealed); opened != c.secret || c.secret == "" || err != nil {
				t.Errorf("%s, %s: opens as %q, %v, want %q", when, name, opened, err, c.secret)
			}
			for other, d := range clients {
				if _, err := ring.Open(d.id, secret.Sealed); other != name && !errors.Is(err, vault.ErrNotOpened) {
					t.Errorf("%s, %s: opens for the client of %s: %v", when, name, other, err)
				}
			}
		}
	}

	s := start(t, data)
	before := registerAll(s)
	plain := s.register(webApp)
	s.stop()
	file, err := os.ReadFile(filepath.Join(data, sealingKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	former := strings.TrimSpace(string(file))
	opens("with roster.key", keysOf(t, former), before)
	if secret := logged(t, data, map[string]ownedClient{"": plain})[plain.id].Secret; secret == nil || len(secret.Sealed) > 0 {
		t.Errorf("a secret that nobody needs again is in the log as %+v", secret)
	}

	next := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("n"), vault.KeySize))
	s = start(t, data, "--secret-key", next+","+former)
	after := registerAll(s)
	s.stop()
	rotated := keysOf(t, next, former)
	opens("registered before the rotation", rotated, before)
	opens("registered after the rotation", rotated, after)
	opens("registered after the rotation, with the new key alone", keysOf(t, next), after)
	for id, c := range logged(t, data, after) {
		if _, err := keysOf(t, former).Open(id, c.Secret.Sealed); !errors.Is(err, vault.ErrNotOpened) {
			t.Errorf("registered after the rotation, with the former key alone: %v", err)
		}
	}
	for id, c := range logged(t, data, before) {
		if _, err := keysOf(t, next).Open(id, c.Secret.Sealed); !errors.Is(err, vault.ErrNotOpened) {
			t.Errorf("registered before the rotation, with the new key alone: %v", err)
		}
	}
}
