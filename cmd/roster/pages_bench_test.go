package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"roster/cmd/roster/loadtest"
)

// pageRequests is how often a page is asked for in an operation.
const pageRequests = 100

// BenchmarkPages measures how the pages of the dashboard are answered, one after the other on one connection, with as many
// clients as a large registry has and twice as many events. Its last part exports all clients.
func BenchmarkPages(b *testing.B) {
	data := variedRegistry(b, *largeClients)
	s, _ := startTimed(b, data)
	s.must(http.StatusOK, "GET", "/api/v1/clients?q=no+such+client", apiToken, "") // so that the index is loaded
	reader := pageReader{s, s.signIn("admin", adminPassword)}
	for _, page := range pagesOf(b, s) {
		b.Run(page.name, func(b *testing.B) { reader.measure(b, page.path) })
	}
	b.Run("export", reader.export)
}

// A benchPage is a page that is measured.
type benchPage struct{ name, path string }

// pagesOf returns all pages, with addresses of what the registry has.
func pagesOf(b *testing.B, s *process) []benchPage {
	b.Helper()
	one := func(path, list, member string) string {
		var found map[string]json.RawMessage
		var of []map[string]any
		answer := s.must(http.StatusOK, "GET", path, apiToken, "").body
		if err := json.Unmarshal(answer, &found); err != nil {
			b.Fatal(err)
		}
		if err := json.Unmarshal(found[list], &of); err != nil || len(of) == 0 {
			b.Fatalf("%s has no %s: %v", path, list, err)
		}
		return fmt.Sprint(of[0][member])
	}
	client := one("/api/v1/clients?changed=2000-01-01..&status=active&limit=1", "clients", "client_id")
	token := one("/api/v1/initial-access-tokens?limit=1", "initial_access_tokens", "id")
	var now struct {
		AsOf struct{ Seq uint64 } `json:"as_of"`
	}
	answer := s.must(http.StatusOK, "GET", "/api/v1/clients?limit=1&at="+time.Now().UTC().Format(time.RFC3339), apiToken, "").body
	if err := json.Unmarshal(answer, &now); err != nil {
		b.Fatal(err)
	}
	last := now.AsOf.Seq
	middle := fmt.Sprint(last / 2)
	return []benchPage{
		{"overview", "/admin/"},
		{"overview/days=365", "/admin/?days=365"},
		{"overview/at=middle", "/admin/?at=" + middle},
		{"clients", "/admin/clients"},
		{"clients/status", "/admin/clients?status=revoked"},
		{"clients/kind", "/admin/clients?kind=native"},
		{"clients/auth", "/admin/clients?auth=private_key_jwt"},
		{"clients/grant", "/admin/clients?grant=refresh_token"},
		{"clients/software", "/admin/clients?software=com.example.product-0"},
		{"clients/owner", "/admin/clients?owner=company-0"},
		{"clients/contact", "/admin/clients?contact=operations@company-0.example"},
		{"clients/host", "/admin/clients?host=app-7.company-0.example"},
		{"clients/token", "/admin/clients?token=" + token},
		{"clients/ip", "/admin/clients?ip=198.18.0.0"},
		{"clients/registered", "/admin/clients?registered=" + time.Now().AddDate(0, 0, -30).Format(time.DateOnly)},
		{"clients/changed", "/admin/clients?changed=never"},
		{"clients/secret", "/admin/clients?secret=14d"},
		{"clients/caution", "/admin/clients?caution=impersonation"},
		{"clients/sort=changed", "/admin/clients?sort=changed"},
		{"clients/sort=name", "/admin/clients?sort=name"},
		{"clients/never-meet", "/admin/clients?kind=native&auth=client_secret_basic"},
		{"clients/search=hit", "/admin/clients?q=product+77"},
		{"clients/search=miss", "/admin/clients?q=no+such+client"},
		{"clients/at=middle", "/admin/clients?at=" + middle},
		{"clients/at=middle/filtered", "/admin/clients?status=revoked&at=" + middle},
		{"clients/at=middle/search=miss", "/admin/clients?q=no+such+client&at=" + middle},
		{"client", "/admin/clients/" + client},
		{"client/at=end", "/admin/clients/" + client + "?at=" + fmt.Sprint(last)},
		{"diff/last-100000", "/admin/diff?from=" + fmt.Sprint(last-min(100_000, last-1))},
		{"diff/changed", "/admin/diff?change=unchanged&from=" + middle},
		{"activity", "/admin/events"},
		{"activity/type", "/admin/events?type=ClientRevoked"},
		{"activity/actor", "/admin/events?actor=admin:admin-3"},
		{"activity/address", "/admin/events?ip=198.18.0.0"},
		{"activity/network", "/admin/events?ip=198.18.7.0/24"},
		{"activity/member", "/admin/events?member=redirect_uris"},
		{"activity/token", "/admin/events?token=" + token},
		{"activity/client", "/admin/events?client=" + client},
		{"activity/time", "/admin/events?until=" + time.Now().AddDate(0, 0, -100).Format(time.DateOnly)},
		{"activity/never-meet", "/admin/events?type=ClientDeleted&actor=admin"},
		{"event", "/admin/events/" + middle},
		{"tokens", "/admin/tokens"},
		{"token", "/admin/tokens/" + token},
		{"refusals", "/admin/refusals"},
		{"settings", "/admin/settings"},
	}
}

