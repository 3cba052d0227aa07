package front_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"roster/api/front"
	"roster/domain/oauth"
)

// logged collects lines of the log, of which any goroutine may write one.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// lines returns the lines by their routes; of each route the last.
func (l *logged) lines(t *testing.T) map[string]map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := map[string]map[string]any{}
	for text := range bytes.Lines(l.b.Bytes()) {
		var line map[string]any
		if err := json.Unmarshal(text, &line); err != nil {
			t.Fatal(err)
		}
		route, _ := line["route"].(string)
		lines[route] = line
	}
	return lines
}

var (
	errTeapot = errors.New("short and stout")
	errSoon   = errors.New("the kettle is on")
)

// served are two fronts with one observer, as the API and the dashboard are.
func served(t *testing.T) (one, two *echo.Echo, logs *logged, metrics func() string) {
	t.Helper()
	logs = &logged{}
	registry := prometheus.NewRegistry()
	observer := front.NewObserver(slog.New(slog.NewJSONHandler(logs, nil)), registry)
	answer := func(err error, c echo.Context) {
		var refused *oauth.Error
		switch {
		case errors.Is(err, errTeapot):
			front.Refuse(c, front.Refusal{Code: "brew", Member: "pot", Setting: "tea"})
			_ = c.String(http.StatusTeapot, "refused")
		case errors.Is(err, errSoon):
			front.Refuse(c, front.Refusal{Awaited: true})
			_ = c.String(http.StatusServiceUnavailable, "later")
		case errors.As(err, &refused):
			front.Refuse(c, front.RefusalOf(refused))
			_ = c.String(http.StatusBadRequest, "refused")
		case errors.Is(err, echo.ErrNotFound):
			_ = c.String(http.StatusNotFound, "nothing")
		default:
			_ = c.String(http.StatusInternalServerError, "failed")
		}
	}
	return front.New(observer, answer), front.New(observer, answer), logs, func() string {
		recorder := httptest.NewRecorder()
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequest("GET", "/", nil))
		return recorder.Body.String()
	}
}

