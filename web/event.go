package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/oauth"
	"roster/projections/readmodel"
)

// errNoSuchEvent says that the log holds no event with a sequence.
var errNoSuchEvent = errors.New("no such event")

// eventPath returns the address of an event's page.
func eventPath(seq uint64) string { return activityPath + "/" + strconv.FormatUint(seq, 10) }

// An eventView is what the page of one event shows.
type eventView struct {
	eventRow
	Changes       []oauth.MemberChange // what it changed in a client's metadata
	Before, After oauth.Metadata       // nil: there was none, or it says nothing of metadata
	LeftOut       oauth.Metadata       // what was asked for and not registered
	PolicyVersion string               // of the policy that let it through; empty: none is recorded
	JSON          string               // the event as the API tells it, less hashes and sealed secrets
	Former, Later uint64               // sequences of the events before and after it; 0: there is none
}

// event shows one event.
func (w *Web) event(c echo.Context) error {
	seq, err := strconv.ParseUint(c.Param("seq"), 10, 63)
	if err != nil || seq == 0 {
		return errNoSuchEvent
	}
	ctx := c.Request().Context()
	found, err := w.neighbour(ctx, readmodel.EventQuery{After: seq - 1, Before: seq + 1})
	if err != nil {
		return err
	}
	if found == nil {
		return errNoSuchEvent
	}
	v, err := w.eventView(ctx, *found)
	if err != nil {
		return err
	}
	title := fmt.Sprintf("Event %d", seq)
	return w.render(c, http.StatusOK, eventPage(w.page(c, title, "Activity"), v))
}

// eventView finds what the page of an event shows.
func (w *Web) eventView(ctx context.Context, e readmodel.Event) (v eventView, err error) {
	rows, err := w.eventRows(ctx, []readmodel.Event{e})
	if err != nil {
		return v, err
	}
	v.eventRow = rows[0]
	switch event := e.Event.(type) {
	case domain.ClientRegistered:
		v.After, v.LeftOut, v.PolicyVersion = event.Metadata, event.LeftOut, event.PolicyVersion
	case domain.ClientUpdated:
		former, err := w.reader.MetadataBefore(ctx, e.Seq)
		if err != nil {
			return v, err
		}
		v.Before, v.After, v.LeftOut, v.PolicyVersion = former[e.Seq], event.Metadata, event.LeftOut, event.PolicyVersion
	}
	v.Changes = oauth.Diff(v.Before, v.After)
	text, err := openJSON(e, jsontext.WithIndent("  "))
	if err != nil {
		return v, err
	}
	v.JSON = string(text)
	for _, neighbour := range []struct {
		at    *uint64
		query readmodel.EventQuery
	}{
		{&v.Former, readmodel.EventQuery{Before: e.Seq, Newest: true}},
		{&v.Later, readmodel.EventQuery{After: e.Seq}},
	} {
		found, err := w.neighbour(ctx, neighbour.query)
		if err != nil {
			return v, err
		}
		if found != nil {
			*neighbour.at = found.Seq
		}
	}
	return v, nil
}

// neighbour returns the first event that a query selects, nil when there is none.
func (w *Web) neighbour(ctx context.Context, q readmodel.EventQuery) (*readmodel.Event, error) {
	q.Limit = 1
	found, err := w.reader.Events(ctx, q)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// notShown are the places in an event's JSON that hold hashes of secrets and tokens, and sealed secrets. They are of no
// use to people, and a page may be shown to others.
var notShown = map[jsontext.Pointer]bool{
	"/data/registration_access_token_digest": true,
	"/data/client_secret/digest":             true,
	"/data/client_secret/sealed":             true,
	"/data/digest":                           true,
}

// openJSON returns an event as the API tells it, without what pages do not show.
func openJSON(e readmodel.Event, options ...jsontext.Options) ([]byte, error) {
	line, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode event %d: %w", e.Seq, err)
	}
	var out bytes.Buffer
	from, to := jsontext.NewDecoder(bytes.NewReader(line)), jsontext.NewEncoder(&out, options...)
	for {
		token, err := from.ReadToken()
		if errors.Is(err, io.EOF) {
			return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
		}
		if err != nil {
			return nil, fmt.Errorf("read event %d: %w", e.Seq, err)
		}
		// The pointer of a name is that of its value.
		if token.Kind() == '"' && notShown[from.StackPointer()] {
			err = from.SkipValue()
		} else {
			err = to.WriteToken(token)
		}
		if err != nil {
			return nil, fmt.Errorf("write event %d: %w", e.Seq, err)
		}
	}
}
