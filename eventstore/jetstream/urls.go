package jetstream

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// errURL does not quote the URL, which may hold a password.
var errURL = errors.New("must be URLs of hosts alone, comma-separated, such as nats://nats.example.org:4222; special characters of a user name or password must be percent-encoded")

// CheckURLs returns an error unless urls are comma-separated URLs of NATS servers. The error does not quote them.
func CheckURLs(urls string) error {
	for text := range strings.SplitSeq(urls, ",") {
		if _, err := parseURL(text); err != nil {
			return err
		}
	}
	return nil
}

// parseURL reads one URL as nats.go does: without a scheme it is nats://. It refuses anything behind the host, which
// may be part of a password that is not percent-encoded.
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
