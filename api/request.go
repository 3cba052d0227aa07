package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"roster/domain/oauth"
	"roster/projections/readmodel"
)

const (
	parameterLimit = 500 // bytes of a query parameter
	timeForm       = "a time as in 2006-01-02T15:04:05Z (RFC 3339, a plus sign written as %2B)"
)

// keyDocument is the key of a request's document in its echo.Context.
const keyDocument = "roster.document"

// readDocument reads the JSON object in a request's body. Whoever tells why the request was refused finds it with
// documentOf.
func (a *API) readDocument(c echo.Context) (oauth.Document, error) {
	body, err := a.readBody(c)
	if err != nil {
		return nil, err
	}
	document, err := oauth.ParseDocument(body)
	if err == nil {
		c.Set(keyDocument, document)
	}
	return document, err
}

// documentOf returns the document that readDocument read for a request, nil when it has read none.
func documentOf(c echo.Context) oauth.Document {
	document, _ := c.Get(keyDocument).(oauth.Document)
	return document
}

// readBody reads a body that says it is JSON.
func (a *API) readBody(c echo.Context) ([]byte, error) {
	return a.readBodyOf(c, echo.MIMEApplicationJSON)
}

// readBodyOf reads a body that says it is of a media type.
func (a *API) readBodyOf(c echo.Context, mediaType string) ([]byte, error) {
	r := c.Request()
	if !isOf(mediaType, r.Header.Values(echo.HeaderContentType)) {
		return nil, invalidRequest(http.StatusUnsupportedMediaType, echo.HeaderContentType, "the Content-Type must be "+mediaType+" in UTF-8")
	}
	if isEncoded(r.Header.Values(echo.HeaderContentEncoding)) {
		c.Response().Header().Set(echo.HeaderAcceptEncoding, "identity")
		return nil, invalidRequest(http.StatusUnsupportedMediaType, echo.HeaderContentEncoding, "the body must be sent without a content encoding")
	}
	limit := int64(a.Policy.MaxBodySize)
	if r.ContentLength > limit {
		// A connection that goes on would have the server read the body first.
		c.Response().Header().Set(echo.HeaderConnection, "close")
		return nil, &http.MaxBytesError{Limit: limit}
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, limit))
	if err != nil {
		return nil, bodyError(err)
	}
	return body, nil
}

func isOf(mediaType string, contentTypes []string) bool {
	if len(contentTypes) != 1 {
		return false
	}
	if contentTypes[0] == mediaType {
		return true // as nearly all say it
	}
	said, parameters, err := mime.ParseMediaType(contentTypes[0])
	charset, given := parameters["charset"]
	return err == nil && said == mediaType && (!given || isUTF8(charset))
}

// isUTF8 tells the names of UTF-8: its own, and the one that many clients take for it.
func isUTF8(charset string) bool {
	return strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

// isEncoded reports whether one of the codings of a Content-Encoding changes anything.
func isEncoded(headers []string) bool {
	for coding := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			return true
		}
	}
	return false
}

// bodyError tells a body that is too large from one that did not arrive.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return invalidRequest(http.StatusRequestTimeout, "", "the body took too long to arrive")
	default:
		return invalidRequest(http.StatusBadRequest, "", "the body could not be read to its end")
	}
}

// query reads the query parameters of one request. The first that is wrong is its error.
type query struct {
	values url.Values
	err    error
}

// queryOf parses a query, in which each of the allowed parameters may come once and no other.
func queryOf(c echo.Context, allowed ...string) *query {
	values, err := url.ParseQuery(c.Request().URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.refuse("", "the query is not well-formed")
	}
	for name, given := range values {
		switch {
		case !slices.Contains(allowed, name):
			q.refuse("", "there is a query parameter that is none of: "+strings.Join(allowed, ", "))
		case len(given) > 1:
			q.refuse(name, "query parameter "+name+" is given more than once")
		case len(given[0]) > parameterLimit:
			q.refuse(name, "query parameter "+name+" is longer than "+strconv.Itoa(parameterLimit)+" bytes")
		case !utf8.ValidString(given[0]):
			q.refuse(name, "query parameter "+name+" is not valid UTF-8")
		}
	}
	return q
}

// refuse refuses a parameter, or the query as a whole.
func (q *query) refuse(name, description string) {
	if q.err == nil {
		q.err = invalidRequest(http.StatusBadRequest, name, description)
	}
}

// text returns a parameter, empty when it was not given.
func (q *query) text(name string) string { return q.values.Get(name) }

// number returns a parameter that is a whole number of at least least, or otherwise when it was not given.
func (q *query) number(name string, least, most, otherwise uint64) uint64 {
	if !q.values.Has(name) {
		return otherwise
	}
	n, err := strconv.ParseUint(q.values.Get(name), 10, 64)
	if err != nil || n < least || n > most {
		q.refuse(name, "query parameter "+name+" must be a whole number from "+strconv.FormatUint(least, 10)+" to "+strconv.FormatUint(most, 10))
	}
	return n
}

// instant returns a parameter that is a time, zero when it was not given.
func (q *query) instant(name string) time.Time {
	if !q.values.Has(name) {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, q.values.Get(name))
	if err != nil {
		q.refuse(name, "query parameter "+name+" must be "+timeForm)
	}
	return t
}

// optionalMoment returns a parameter that is a sequence of the log or a time, nil when it was not given.
func (q *query) optionalMoment(name string) *readmodel.Moment {
	if !q.values.Has(name) {
		return nil
	}
	at := q.moment(name)
	return &at
}

// outcome returns a parameter that says what became of clients, empty when it was not given.
func (q *query) outcome(name string) readmodel.Outcome {
	given := readmodel.Outcome(q.values.Get(name))
	if q.values.Has(name) && !slices.Contains(readmodel.Outcomes, given) {
		var names []string
		for _, o := range readmodel.Outcomes {
			names = append(names, string(o))
		}
		q.refuse(name, "query parameter "+name+" must be one of: "+strings.Join(names, ", "))
	}
	return given
}

// moment returns a parameter that is a sequence of the log or a time.
func (q *query) moment(name string) readmodel.Moment {
	given := q.values.Get(name)
	if seq, err := strconv.ParseUint(given, 10, 64); err == nil {
		return readmodel.Moment{Seq: seq}
	}
	t, err := time.Parse(time.RFC3339, given)
	if err != nil {
		q.refuse(name, "query parameter "+name+" must be given: the sequence of an event, or "+timeForm)
	}
	return readmodel.Moment{Time: t}
}
