package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"roster/projections"
)

// followerMetrics tells how each follower of the event log stands. It is a prometheus.Collector.
type followerMetrics struct{ followers []*projections.Follower }

var (
	followerLag = prometheus.NewDesc("roster_follower_lag_events",
		"Sequences of the log that a follower has yet to apply.", []string{"follower"}, nil)
	followerStopped = prometheus.NewDesc("roster_follower_stopped",
		"1 when a follower has stopped on an error, else 0.", []string{"follower"}, nil)
)

// Describe implements prometheus.Collector.
func (followerMetrics) Describe(described chan<- *prometheus.Desc) {
	described <- followerLag
	described <- followerStopped
}

// Collect implements prometheus.Collector.
func (m followerMetrics) Collect(collected chan<- prometheus.Metric) {
	for _, f := range m.followers {
		h := f.Health()
		stopped := 0.0
		if h.Err != nil {
			stopped = 1
		}
		lag := float64(h.Last - min(h.Last, h.Applied))
		collected <- prometheus.MustNewConstMetric(followerLag, prometheus.GaugeValue, lag, f.Name())
		collected <- prometheus.MustNewConstMetric(followerStopped, prometheus.GaugeValue, stopped, f.Name())
	}
}
