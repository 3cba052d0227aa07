package main

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// externalNATS runs a NATS server with JetStream and returns its URL.
func externalNATS(t *testing.T) string {
	t.Helper()
	nats, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	go nats.Start()
	t.Cleanup(func() {
		nats.Shutdown()
		nats.WaitForShutdown()
	})
	if !nats.ReadyForConnections(deadline) {
		t.Fatal("NATS does not start")
	}
	return nats.ClientURL()
}

// A natsCluster is three NATS servers of which JetStream makes a cluster.
type natsCluster struct {
	t       *testing.T
	options []*server.Options
	nodes   []*server.Server
}

func newNATSCluster(t *testing.T) *natsCluster {
	t.Helper()
	c := &natsCluster{t: t}
	var routes []*url.URL
	for i := range 3 {
		// A node that comes back has to be where it was.
		client, route := freePort(t), freePort(t)
		routes = append(routes, &url.URL{Scheme: "nats", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(route))})
		c.options = append(c.options, &server.Options{
			ServerName: "node" + strconv.Itoa(i), Host: "127.0.0.1", Port: client, JetStream: true, StoreDir: t.TempDir(),
			Cluster: server.ClusterOpts{Name: "roster", Host: "127.0.0.1", Port: route}, NoSigs: true, NoLog: true,
		})
	}
	c.nodes = make([]*server.Server, len(c.options))
	for i, o := range c.options {
		o.Routes = routes
		c.start(i)
	}
	t.Cleanup(func() {
		for i := range c.nodes {
			c.stop(i)
		}
	})
	return c
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// start starts a node and waits for nothing but that it listens.
func (c *natsCluster) start(i int) {
	c.t.Helper()
	node, err := server.NewServer(c.options[i].Clone())
	if err != nil {
		c.t.Fatal(err)
	}
	node.Start()
	if !node.ReadyForConnections(deadline) {
		c.t.Fatal("NATS does not start")
	}
	c.nodes[i] = node
}

func (c *natsCluster) stop(i int) {
	c.nodes[i].Shutdown()
	c.nodes[i].WaitForShutdown()
}

func (c *natsCluster) urls() string {
	var urls []string
	for _, o := range c.options {
		urls = append(urls, "nats://"+net.JoinHostPort(o.Host, strconv.Itoa(o.Port)))
	}
	return strings.Join(urls, ",")
}

// TestNoLeader takes two of three nodes away and gives them back. Meanwhile nothing can be registered or
// changed, and everybody is told to come back later; a process that starts then waits.
func TestNoLeader(t *testing.T) {
	nodes := newNATSCluster(t)
	args := []string{"--nats-url", nodes.urls(), "--nats-replicas", "3"}
	// It is started while the nodes still elect.
	s := start(t, t.TempDir(), args...)
	c := s.register(webApp)

	nodes.stop(1)
	nodes.stop(2)
	update := `{"client_id":"` + c.id + `","redirect_uris":["https://two.example.org/"]}`
	s.eventually("without a leader", func() bool {
		a, err := s.call("GET", "/readyz", "", "")
		return err == nil && a.status == http.StatusServiceUnavailable
	})
	for _, request := range []struct{ method, path, authorization, body string }{
		{"POST", "/identity/register", "", webApp},
		{"PUT", "/identity/register/" + c.id, c.token, update},
		{"DELETE", "/identity/register/" + c.id, c.token, ""},
		{"DELETE", "/api/v1/clients/" + c.id, "admin", ""},
		{"POST", "/api/v1/initial-access-tokens", "admin", `{"label":"x"}`},
	} {
		a := s.must(http.StatusServiceUnavailable, request.method, request.path, request.authorization, request.body)
		if a.header.Get("Retry-After") == "" || a.member("error") != "temporarily_unavailable" {
			t.Errorf("%s %s: Retry-After %q, %s", request.method, request.path, a.header.Get("Retry-After"), a.body)
		}
	}
	s.must(http.StatusOK, "GET", "/api/v1/clients/"+c.id, "admin", "") // what is known can be read
	late := launch(t, t.TempDir(), args...)
	late.eventually("waiting", func() bool { return strings.Contains(late.stderr.String(), "waiting for the event log") })

	nodes.start(1)
	nodes.start(2)
	s.eventually("ready again", func() bool {
		a, err := s.call("GET", "/readyz", "", "")
		return err == nil && a.status == http.StatusOK
	})
	s.eventually("changed", func() bool { // the leader may change once more
		a, err := s.call("PUT", "/identity/register/"+c.id, c.token, update)
		return err == nil && a.status == http.StatusOK
	})
	select {
	case late.base = <-late.addresses():
	case err := <-late.exited:
		t.Fatalf("the process that started without a leader ended: %v\n%s", err, late.stderr)
	case <-time.After(deadline):
		t.Fatalf("the process that started without a leader does not serve:\n%s", late.stderr)
	}
	late.eventually("showing the client", func() bool {
		a, err := late.call("GET", "/api/v1/clients/"+c.id, "admin", "")
		return err == nil && a.status == http.StatusOK && a.member("version") == "2"
	})
}

// TestTwoProcessesOnOneLog runs two processes, each with a read model of its own, on an external JetStream.
func TestTwoProcessesOnOneLog(t *testing.T) {
	url := externalNATS(t)
	one, two := start(t, t.TempDir(), "--nats-url", url), start(t, t.TempDir(), "--nats-url", url)
	path := func(c ownedClient) string { return "/identity/register/" + c.id }

	c := one.register(webApp)
	one.must(http.StatusOK, "GET", path(c), c.token, "")
	// The other process decides on the log, whether or not its read model is there yet.
	two.must(http.StatusOK, "PUT", path(c), c.token, `{"client_id":"`+c.id+`","redirect_uris":["https://two.example.org/"]}`)
	two.must(http.StatusOK, "GET", path(c), c.token, "")
	one.must(http.StatusNoContent, "DELETE", path(c), c.token, "")
	two.must(http.StatusUnauthorized, "PUT", path(c), c.token, `{"client_id":"`+c.id+`","redirect_uris":["https://two.example.org/"]}`)
	two.eventually("deleted on the other process", func() bool {
		a, err := two.call("GET", path(c), c.token, "")
		return err == nil && a.status == http.StatusUnauthorized
	})

	// Both change one client at the same time: every answer of success is an event of its own.
	contended := one.register(webApp)
	var changed atomic.Int32
	var writers sync.WaitGroup
	for i, s := range []*process{one, two, one, two, one, two} {
		writers.Go(func() {
			name := string(rune('a' + i))
			a, err := s.call("PUT", path(contended), contended.token,
				`{"client_id":"`+contended.id+`","redirect_uris":["https://client.example.org/cb"],"client_name":"`+name+`"}`)
			if err == nil && a.status == http.StatusOK {
				changed.Add(1)
			}
		})
	}
	writers.Wait()
	history := one.must(http.StatusOK, "GET", "/api/v1/clients/"+contended.id, "admin", "")
	one.eventually("every change shown", func() bool {
		history = one.must(http.StatusOK, "GET", "/api/v1/clients/"+contended.id, "admin", "")
		return history.member("version") == string(rune('1'+changed.Load()))
	})
	if changed.Load() == 0 {
		t.Error("no change went through")
	}
}
