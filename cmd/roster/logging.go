package main

import (
	"io"
	"log/slog"
)

// loggingSettings are what the service logs.
type loggingSettings struct {
	LogLevel  string `help:"Least level of log lines: debug, info, warn or error." enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL"`
	LogFormat string `help:"Format of log lines on standard error: text or json." enum:"text,json" default:"text" placeholder:"FORMAT"`
}

// logger returns what the service logs with.
func (s loggingSettings) logger(stderr io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // the settings name levels alone
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(stderr, options))
	}
	return slog.New(slog.NewTextHandler(stderr, options))
}
