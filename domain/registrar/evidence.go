package registrar

import (
	"context"
	"time"

	"roster/domain"
)

// learn asks others what a decision is missing and adds it to what is known. It returns a *domain.Error
// for a software statement that is refused, and domain.ErrKeysUnavailable.
func (r *Registrar) learn(ctx context.Context, now time.Time, missing *domain.Missing, known *domain.Evidence) error {
	if missing.SoftwareStatement != "" {
		if err := r.Issuers.verify(ctx, now, missing.SoftwareStatement); err != nil {
			return err
		}
		known.SoftwareStatement = missing.SoftwareStatement
	}
	if missing.SectorIdentifierURI != "" {
		known.Sector = &domain.Sector{
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
	uris, err := domain.ParseSector(body)
	if err != nil {
		return nil
	}
	return uris
}