// A pageReader is an administrator who is signed in.
type pageReader struct {
	s       *process
	session *http.Cookie
}

// request writes out a request for a page.
func (r pageReader) request(path string) []byte {
	request := loadtest.NewRequest("GET", strings.TrimPrefix(r.s.base, "http://"), path, "", "")
	headers := "Cookie: " + r.session.Name + "=" + r.session.Value + "\r\nAccept-Encoding: gzip\r\n\r\n"
	return append(bytes.TrimSuffix(request, []byte("\r\n")), headers...)
}

// measure asks for a page again and again, and reports how large it is, compressed.
func (r pageReader) measure(b *testing.B, path string) {
	request, size := r.request(path), 0
	measure(b, contend(b, r.s), loadtest.Load{
		Connections: 1, Requests: pageRequests * b.N, Status: http.StatusOK, Request: func(int) []byte { return request },
		Answer: func(_ int, body []byte) error {
			size = len(body)
			return nil
		},
	})
	b.ReportMetric(float64(size), "gzip-B")
}

// export reads a file with all clients to its end, and reports how much memory the program took at most meanwhile.
func (r pageReader) export(b *testing.B) {
	c := contend(b, r.s)
	before, err := c.process.Memory()
	if err != nil {
		b.Fatal(err)
	}
	most, clients := before, 0
	for range b.N {
		request, err := http.NewRequestWithContext(b.Context(), "GET", r.s.base+"/admin/clients/export", nil)
		if err != nil {
			b.Fatal(err)
		}
		request.AddCookie(r.session)
		request.Header.Set("Accept-Encoding", "gzip")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		file := io.Reader(response.Body)
		if response.Header.Get("Content-Encoding") == "gzip" {
			if file, err = gzip.NewReader(response.Body); err != nil {
				b.Fatal(err)
			}
		}
		for buffer := make([]byte, 1<<20); ; {
			n, err := io.ReadFull(file, buffer)
			clients += bytes.Count(buffer[:n], []byte{'\n'})
			used, memoryErr := c.process.Memory()
			if memoryErr != nil {
				b.Fatal(memoryErr)
			}
			most = max(most, used)
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		response.Body.Close()
	}
	b.ReportMetric(float64(clients)/b.Elapsed().Seconds(), "clients/s")
	b.ReportMetric(megabytes(before), "MB-before")
	b.ReportMetric(megabytes(most), "MB-most")
}
