package api_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// Over HTTP, with the log in memory: what the API costs, less the log.

func BenchmarkRegister(b *testing.B) {
	s := start(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.exchange(b, "POST", clientsPath, "", webClient, http.StatusCreated)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	s := start(b)
	clients := make([]registered, 1000)
	for i := range clients {
		clients[i] = s.client(webClient)
	}
	var turn atomic.Uint64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			client := clients[turn.Add(1)%uint64(len(clients))]
			s.exchange(b, "GET", client.path, client.token, "", http.StatusOK)
		}
	})
}

func BenchmarkRefuse(b *testing.B) {
	s := start(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.exchange(b, "POST", clientsPath, "", `{"redirect_uris":["http://public.example/"]}`, http.StatusBadRequest)
		}
	})
}

// exchange sends a request and throws the answer away.
func (s *service) exchange(b *testing.B, method, path, token, document string, status int) {
	request, _ := http.NewRequest(method, s.URL+path, strings.NewReader(document))
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.Client().Do(request)
	if err != nil {
		b.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	if response.StatusCode != status {
		b.Errorf("got %s, want %d", response.Status, status)
	}
}
