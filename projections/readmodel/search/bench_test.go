package search_test

import (
	"fmt"
	"testing"
	"time"

	"roster/projections/readmodel/search"
)

// large returns an index of a million clients such as a registry of 5,000 companies has.
func large() *search.Index {
	const clients = 1_000_000
	var index search.Index
	products := []string{"Payment gateway", "Customer portal", "Time sheets", "Order tracking", "Travel expenses", "Wiki", "Help desk"}
	for first := range clients / 1000 {
		var entries []search.Entry
		for i := range 1000 {
			n := first*1000 + i
			owner, software := fmt.Sprintf("company-%d", n%5000), ""
			if n%3 == 0 {
				software = fmt.Sprintf("com.example.product-%d", n%700)
			}
			e := search.Entry{
				Seq: uint64(n + 1),
				Origin: &search.Origin{
					ID: fmt.Sprintf("0197f2c0-aaaa-7bbb-8ccc-%012x", n), Registered: time.Unix(1_767_225_600+int64(n)*20, 0), IP: fmt.Sprintf("203.0.113.%d", n%250),
				},
				Metadata: &search.Metadata{
					Name: fmt.Sprintf("%s_%s %d", owner, products[n%7], n), Owner: owner, Software: software, Kind: []string{"web", "native"}[n%11/10],
					Auth: []string{"client_secret_basic", "private_key_jwt"}[n%5/4], Grants: []string{"authorization_code", "refresh_token"},
					Hosts: []string{fmt.Sprintf("app-%d.%s.example", n, owner)}, Contacts: []string{"ops@" + owner + ".example"},
				},
				Standing: search.Standing{Status: []string{"active", "deleted"}[n%20/19]},
			}
			entries = append(entries, e)
		}
		index.Put(uint64(first+1)*1000, entries...)
	}
	return &index
}

func BenchmarkFind(b *testing.B) {
	index := large()
	for _, query := range []struct {
		name string
		search.Query
	}{
		{"all", search.Query{}},
		{"one=status", search.Query{Status: "deleted"}},
		{"one=owner", search.Query{Owner: "company-77"}},
		{"one=never", search.Query{Status: "lost"}},
		{"two=never-meet", search.Query{Kind: "native", Host: "app-7.company-7.example"}},
		{"two=frequent", search.Query{Status: "deleted", Auth: "private_key_jwt"}},
		{"three", search.Query{Status: "active", Software: "com.example.product-0", Registered: search.Period{From: time.Unix(1_777_000_000, 0)}}},
		{"text=miss", search.Query{Text: "no such client"}},
		{"text=hit", search.Query{Text: "gateway"}},
		{"text=rare", search.Query{Text: "gateway 77777"}},
		{"text=characters", search.Query{Text: "e y"}},
		{"text=id", search.Query{Text: "0000000f423f"}},
		{"text=hex", search.Query{Text: "facade"}},
		{"text=three-words-and-two", search.Query{Text: "example desk company-7", Status: "active", Kind: "web"}},
		{"order=changed", search.Query{Order: search.ChangedFirst}},
		{"order=name", search.Query{Order: search.ByName}},
	} {
		b.Run(query.name, func(b *testing.B) {
			query.Limit, query.Count = 51, 10_001
			for b.Loop() {
				index.Find(query.Query)
			}
		})
	}
}

func BenchmarkRank(b *testing.B) {
	index := large()
	for _, ranking := range []struct {
		name string
		by   search.Attribute
		search.Query
	}{
		{"software", search.Software, search.Query{Status: "active"}},
		{"address/newest=1000", search.IP, search.Query{Registered: search.Period{From: time.Unix(1_767_225_600+999_000*20, 0)}}},
		{"address/newest=all", search.IP, search.Query{}},
	} {
		b.Run(ranking.name, func(b *testing.B) {
			for b.Loop() {
				index.Rank(ranking.by, ranking.Query, 5)
			}
		})
	}
}
