package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"time"

	"roster/api/refusals"
	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// What is above the usual needs attention where there is enough of it, and so many times what there was on an average day
// before.
const (
	spikeLeast, spikeTimes       = 100, 3 // clients registered from one address or with one token
	refusalsLeast, refusalsTimes = 50, 2
	daysBefore                   = 7
	// spikesLooked is of how many addresses, and of how many tokens, it is found out what was usual before.
	spikesLooked = 3
)

// lastDay is how far back the overview looks for what happens now.
const lastDay = 24 * time.Hour

// concerns returns what needs attention now, the most urgent first.
func (w *Web) concerns(ctx context.Context, lately registrations) (concerns []ui.Concern, err error) {
	spikes := func(ctx context.Context) ([]ui.Concern, error) { return w.spikes(ctx, lately) }
	for _, look := range []func(context.Context) ([]ui.Concern, error){w.clientConcerns, spikes, w.refusalConcerns} {
		found, err := look(ctx)
		if err != nil {
			return nil, err
		}
		concerns = append(concerns, found...)
	}
	return concerns, nil
}

// clientConcerns are the active clients that something is wrong with, or will be.
func (w *Web) clientConcerns(ctx context.Context) (concerns []ui.Concern, err error) {
	for _, of := range []struct {
		filter, value string
		tone          ui.Tone
		one, many     string // what the sentence says behind "1 active client" or "2 active clients"
	}{
		{"secret", "expired", ui.Bad, "has a secret that has expired.", "have a secret that has expired."},
		{"secret", "14d", ui.Warning, "has a secret that expires within 14 days.", "have a secret that expires within 14 days."},
		{"caution", "impersonation", ui.Warning, "is a possible impersonation.", "are possible impersonations."},
	} {
		params := []string{"status", string(domain.Active), of.filter, of.value}
		n, err := w.countClients(ctx, params...)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			continue
		}
		rest := of.many
		if n == 1 {
			rest = of.one
		}
		concerns = append(concerns, ui.Concern{
			Tone: of.tone, Text: atMostCounted(n, "active client", "active clients"), Rest: " " + rest, Path: addressOf(clientListPath, params...),
		})
	}
	return concerns, nil
}

// atMostCounted writes a number of clients that were counted as far as clients are.
func atMostCounted(n int, singular, plural string) string {
	if n >= readmodel.MaxTotal {
		return ui.Number(readmodel.MaxTotal-1) + "+ " + plural
	}
	return ui.Quantity(n, singular, plural)
}

// registrations are where the clients of the last day were registered from, and with what, the most frequent first.
type registrations struct {
	since             time.Time
	addresses, tokens []readmodel.Ranked
}

// lately ranks where clients were registered from in the last day, and with what.
func (w *Web) lately(ctx context.Context) (lately registrations, err error) {
	lately.since = w.clock().UTC().Add(-lastDay).Truncate(time.Second)
	query := readmodel.ClientQuery{Registered: readmodel.Period{From: lately.since}}
	if lately.addresses, err = w.reader.RankClients(ctx, readmodel.ByIP, query, max(ranksShown, spikesLooked)); err != nil {
		return lately, err
	}
	lately.tokens, err = w.reader.RankClients(ctx, readmodel.ByToken, query, spikesLooked)
	return lately, err
}

// spikes are the addresses and tokens that more clients were registered with than usual.
func (w *Web) spikes(ctx context.Context, lately registrations) (concerns []ui.Concern, err error) {
	since := lately.since
	for _, of := range []struct {
		by      readmodel.Attribute
		ranking []readmodel.Ranked
		filter  string
		rest    string // what the sentence says in front of the value
	}{
		{readmodel.ByIP, lately.addresses, "ip", "registered in the last 24 hours from"},
		{readmodel.ByToken, lately.tokens, "token", "registered in the last 24 hours with the initial access token"},
	} {
		for _, r := range of.ranking[:min(spikesLooked, len(of.ranking))] {
			if r.Clients < spikeLeast {
				break
			}
			before, err := w.countClients(ctx, of.filter, r.Value, "registered", period(since.AddDate(0, 0, -daysBefore), since.Add(-time.Second)))
			if err != nil {
				return nil, err
			}
			usual := float64(before) / daysBefore
			if float64(r.Clients) <= spikeTimes*usual {
				continue
			}
			name, err := w.nameOf(ctx, of.by, r.Value)
			if err != nil {
				return nil, err
			}
			concerns = append(concerns, ui.Concern{
				Tone: ui.Warning, Text: ui.Quantity(r.Clients, "client", "clients") + " " + of.rest, Quoted: name,
				Rest: ", against " + perDay(usual) + " in the " + fmt.Sprint(daysBefore) + " days before.",
				Path: addressOf(clientListPath, of.filter, r.Value, "registered", period(since, time.Time{})),
			})
		}
	}
	return concerns, nil
}

// nameOf is what people know a value by.
func (w *Web) nameOf(ctx context.Context, by readmodel.Attribute, value string) (string, error) {
	if by != readmodel.ByToken {
		return value, nil
	}
	token, err := w.reader.InitialAccessToken(ctx, value)
	if err != nil && !errors.Is(err, domain.ErrNoSuchInitialAccessToken) {
		return "", fmt.Errorf("label of a token: %w", err)
	}
	if token.Label == "" {
		return value, nil
	}
	return "“" + token.Label + "”", nil
}

// refusalConcerns say whether more was refused than usual.
func (w *Web) refusalConcerns(ctx context.Context) ([]ui.Concern, error) {
	path := addressOf(refusalsPath, "since", "day")
	trend, err := w.refused.Trend(ctx)
	if errors.Is(err, refusals.ErrUnavailable) {
		return []ui.Concern{{Tone: ui.Warning, Text: "What was refused", Rest: " cannot be read at present. The server's log says why.", Path: path}}, nil
	}
	if err != nil {
		return nil, err
	}
	days, usual := trend.Days(w.clock()), 0.0
	if days >= 1 {
		usual = float64(trend.Before) / days
	}
	if trend.Recent < refusalsLeast || float64(trend.Recent) <= refusalsTimes*usual {
		return nil, nil
	}
	c := ui.Concern{Tone: ui.Warning, Text: ui.Number(trend.Recent) + " refusals in the last 24 hours", Rest: ".", Path: path}
	if days >= 1 {
		c.Rest = ", against " + perDay(usual) + " before."
	}
	return []ui.Concern{c}, nil
}

// perDay writes an average: "12 a day", "less than 1 a day".
func perDay(n float64) string {
	switch {
	case n == 0:
		return "none"
	case n < 1:
		return "less than 1 a day"
	}
	return ui.Number(int(math.Round(n))) + " a day"
}

// period writes the time from one second to another, both of which are in it, for a filter; a zero one leaves it open.
func period(from, last time.Time) string {
	text := from.Format(time.RFC3339) + ".."
	if !last.IsZero() {
		text += last.Format(time.RFC3339)
	}
	return text
}

// countClients counts the clients of a list with filters, given as names and values.
func (w *Web) countClients(ctx context.Context, params ...string) (int, error) {
	given := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		given.Set(params[i], params[i+1])
	}
	filters, _, err := clientFiltersOf(given)
	if err != nil {
		return 0, err
	}
	query, err := filters.query(w.clock())
	if err != nil {
		return 0, err
	}
	query.Limit, query.Count = 1, true
	found, err := w.reader.Clients(ctx, query)
	return found.Total, err
}
