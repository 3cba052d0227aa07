package front

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// SetRetryAfter says after how many seconds it is worth to come back (RFC 9110 10.2.3). The wait must be whole
// seconds, as that of an access.Throttled is.
func SetRetryAfter(header http.Header, wait time.Duration) {
	header.Set(echo.HeaderRetryAfter, strconv.Itoa(int(wait/time.Second)))
}
