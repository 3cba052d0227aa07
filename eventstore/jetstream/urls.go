package jetstream

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// errURL tells nothing of the URL, which may hold a password.
var errURL = errors.New("must be URLs of hosts alone, comma-separated, such as nats://nats.example.org:4222; special characters of a user name or password must be percent-encoded")

// CheckURLs refuses comma-separated URLs that are no addresses of NATS servers. Its error tells nothing of them.
func CheckURLs(urls string) error {
	for text := range strings.SplitSeq(urls, ",") {
		if _, err := parseURL(text); err != nil {
			return err
		}
	}
	return nil
}

// parseURL reads one URL as nats.go does, for which the scheme may be left out. It takes nothing behind the
// host: what stands there may belong to a password.
func parseURL(text string) (*url.URL, error) {
	text = strings.TrimSuffix(strings.TrimSpace(text), "/")
	if !strings.Contains(text, "://") {
		text = "nats://" + text
	}
	u, err := url.Parse(text)
	if err != nil || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) || u.Hostname() == "" ||
		u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errURL
	}
	return u, nil
}

// redact takes user information out of URLs that CheckURLs accepts.
func redact(urls string) string {
	var parts []string
	for text := range strings.SplitSeq(urls, ",") {
		if u, err := parseURL(text); err == nil {
			u.User = nil
			parts = append(parts, u.String())
		}
	}
	return strings.Join(parts, ",")
}
