package search_test

import (
	"testing"
	"time"

	"roster/projections/readmodel/search"
)

// TestWords finds a client by what people read, and by nothing else.
func TestWords(t *testing.T) {
	t.Parallel()
	entry := func(m search.Metadata) search.Entry {
		return search.Entry{Seq: 1, Origin: &search.Origin{ID: "0197f2c0-aaaa-7bbb-8ccc-00000000beef", Registered: time.Unix(1, 0)}, Metadata: &m}
	}
	teams := search.Metadata{Name: "Microsoft Teams", Owner: "IT", Software: "com.microsoft.teams", Version: "2.1", Hosts: []string{"login.example.net"}}
	for name, test := range map[string]struct {
		metadata search.Metadata
		finds    []string
		not      []string
	}{
		"words in any order, in any case": {teams,
			[]string{"", "micro", "TEAMS microsoft", "teams it", "  soft   team ", "com.microsoft.teams", "LOGIN.example.net", "net teams", "2.1", "Мicrosоft"},
			[]string{"microsoft slack", "teamsmicrosoft", "teamsIT", "microsoft.net", "\x1f"}},
		"a part of the id": {teams,
			[]string{"0197f2c0-aaaa-7bbb-8ccc-00000000beef", "97F2C0-AAAA", "00beef", "beef", "0beef", "0197f", "00beef teams"},
			[]string{"eef", "97f2c", "00bee", "97f2c1", "00beef0197", "00beefx"}},
		"Cyrillic letters": {search.Metadata{Name: "Microsоft Теаms"}, []string{"microsoft", "teams MICROSOFT", "Microsоft", "ТЕАMS", "теаms"}, []string{"google"}},
		"Greek capitals":   {search.Metadata{Name: "ΜΙCROSOFT"}, []string{"microsoft", "μιcrosoft"}, nil},
		"full width":       {search.Metadata{Name: "Ｍｉｃｒｏｓｏｆｔ　３６５"}, []string{"microsoft 365", "ＭＩＣＲＯ"}, nil},
		"mathematical":     {search.Metadata{Name: "𝐌𝒾𝓬𝕣𝔬𝖘𝗈𝚏𝚝"}, []string{"Microsoft"}, nil},
		"decomposed":       {search.Metadata{Name: "Cafe\u0301"}, []string{"caf\u00e9", "CAFE\u0301", "cafe"}, nil},
		"composed":         {search.Metadata{Name: "Caf\u00e9"}, []string{"cafe\u0301", "café", "cafe"}, nil},
		"what is not seen": {search.Metadata{Name: "Micro\u200bsoft\u00ad"}, []string{"microsoft"}, nil},
		"ASCII for itself": {search.Metadata{Name: "Farm 10"}, []string{"farm", "10"}, []string{"farrn", "lO", "1O"}},
		"other scripts":    {search.Metadata{Name: "東京電力 Москва"}, []string{"京電", "МОСКВА", "москва 東京"}, []string{"大阪"}},
		"an owner alone":   {search.Metadata{Owner: "Finance"}, []string{"fin"}, []string{"x"}},
		"not valid UTF-8":  {search.Metadata{Name: "a\xffb"}, []string{"a", "a\xfeb", "a\ufffdb"}, []string{"ab"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range test.finds {
				if !(search.Query{Text: text}).Selects(entry(test.metadata)) {
					t.Errorf("%q does not find %q", text, test.metadata.Name)
				}
			}
			for _, text := range test.not {
				if (search.Query{Text: text}).Selects(entry(test.metadata)) {
					t.Errorf("%q finds %q", text, test.metadata.Name)
				}
			}
		})
	}
}
