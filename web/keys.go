package web

import (
	"fmt"
	"slices"

	"roster/domain/oauth"
)

// kindOfKey says what a key is: "EC P-256", "RSA 2048 bits".
func kindOfKey(k oauth.Key) string {
	switch {
	case k.Bits > 0:
		return fmt.Sprintf("%s %d bits", k.Type, k.Bits)
	case k.Curve != "":
		return k.Type + " " + k.Curve
	}
	return k.Type
}

// keysBeyond names the keys of a set that another set lacks. A key whose name is in both is named with all that can
// tell the two apart.
func keysBeyond(keys, others []oauth.Key) (names []string) {
	for _, k := range keys {
		if slices.Contains(others, k) {
			continue
		}
		name := "key without kid"
		if k.ID != "" {
			name = "key " + k.ID
		}
		details := kindOfKey(k)
		if slices.ContainsFunc(others, func(other oauth.Key) bool { return other.ID == k.ID }) {
			for _, d := range []struct{ label, value string }{{"use", k.Use}, {"alg", k.Algorithm}, {"thumbprint", k.Thumbprint}} {
				if d.value != "" {
					details += ", " + d.label + " " + d.value
				}
			}
		}
		names = append(names, name+" ("+details+")")
	}
	return names
}
