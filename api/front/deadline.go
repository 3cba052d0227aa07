package front

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

const (
	requestTimeout = 10 * time.Second // for a request to be worked on, streams excepted
	writeTimeout   = 30 * time.Second // for a caller to take an answer, or a piece of a stream
)

// Brief bounds how long a request is worked on: its context ends after 10 seconds. It is for everything but
// streams.
func Brief(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), requestTimeout)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}

// bounded gives an answer a time to be taken. A Stream sets its own.
func bounded(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		// Not every connection has deadlines; one that has none waits for no network.
		_ = http.NewResponseController(c.Response()).SetWriteDeadline(time.Now().Add(requestTimeout + writeTimeout))
		return next(c)
	}
}
