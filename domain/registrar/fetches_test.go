package registrar_test

import (
	"errors"
	"testing"
	"time"

	"roster/domain/access"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore/memory"
)

// Documents are fetched so often for one address, for registrations and updates alike. What needs none goes on.
func TestFetchesAreLimited(t *testing.T) {
	const plain, paired = `{"redirect_uris":["https://a.example/cb"]}`, `{"redirect_uris":["https://a.example/cb"],"sector_identifier_uri":"https://a.example/s","subject_type":"pairwise"}`
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := registrar.New(registrar.Options{
		Log: memory.New(), Sealer: marker{}, Policy: oauth.DefaultPolicy,
		Fetcher: new(asked), FetchRate: 3, Now: func() time.Time { return now },
	})
	register := func(from, body string) (registrar.Registration, error) {
		return r.Register(t.Context(), from, parse(t, body))
	}
	update := func(from, body string) error {
		c, err := register("198.51.100.1", plain)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Update(t.Context(), from, c.Client.ID, c.RegistrationAccessToken, parse(t, `{"client_id":"`+c.Client.ID+`",`+body[1:]))
		return err
	}
	for range 2 {
		if err := update("192.0.2.1", paired); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := register("192.0.2.1", paired); err != nil {
		t.Fatal(err)
	}
	_, registered := register("192.0.2.1", paired)
	for name, err := range map[string]error{"registration": registered, "update": update("192.0.2.1", paired)} {
		var many *access.Throttled
		if !errors.As(err, &many) || many.RetryAfter <= 0 || many.RetryAfter > 20*time.Second {
			t.Errorf("%s beyond the limit: %v", name, err)
		}
	}
	if err := update("192.0.2.1", plain); err != nil {
		t.Errorf("an update that needs no document: %v", err)
	}
	if err := update("192.0.2.2", paired); err != nil {
		t.Errorf("another address: %v", err)
	}
	now = now.Add(20 * time.Second)
	if err := update("192.0.2.1", paired); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}
