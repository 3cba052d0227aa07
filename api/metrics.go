package api

import (
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"roster/projections/readmodel"
)

// metrics are what the API counts. No label takes its values from a caller.
type metrics struct {
	requests      *prometheus.CounterVec
	durations     *prometheus.HistogramVec
	registrations prometheus.Counter
	feeds         prometheus.Gauge
}

func newMetrics(registry *prometheus.Registry, reader readmodel.Reader) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roster_http_requests_total",
			Help: "Requests answered, by route and status.",
		}, []string{"method", "route", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "roster_http_request_duration_seconds",
			Help:    "How long requests took, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route"}),
		registrations: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roster_registrations_total",
			Help: "Clients registered.",
		}),
		feeds: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "roster_event_feeds",
			Help: "Live event feeds being read.",
		}),
	}
	registry.MustRegister(m.requests, m.durations, m.registrations, m.feeds,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "roster_projector_lag_events",
			Help: "Sequences of the log that the read model has yet to apply.",
		}, func() float64 {
			health := reader.Health()
			return float64(health.Last - min(health.Last, health.Applied))
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "roster_projector_stopped",
			Help: "1 when the projector has stopped on an error, else 0.",
		}, func() float64 {
			if reader.Health().Err != nil {
				return 1
			}
			return 0
		}),
	)
	return m
}

// exposition serves the metrics in the formats of Prometheus.
func (a *API) exposition() echo.HandlerFunc {
	return echo.WrapHandler(promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(a.Logger.Handler(), slog.LevelError),
	}))
}

// count counts a request that was answered.
func (m *metrics) count(c echo.Context, took time.Duration) {
	method, route := methodLabel(c.Request().Method), routeLabel(c)
	m.requests.WithLabelValues(method, route, strconv.Itoa(c.Response().Status)).Inc()
	m.durations.WithLabelValues(method, route).Observe(took.Seconds())
}

func routeLabel(c echo.Context) string {
	if path := c.Path(); path != "" {
		return path
	}
	return "unknown"
}

func methodLabel(method string) string {
	if slices.Contains(methods, method) {
		return method
	}
	return "other"
}
