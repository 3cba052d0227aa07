package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"roster/domain/access"
)

// A Consumer is a reader of the feed of changes that has its position kept here.
type Consumer struct {
	Name      string
	Seq       uint64    // up to which it has applied everything
	UpdatedAt time.Time // when it said so
}

// ConsumersMost is how many consumers an authorization server may have.
const ConsumersMost = 16

var (
	// ErrNoSuchConsumer says that an authorization server has no consumer with that name.
	ErrNoSuchConsumer = errors.New("no such consumer")
	// ErrTooManyConsumers says that an authorization server has ConsumersMost already.
	ErrTooManyConsumers = errors.New("too many consumers")
)

// Consumers keep the positions of consumers, which are of one authorization server each: no server sees or changes those of
// another. They return errors that wrap domain.ErrUnavailable, and may be used concurrently. Names of servers and consumers
// are letters, digits, hyphens and underscores.
type Consumers interface {
	// Consumers returns the consumers of a server by their names.
	Consumers(ctx context.Context, server string) ([]Consumer, error)
	// Consumer returns one, or ErrNoSuchConsumer.
	Consumer(ctx context.Context, server, name string) (Consumer, error)
	// SetConsumer keeps a position, of a new consumer too. It returns ErrTooManyConsumers.
	SetConsumer(ctx context.Context, server string, c Consumer) error
	// RemoveConsumer forgets a consumer, if there is one.
	RemoveConsumer(ctx context.Context, server, name string) error
}

// consumerEndpoints keep how far authorization servers have come in the feed of changes.
func (a *API) consumerEndpoints() []endpoint {
	const path = "/as/v1/consumers/:name"
	schemas := object{
		"Consumer": closed(properties(object{
			"name": text, "seq": seconds, "updated_at": dateTime,
			"lag": described(object{"type": "integer", "minimum": 0}, "how many sequences the event log is ahead"),
		}, "name", "seq", "updated_at", "lag"), nil),
		"Consumers":        closed(properties(object{"consumers": object{"type": "array", "items": reference("schemas", "Consumer")}}, "consumers"), nil),
		"ConsumerPosition": properties(object{"seq": seconds}, "seq"),
	}
	return []endpoint{
		{
			method: http.MethodGet, path: "/as/v1/consumers", may: access.AuthorizationServer, handle: a.listConsumers,
			operation: operation{
				id: "listConsumers", summary: "List the consumers of this authorization server", status: http.StatusOK,
				content: jsonContent("Consumers"), refusals: []int{http.StatusBadRequest}, schemas: schemas,
			},
		},
		{
			method: http.MethodGet, path: path, may: access.AuthorizationServer, handle: a.showConsumer,
			operation: operation{
				id: "showConsumer", summary: "Show how far a consumer has come", status: http.StatusOK,
				content: jsonContent("Consumer"), refusals: []int{http.StatusBadRequest, http.StatusNotFound}, schemas: schemas,
			},
		},
		{
			method: http.MethodPut, path: path, may: access.AuthorizationServer, handle: a.setConsumer,
			operation: operation{
				id: "setConsumer", summary: "Keep how far a consumer has come, which may be new", body: "ConsumerPosition", status: http.StatusOK,
				content: jsonContent("Consumer"), refusals: []int{http.StatusBadRequest, http.StatusConflict}, schemas: schemas,
			},
		},
		{
			method: http.MethodDelete, path: path, may: access.AuthorizationServer, handle: a.removeConsumer,
			operation: operation{
				id: "removeConsumer", summary: "Forget a consumer", status: http.StatusNoContent, refusals: []int{http.StatusBadRequest}, schemas: schemas,
			},
		},
	}
}

type consumerView struct {
	Name      string    `json:"name"`
	Seq       uint64    `json:"seq"`
	UpdatedAt time.Time `json:"updated_at"`
	Lag       uint64    `json:"lag"`
}

func (a *API) consumerViewOf(c Consumer) consumerView {
	last := a.Reader.Health().Last
	return consumerView{Name: c.Name, Seq: c.Seq, UpdatedAt: c.UpdatedAt.UTC(), Lag: last - min(last, c.Seq)}
}

var consumerName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// consumerOf returns the name of the consumer that a request is about.
func consumerOf(c echo.Context) (string, error) {
	name := pathParameter(c, "name")
	if q := queryOf(c); q.err != nil {
		return "", q.err
	}
	if !consumerName.MatchString(name) {
		return "", invalidRequest(http.StatusBadRequest, "name", "the name of a consumer is 1 to 64 letters, digits, hyphens and underscores")
	}
	return name, nil
}

func (a *API) listConsumers(c echo.Context, by caller) error {
	if q := queryOf(c); q.err != nil {
		return q.err
	}
	found, err := a.Authority.Consumers.Consumers(c.Request().Context(), by.server)
	if err != nil {
		return err
	}
	views := make([]consumerView, len(found))
	for i, consumer := range found {
		views[i] = a.consumerViewOf(consumer)
	}
	return answer(c, http.StatusOK, struct {
		Consumers []consumerView `json:"consumers"`
	}{views})
}

func (a *API) showConsumer(c echo.Context, by caller) error {
	name, err := consumerOf(c)
	if err != nil {
		return err
	}
	found, err := a.Authority.Consumers.Consumer(c.Request().Context(), by.server, name)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, a.consumerViewOf(found))
}

// setConsumer keeps a position that the log has come to. It may be an earlier one, of a consumer that begins anew.
func (a *API) setConsumer(c echo.Context, by caller) error {
	name, err := consumerOf(c)
	if err != nil {
		return err
	}
	body, err := a.readBody(c)
	if err != nil {
		return err
	}
	seq, err := positionIn(body)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := a.checkPosition(ctx, seq); err != nil {
		return err
	}
	consumer := Consumer{Name: name, Seq: seq, UpdatedAt: a.Now().UTC().Truncate(time.Millisecond)}
	if err := a.Authority.Consumers.SetConsumer(ctx, by.server, consumer); err != nil {
		return err
	}
	return answer(c, http.StatusOK, a.consumerViewOf(consumer))
}

// positionIn reads {"seq":N}.
func positionIn(body []byte) (uint64, error) {
	var position struct {
		Seq *uint64 `json:"seq"`
	}
	if err := json.Unmarshal(body, &position, json.RejectUnknownMembers(true)); err != nil || position.Seq == nil || *position.Seq > math.MaxInt64 {
		return 0, invalidRequest(http.StatusBadRequest, "seq", "the body must be an object with seq alone, a whole number from 0 to "+strconv.Itoa(math.MaxInt64))
	}
	return *position.Seq, nil
}

func (a *API) removeConsumer(c echo.Context, by caller) error {
	name, err := consumerOf(c)
	if err != nil {
		return err
	}
	return noContent(c, a.Authority.Consumers.RemoveConsumer(c.Request().Context(), by.server, name))
}
