package registrar

import (
	"math"
	"strings"
	"testing"
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
