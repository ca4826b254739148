package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// Exchange describes a request and its answer for an Observer. It has ids, names
// and numbers, but no values of path, query, headers or body. The exception is the
// request id, which a client may choose.
type Exchange struct {
	RequestID  string
	Operation  string // operationId; empty when the contract has no such path or method
	Route      string // the contract's path; empty when the contract has no such path
	Method     string
	Status     int
	Rules      []rules.ID     // the rules that refused, in checked order
	Guard      rules.ID       // the gateway's check that the refusing rule replaces, if any
	Facts      []fault.Fact   // what the refusing checks expected and found
	Warnings   []string       // of an answer that is right
	Cut        bool           // the refusal lists only the first of very many faults
	RetryAfter time.Duration  // of the answer
	Config     *config.Config // at the time of the answer
	Took       time.Duration
	ClientID   uuid.UUID // zero unless the token was valid
	UserID     uuid.UUID
	Direct     bool // the client has direct access, which needs no API-key
}

// exchange describes an answered request.
func (s *Server) exchange(c echo.Context, operation string, took time.Duration) Exchange {
	ctx := c.Request().Context()
	e := Exchange{
		RequestID: envelope.RequestFrom(ctx).ID, Method: c.Request().Method, Status: c.Response().Status,
		Config: s.Config.Get(), Took: took,
	}
	if operation != unknownPath {
		e.Route = contractPath(c.Path())
	}
	if operation != unknownPath && operation != unknownMethod {
		e.Operation = operation
	}
	if refusal, ok := c.Get(refusalKey).(*fault.Error); ok {
		e.Rules, e.Guard, e.Cut, e.RetryAfter = refusal.Rules, refusal.Guard, refusal.Cut, refusal.RetryAfter
		e.Facts = refusal.Facts
	}
	if e.Status < http.StatusBadRequest {
		e.Warnings = envelope.RequestFrom(ctx).Warnings
	}
	if who := auth.IdentityFrom(ctx); who != nil {
		e.ClientID, e.UserID, e.Direct = who.ClientID, who.UserID, who.AccessType == auth.Direct
	}
	return e
}

// Observer is called after every answered request. It must be quick, because the
// client waits for it.
type Observer func(ctx context.Context, e Exchange)
