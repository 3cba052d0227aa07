package registrar

import (
	"context"
	"time"

	"roster/domain/access"
	"roster/domain/oauth"
)

// Bounds of the documents that are fetched for one caller. Those at once are fewer than the places that a
// remote.Fetcher has, so that nobody takes them all.
const (
	fetchesAtOnce  = 32
	callersFetched = 1 << 16 // that are remembered
)

// TooManyFetches says that so many documents were fetched for a caller that it has to wait.
type TooManyFetches struct {
	RetryAfter time.Duration
}

// Error names the wait.
func (t *TooManyFetches) Error() string {
	return "too many documents were fetched for this address, try again in " + t.RetryAfter.String()
}

// newFetches returns the turns that callers have to fetch documents; nil for no limit.
func newFetches(perMinute int) *access.Callers {
	if perMinute == 0 {
		return nil
	}
	return access.NewCallers(min(perMinute, fetchesAtOnce), time.Minute/time.Duration(perMinute), callersFetched)
}

// learn asks others, for the caller at an address, what a decision is missing and adds it to what is known. It
// returns a *oauth.Error for a software statement that is refused, domain.ErrKeysUnavailable, and a
// *TooManyFetches.
func (r *Registrar) learn(ctx context.Context, from string, now time.Time, missing *oauth.Missing, known *oauth.Evidence) error {
	if missing.SoftwareStatement != "" {
		if err := r.Issuers.verify(ctx, now, missing.SoftwareStatement); err != nil {
			return err
		}
		known.SoftwareStatement = missing.SoftwareStatement
	}
	if missing.SectorIdentifierURI != "" {
		if r.fetches != nil {
			if _, wait := r.fetches.Take(from, now); wait > 0 {
				return &TooManyFetches{RetryAfter: wait}
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