// Whatever becomes of a request, on either front, it has one line, one count and no value of its own in the log.
func TestObserve(t *testing.T) {
	one, two, logs, metrics := served(t)
	const marker = "hunter2"
	front.Get(one, "/fine", func(c echo.Context) error { return c.String(http.StatusOK, "fine") })
	front.Get(one, "/refused/:what", func(echo.Context) error { return errTeapot })
	front.Get(two, "/member", func(echo.Context) error {
		return &oauth.Error{Code: oauth.InvalidClientMetadata, Field: "client_name#" + marker, Setting: "allow-names", Detail: marker}
	})
	front.Get(two, "/soon", func(echo.Context) error { return errSoon })
	front.Get(two, "/panic", func(echo.Context) error { panic("beside itself") })
	front.Get(two, "/broken", func(c echo.Context) error {
		s := front.NewStream(c, front.Lines)
		if err := errors.Join(s.Line("first"), s.Send()); err != nil {
			t.Error(err)
		}
		front.Refuse(c, front.Refusal{Awaited: true}) // which excuses no half answer
		return errTeapot
	})
	for _, test := range []struct {
		echo        *echo.Echo
		path, route string
		status      int
		want        string // of the line: level, code, member and setting
	}{
		{one, "/fine?q=" + marker, "/fine", 200, "INFO"},
		{one, "/refused/" + marker, "/refused/:what", 418, "INFO brew pot tea"},
		{one, "/" + marker, "unknown", 404, "INFO not_found"},
		{two, "/member", "/member", 400, "INFO invalid_client_metadata client_name allow-names"},
		{two, "/soon", "/soon", 503, "INFO temporarily_unavailable"},
		{two, "/panic", "/panic", 500, "ERROR server_error"},
		{two, "/broken", "/broken", 200, "ERROR"},
	} {
		server := httptest.NewServer(test.echo)
		response, err := http.Get(server.URL + test.path)
		if err != nil {
			t.Fatalf("%s: %v", test.path, err)
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		server.Close()
		if broken := err != nil; response.StatusCode != test.status || broken != (test.route == "/broken") {
			t.Errorf("%s: %s, %v", test.path, response.Status, err)
		}
		line := logs.lines(t)[test.route]
		got := line["level"].(string)
		for _, name := range []string{"code", "member", "setting"} {
			if value, ok := line[name].(string); ok {
				got += " " + value
			}
		}
		if got != test.want || line["status"] != float64(test.status) || line["remote"] != "127.0.0.1" || line["method"] != "GET" {
			t.Errorf("%s: the line is %v, want %s", test.path, line, test.want)
		}
		count := `roster_http_requests_total{method="GET",route="` + test.route + `",status="` + response.Status[:3] + `"} 1`
		if !strings.Contains(metrics(), count+"\n") {
			t.Errorf("no line %s in the metrics", count)
		}
	}
	if logs := logs.b.String(); strings.Contains(logs, marker) || !strings.Contains(logs, "beside itself") {
		t.Errorf("the log is\n%s", logs)
	}
}

// Who has a connection is believed, who has headers is not, nearby proxies included.
func TestCallers(t *testing.T) {
	for _, caller := range []string{"192.0.2.7", "127.0.0.1", "10.0.0.1", "::1"} {
		one, _, logs, _ := served(t)
		front.Get(one, "/", func(c echo.Context) error { return c.String(http.StatusOK, c.RealIP()) })
		request := httptest.NewRequest("GET", "/", nil)
		request.RemoteAddr = net.JoinHostPort(caller, "1234")
		request.Header.Set("X-Forwarded-For", "198.51.100.1")
		request.Header.Set("X-Real-IP", "198.51.100.2")
		recorder := httptest.NewRecorder()
		one.ServeHTTP(recorder, request)
		if got := recorder.Body.String(); got != caller || logs.lines(t)["/"]["remote"] != got {
			t.Errorf("the caller %s is %s, logged as %v", caller, got, logs.lines(t)["/"])
		}
	}
}

// What is refused before a handler has a line of the same shape.
func TestLogUnread(t *testing.T) {
	for status, code := range map[int]string{400: "invalid_request", 417: "invalid_request", 431: "invalid_request", 501: "invalid_request", 505: "invalid_request"} {
		logs := &logged{}
		front.LogUnread(slog.New(slog.NewJSONHandler(logs, nil)), "192.0.2.7", status, "no Host")
		line := logs.lines(t)["unknown"]
		if line["msg"] != "request" || line["method"] != "other" || line["status"] != float64(status) || line["code"] != code ||
			line["remote"] != "192.0.2.7" || line["error"] != "no Host" {
			t.Errorf("the line is %v", line)
		}
	}
}

func TestStream(t *testing.T) {
	one, _, _, _ := served(t)
	front.Get(one, "/events", func(c echo.Context) error {
		s := front.NewStream(c, front.ServerEvents)
		return errors.Join(
			s.Retry(2*time.Second),
			s.Event(front.Event{ID: 7, Data: []byte(`{"seq":7}`)}),
			s.Event(front.Event{Name: "entry", ID: 8, Data: []byte("<tr>\r\n\n</tr>\n")}),
			s.Comment("heartbeat"),
			s.Event(front.Event{Name: "beat"}),
			s.Send())
	})
	front.Get(one, "/lines", func(c echo.Context) error {
		s := front.NewStream(c, front.Lines)
		return errors.Join(s.Line("a"), s.Line(1), s.Send())
	})
	front.Get(one, "/early", func(c echo.Context) error {
		s := front.NewStream(c, front.Lines)
		return errors.Join(s.Line("a"), errTeapot)
	})
	for _, test := range []struct {
		path, contentType, body string
		status                  int
	}{
		{"/events", "text/event-stream", "retry: 2000\n\nid: 7\ndata: {\"seq\":7}\n\nevent: entry\nid: 8\ndata: <tr>\ndata: \ndata: </tr>\n\n" +
			": heartbeat\n\nevent: beat\ndata:\n\n", 200},
		{"/lines", "application/x-ndjson", "\"a\"\n1\n", 200},
		{"/early", "text/plain; charset=UTF-8", "refused", 418},
	} {
		recorder := httptest.NewRecorder()
		one.ServeHTTP(recorder, httptest.NewRequest("GET", test.path, nil))
		if got := recorder.Body.String(); recorder.Code != test.status || got != test.body || recorder.Header().Get("Content-Type") != test.contentType {
			t.Errorf("%s: got %d %s %q, want %d %s %q", test.path, recorder.Code, recorder.Header().Get("Content-Type"), got, test.status, test.contentType, test.body)
		}
	}
}
