package registrar

import (
	"context"
	"errors"
	"time"

	"roster/domain/access"
	"roster/domain/oauth"
)

const (
	// fetchesAtOnce is how many documents can be fetched for one caller at a time. It is below the number of
	// fetches that a Fetcher makes at a time, so that nobody takes them all.
	fetchesAtOnce = 32
	// callersFetched is how many callers are remembered.
	callersFetched = 1 << 16
)

// askingOthers tries something with what others have said so far. Whenever try returns an *oauth.Missing, it asks
// them for that and tries again, so that nothing is asked twice. It returns the other errors of try, an *oauth.Error
// for a software statement that is refused, domain.ErrKeysUnavailable, and an *access.Throttled.
func (r *Registrar) askingOthers(ctx context.Context, from string, try func(known oauth.Evidence) error) error {
	var known oauth.Evidence
	for {
		err := try(known)
		missing := (*oauth.Missing)(nil)
		if !errors.As(err, &missing) {
			return err
		}
		if err := r.learn(ctx, from, r.Now(), missing, &known); err != nil {
			return err
		}
	}
}

// newFetches returns the limit of the documents that are fetched for one caller; nil for no limit.
func newFetches(perMinute int) *access.Callers {
	if perMinute == 0 {
		return nil
	}
	return access.NewCallers(min(perMinute, fetchesAtOnce), time.Minute/time.Duration(perMinute), callersFetched)
}

// learn asks others, for the caller at an address, what a decision is missing and adds it to what is known. Its
// errors are those of askingOthers.
func (r *Registrar) learn(ctx context.Context, from string, now time.Time, missing *oauth.Missing, known *oauth.Evidence) error {
	if missing.SoftwareStatement != "" {
		if err := r.Issuers.verify(ctx, now, missing.SoftwareStatement); err != nil {
			return err
		}
		known.SoftwareStatement = missing.SoftwareStatement
	}
	if missing.SectorIdentifierURI != "" {
		if r.fetches != nil {
			_, wait := r.fetches.Take(from, now)
			if err := access.TooMany("documents fetched for this address", access.SettingRegistrationRate, wait); err != nil {
				return err
			}
		}
		known.Sector = &oauth.Sector{
			URI:  missing.SectorIdentifierURI,
			URIs: r.sectorAt(ctx, missing.SectorIdentifierURI),
		}
	}
	return ctx.Err()
}

// sectorAt returns the URIs of the sector at a sector_identifier_uri, nil when they cannot be had.
func (r *Registrar) sectorAt(ctx context.Context, uri string) []string {
	if r.Fetcher == nil {
		return nil
	}
	body, err := r.Fetcher.Fetch(ctx, uri)
	if err != nil {
		return nil
	}
	uris, err := oauth.ParseSector(body)
	if err != nil {
		return nil
	}
	return uris
}
