package front

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// WholeSeconds rounds a wait up to what Retry-After can say: whole seconds, at least one.
func WholeSeconds(wait time.Duration) time.Duration {
	return max(wait+time.Second-1, time.Second).Truncate(time.Second)
}

// SetRetryAfter says when it is worth to come back (RFC 9110 10.2.3).
func SetRetryAfter(header http.Header, wait time.Duration) {
	header.Set(echo.HeaderRetryAfter, strconv.Itoa(int(WholeSeconds(wait).Seconds())))
}
