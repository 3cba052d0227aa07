package ui

import (
	"context"
	"strings"
	"time"
)

type zoneKey struct{}

// WithZone returns a context in which pages show times in a time zone. Without it they show them in UTC.
func WithZone(ctx context.Context, zone *time.Location) context.Context {
	return context.WithValue(ctx, zoneKey{}, zone)
}

// zoneOf returns the time zone in which a page shows times.
func zoneOf(ctx context.Context) *time.Location {
	if zone, ok := ctx.Value(zoneKey{}).(*time.Location); ok {
		return zone
	}
	return time.UTC
}

// zoneLabel names a time zone where there is little room, by its city: "UTC", "Berlin", "Buenos Aires".
func zoneLabel(zone *time.Location) string {
	name := zone.String()
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
}

// utcTitle is a time to the second in UTC, which every time tells whoever points at it.
func utcTitle(t time.Time) string { return t.UTC().Format(SecondLayout) + " UTC" }
