package front

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// An Observer logs and counts requests. It may be used concurrently.
type Observer struct {
	logger    *slog.Logger
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	counters  sync.Map // of what the metrics have for a kind, to *counters: finding it by labels costs more than counting
}

// A kind of requests is what the labels of the metrics tell apart. There are few kinds.
type kind struct {
	method, route string
	status        int
}

// counters are what counts requests of a kind.
type counters struct {
	requests  prometheus.Counter
	durations prometheus.Observer
}

// NewObserver returns an Observer that logs to logger and registers its metrics at registry, which must not have
// them already.
func NewObserver(logger *slog.Logger, registry *prometheus.Registry) *Observer {
	o := &Observer{
		logger: logger,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roster_http_requests_total",
			Help: "Requests answered, by route and status.",
		}, []string{"method", "route", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "roster_http_request_duration_seconds",
			Help:    "How long requests took, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route"}),
	}
	registry.MustRegister(o.requests, o.durations)
	return o
}

// observe has answer write the answers to errors and panics, logs and counts. It must see every request first.
//
// A log line holds no query, header or body: they may carry credentials or personal data. No label of a metric
// takes its values from a caller.
func (o *Observer) observe(answer echo.HTTPErrorHandler) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			ctx, start := c.Request().Context(), time.Now()
			err := recoverPanic(next, c)
			begun := c.Response().Committed
			if err != nil && !begun {
				c.Response().Header().Del(echo.HeaderContentType) // of an answer that was being made
				answer(err, c)
			}
			l := line{
				method: methodLabel(c.Request().Method), route: routeLabel(c), status: c.Response().Status,
				took: time.Since(start), remote: c.RealIP(),
			}
			counted := o.countersOf(l)
			counted.requests.Inc()
			counted.durations.Observe(l.took.Seconds())
			o.log(ctx, c, l, err, begun)
			if err != nil && begun {
				// What was sent must not look complete: the connection ends in the middle of it.
				panic(http.ErrAbortHandler)
			}
			return nil
		}
	}
}

// countersOf returns what counts requests as a line is about.
func (o *Observer) countersOf(l line) *counters {
	of := kind{method: l.method, route: l.route, status: l.status}
	if found, ok := o.counters.Load(of); ok {
		return found.(*counters)
	}
	made := &counters{
		requests:  o.requests.WithLabelValues(l.method, l.route, strconv.Itoa(l.status)),
		durations: o.durations.WithLabelValues(l.method, l.route),
	}
	o.counters.Store(of, made)
	return made
}

// recoverPanic returns the panic of a handler as an error.
func recoverPanic(handle echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			err = http.ErrAbortHandler // the handler has said why
		default:
			err = &panicked{value: p, stack: debug.Stack()}
		}
	}()
	return handle(c)
}

type panicked struct {
	value any
	stack []byte
}

// Error says what a handler panicked with, and where.
func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// line is what the log line of every request says.
type line struct {
	method, route string
	status        int
	took          time.Duration // 0: not measured
	remote        string
}

// mostAttributes is how many attributes a line has at most.
const mostAttributes = 9

// attributes appends the line as attributes, with the refusal when it is one.
func (l line) attributes(attributes []slog.Attr, refusal Refusal) []slog.Attr {
	attributes = append(attributes, slog.String("method", l.method), slog.String("route", l.route), slog.Int("status", l.status))
	if l.took > 0 {
		attributes = append(attributes, slog.Duration("took", l.took))
	}
	attributes = append(attributes, slog.String("remote", l.remote))
	if l.status < http.StatusBadRequest {
		return attributes
	}
	for _, a := range []struct{ key, value string }{
		{"code", refusal.Code}, {"member", refusal.Member}, {"setting", refusal.Setting},
	} {
		if a.value != "" {
			attributes = append(attributes, slog.String(a.key, a.value))
		}
	}
	return attributes
}

// log writes the line of a request. begun says that an error came when its answer was under way.
func (o *Observer) log(ctx context.Context, c echo.Context, l line, err error, begun bool) {
	refusal := refusalOf(c, l.status)
	attributes := l.attributes(make([]slog.Attr, 0, mostAttributes), refusal)
	level := slog.LevelInfo
	var bug *panicked
	switch {
	case err != nil && ctx.Err() != nil && !errors.As(err, &bug):
		attributes = append(attributes, slog.Bool("gone", true))
	case err != nil && (begun || l.status >= http.StatusInternalServerError):
		attributes = append(attributes, slog.String("error", err.Error()))
		if begun || !refusal.Awaited {
			level = slog.LevelError
		}
	case l.status < http.StatusBadRequest && isProbe(c.Path()):
		level = slog.LevelDebug
	}
	o.logger.LogAttrs(ctx, level, "request", attributes...)
}

// isProbe reports whether machines ask for a route all the time.
func isProbe(route string) bool {
	return route == "/healthz" || route == "/readyz" || route == "/metrics"
}
