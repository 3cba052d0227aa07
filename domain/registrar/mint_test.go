package registrar

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestClientSecretsAreUnbiased counts the characters of many secrets: each is as likely as any other. A modulus
// in the place of passing over would make eight of them a fifth more likely.
func TestClientSecretsAreUnbiased(t *testing.T) {
	const secrets = 20_000
	var counts [256]int
	for range secrets {
		secret := newClientSecret()
		if len(secret) != 64 || strings.Trim(secret, base62) != "" {
			t.Fatalf("%q is not 64 characters of base62", secret)
		}
		for _, c := range []byte(secret) {
			counts[c]++
		}
	}
	mean := float64(secrets*64) / 62
	for _, c := range []byte(base62) {
		if off := math.Abs(float64(counts[c]) - mean); off > 8*math.Sqrt(mean) { // eight standard deviations
			t.Errorf("%q came %d times, want about %.0f", c, counts[c], mean)
		}
	}
}

// TestIsID takes what newID makes, and nothing that differs from it in one character.
func TestIsID(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for range 20 {
		id := newID(time.Now())
		if !IsID(id) {
			t.Fatalf("%s is none", id)
		}
		for place := range id {
			for c := range 256 {
				other := id[:place] + string([]byte{byte(c)}) + id[place+1:]
				if IsID(other) != form.MatchString(other) {
					t.Errorf("%q: %v", other, IsID(other))
				}
			}
		}
		for _, other := range []string{"", id[1:], id + "0", id + "\n", strings.ToUpper(id)} {
			if IsID(other) {
				t.Errorf("%q is one", other)
			}
		}
	}
}

func TestInitialAccessTokenID(t *testing.T) {
	id := newID(time.Now())
	for presented, want := range map[string]string{
		newInitialAccessToken(id): id, id + ".": id,
		id: "", "": "", ".": "", "secret": "", "secret.secret": "", id + "x.secret": "", newToken(): "",
	} {
		if got := InitialAccessTokenID(presented); got != want {
			t.Errorf("%q says %q, want %q", presented, got, want)
		}
	}
}
