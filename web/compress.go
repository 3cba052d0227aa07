package web

import (
	"fmt"
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

// compressedTypes are what a browser is sent compressed. Live events are not among them: each is sent at once, and
// what is compressed waits for more.
var compressedTypes = []string{"text/html", "text/css", "text/javascript", "image/svg+xml"}

// compressed compresses pages and assets for callers that take it.
//
// The length of a compressed answer can tell a secret in it to whoever chooses a part of the answer and sees many of
// them go by (BREACH). No page that can be asked for twice holds a secret: what proves a session is in a cookie that
// no script reads and no other site sends along, requests from other sites are told by their headers and not by a
// token in the page, and the registry keeps only hashes of secrets and tokens.
func compressed(next http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(gzhttp.ContentTypes(compressedTypes), gzhttp.EnableZstd(false))
	if err != nil {
		return nil, fmt.Errorf("compression: %w", err)
	}
	return wrap(next), nil
}
