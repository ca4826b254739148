package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// Exchange is a request and its answer as an observer sees them: ids, names and
// numbers, and nothing that stood in a path, a query, a header or a body. The
// one exception is the request id, which a client may choose.
type Exchange struct {
	RequestID  string
	Operation  string // operationId; empty when the contract has no such path or method
	Route      string // the path as the contract writes it; empty when it has none
	Method     string
	Status     int
	Rules      []rules.ID     // the rules that refused, in checked order
	Guard      rules.ID       // the gateway's check that the refusing rule answered in place of
	Cut        bool           // the refusal names only the first of very many faults
	RetryAfter time.Duration  // what the answer asked for
	Config     *config.Config // as it was when the answer was given
	Took       time.Duration
	ClientID   uuid.UUID // zero unless the token was good
	UserID     uuid.UUID
	Direct     bool // the client has direct access, which needs no API-key
}

// exchange gathers what there is to tell of an answered request.
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
	}
	if who := auth.IdentityFrom(ctx); who != nil {
		e.ClientID, e.UserID, e.Direct = who.ClientID, who.UserID, who.AccessType == auth.Direct
	}
	return e
}

// Observer learns of every request that was answered. It must be quick: the
// client waits for it.
type Observer func(ctx context.Context, e Exchange)
