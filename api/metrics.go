package api

import (
	"log/slog"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"roster/api/lastuse"
	"roster/api/refusals"
	"roster/projections/readmodel"
)

// metrics are what the API counts beside requests.
type metrics struct {
	registrations   prometheus.Counter
	authentications *prometheus.CounterVec // by outcome
	feeds           prometheus.Gauge
}

func newMetrics(registry *prometheus.Registry, reader readmodel.Reader, refused *refusals.Store, used *lastuse.Store) *metrics {
	m := &metrics{
		registrations: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roster_registrations_total",
			Help: "Clients registered.",
		}),
		authentications: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roster_client_authentications_total",
			Help: "Clients authenticated for authorization servers: as authenticated, or why they were not.",
		}, []string{"outcome"}),
		feeds: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "roster_event_feeds",
			Help: "Live feeds of events and of changed clients being read.",
		}),
	}
	registry.MustRegister(m.registrations, m.authentications, m.feeds,
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
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "roster_refusals_dropped_total",
			Help: "Refusals of registrations and changes that were neither kept nor counted.",
		}, func() float64 { return float64(refused.Dropped()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "roster_last_uses_dropped_total",
			Help: "Uses of clients that could not be kept.",
		}, func() float64 { return float64(used.Dropped()) }),
	)
	return m
}

// exposition serves the metrics in the formats of Prometheus.
func (a *API) exposition() echo.HandlerFunc {
	return echo.WrapHandler(promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(a.Logger.Handler(), slog.LevelError),
	}))
}
