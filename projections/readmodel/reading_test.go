package readmodel_test

import (
	"context"
	"slices"

	"pgregory.net/rapid"

	"roster/projections/readmodel"
)

// allPages pages through a query. Every page but the last must be full.
func allPages(t rapid.TB, m readmodel.Reader, q readmodel.ClientQuery) (pages [][]readmodel.ListedClient) {
	t.Helper()
	for {
		page, err := m.Clients(context.Background(), q)
		if err != nil {
			t.Fatalf("clients %+v: %v", q, err)
		}
		pages = append(pages, page.Clients)
		if page.NextCursor == "" {
			return pages
		}
		if len(page.Clients) != q.Limit {
			t.Fatalf("clients %+v: a page of %d that is not the last", q, len(page.Clients))
		}
		q.Cursor = page.NextCursor
	}
}

// rankedByIP counts clients, the newest first, by the address that they were registered from. Where as many have one as
// another, that of the newest client comes first.
func rankedByIP(clients []readmodel.ListedClient, most int) (ranking []readmodel.Ranked) {
	for _, c := range clients {
		at := slices.IndexFunc(ranking, func(r readmodel.Ranked) bool { return r.Value == c.RegisteredFrom })
		switch {
		case c.RegisteredFrom == "":
		case at < 0:
			ranking = append(ranking, readmodel.Ranked{Value: c.RegisteredFrom, Clients: 1})
		default:
			ranking[at].Clients++
		}
	}
	slices.SortStableFunc(ranking, func(a, b readmodel.Ranked) int { return b.Clients - a.Clients })
	return ranking[:min(most, len(ranking))]
}

// foundEvents looks for events to the end, page by page.
func foundEvents(t rapid.TB, m readmodel.Reader, q readmodel.EventQuery) (events []readmodel.Event) {
	t.Helper()
	for {
		page, err := m.FindEvents(context.Background(), q)
		if err != nil {
			t.Fatalf("find events %+v: %v", q, err)
		}
		events = append(events, page.Events...)
		if page.Next == 0 {
			return events
		}
		if page.SearchedTo.IsZero() && len(page.Events) != q.Limit {
			t.Fatalf("find events %+v: a page of %d that is not the last", q, len(page.Events))
		}
		q.Before = page.Next
	}
}

// allOfToken pages through the clients of an initial access token.
func allOfToken(t rapid.TB, m readmodel.Reader, id string) (clients []readmodel.Client) {
	t.Helper()
	for cursor := ""; ; {
		page, err := m.ClientsOfInitialAccessToken(context.Background(), id, 1, cursor)
		if err != nil {
			t.Fatalf("clients of token %s: %v", id, err)
		}
		for _, c := range page.Clients {
			clients = append(clients, c.Client)
		}
		if cursor = page.NextCursor; cursor == "" {
			return clients
		}
	}
}

func allTokens(t rapid.TB, m readmodel.Reader, q readmodel.InitialAccessTokenQuery) (tokens []readmodel.InitialAccessToken) {
	t.Helper()
	for {
		page, err := m.InitialAccessTokens(context.Background(), q)
		if err != nil {
			t.Fatalf("tokens %+v: %v", q, err)
		}
		tokens = append(tokens, page.Tokens...)
		if page.NextCursor == "" {
			return tokens
		}
		if len(page.Tokens) != q.Limit {
			t.Fatalf("tokens %+v: a page of %d that is not the last", q, len(page.Tokens))
		}
		q.Cursor = page.NextCursor
	}
}

func registryAt(t rapid.TB, m readmodel.Reader, at readmodel.Moment) (clients []readmodel.Client) {
	t.Helper()
	err := m.RegistryAt(context.Background(), at, func(stored readmodel.StoredClient) error {
		c, err := stored.Client()
		clients = append(clients, c)
		return err
	})
	if err != nil {
		t.Fatalf("registry at %+v: %v", at, err)
	}
	return clients
}
