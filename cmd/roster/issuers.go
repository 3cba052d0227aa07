package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"roster/cmd/roster/outbound"
	"roster/domain/keyset"
	"roster/domain/oauth"
	"roster/domain/registrar"
)

// issuerSources are where the keys of issuers are, a file or an https URL, by the names of the issuers.
type issuerSources map[string]string

// UnmarshalText reads ISS=SOURCE,ISS=SOURCE. The first equals sign ends the name.
func (sources *issuerSources) UnmarshalText(text []byte) error {
	*sources = issuerSources{}
	if len(text) == 0 {
		return nil
	}
	for pair := range strings.SplitSeq(string(text), ",") {
		issuer, source, _ := strings.Cut(pair, "=")
		switch {
		case issuer == "" || source == "" || isURL(source) && !isKeysURL(source):
			return errors.New("must be ISS=FILE or ISS=https URL, comma-separated")
		case (*sources)[issuer] != "":
			return errors.New("must name each issuer once")
		case hasUser(issuer):
			return errors.New("must name issuers without user information")
		}
		(*sources)[issuer] = source
	}
	return nil
}

// String returns the issuers with their sources, sorted.
func (sources issuerSources) String() string {
	var pairs []string
	for issuer, source := range sources {
		pairs = append(pairs, issuer+"="+source)
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ", ")
}

// trusted returns the issuers whose software statements are trusted. Their keys are read when they are needed first,
// so that the start does not depend on other servers. Statements may name this server as their audience by the URLs
// that clients see.
func (sources issuerSources) trusted(publicURL string, logger *slog.Logger) registrar.Issuers {
	issuers := registrar.Issuers{
		Keys:     map[string]*keyset.Set{},
		Audience: []string{publicURL, publicURL + "/", publicURL + "/identity/register", publicURL + "/identity/connect/register"},
	}
	fetcher := outbound.New(logger) // of its own: clients' documents must not take its places
	for issuer, source := range sources {
		read := func(context.Context) ([]byte, error) { return readFile(source) }
		if isURL(source) {
			read = func(ctx context.Context) ([]byte, error) { return fetcher.Fetch(ctx, source) }
		}
		issuers.Keys[issuer] = keyset.New(read, logger.With("issuer", issuer))
	}
	return issuers
}

// trusts reports whether the software statements of an issuer are trusted.
func (sources issuerSources) trusts(issuer string) bool { return sources[issuer] != "" }

// validate refuses files without keys. What others serve is not asked for before it is needed.
func (sources issuerSources) validate() error {
	for issuer, source := range sources {
		if isURL(source) {
			continue
		}
		set, err := readFile(source)
		if err == nil {
			_, err = oauth.VerificationKeys(set)
		}
		if err != nil {
			return fmt.Errorf("--software-issuers, keys of %s: %w", issuer, err)
		}
	}
	return nil
}

func isKeysURL(source string) bool {
	u, err := url.Parse(source)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}
