package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/redact"
)

// errNoAnswer: an operation returned neither an answer nor an error. Without this
// error the client would get an empty 200.
var errNoAnswer = errors.New("operation returned no answer")

// refuse is echo's error handler. All refusals are written here.
func (s *Server) refuse(err error, c echo.Context) {
	if c.Response().Committed { // echo may call the handler after the answer
		return
	}
	ctx := c.Request().Context()
	refusal, documented := s.refusalOf(err, c)
	switch {
	case errors.Is(err, context.Canceled) && clientGone(c):
		s.Logger.LogAttrs(ctx, slog.LevelDebug, "client went away", slog.String("request_id", envelope.RequestFrom(ctx).ID))
	case !documented:
		s.Logger.LogAttrs(ctx, slog.LevelError, "request failed",
			slog.String("request_id", envelope.RequestFrom(ctx).ID), slog.Int("status", refusal.Status), slog.String("error", redact.Error(err)))
	}
	setRefusal(c, refusal)
	if refusal.RetryAfter > 0 {
		c.Response().Header().Set(echo.HeaderRetryAfter, wholeSeconds(refusal.RetryAfter))
	}
	if s.ShowRules && len(refusal.Rules) > 0 {
		s.explainBody(c, refusal)
		c.Response().Header().Set("X-Sandbox-Rule", joinIDs(refusal.Rules))
		if advice := hints(refusal); advice != "" {
			c.Response().Header().Set("X-Sandbox-Hint", advice)
		}
	}
	if writeErr := writeRefusal(c, refusal); writeErr != nil {
		s.Logger.LogAttrs(ctx, slog.LevelDebug, "answer not delivered", slog.String("error", writeErr.Error()))
	}
}

// clientGone returns whether the client has closed the connection: the context of
// the connection has ended, not only that of the deadline.
func clientGone(c echo.Context) bool {
	client, ok := c.Get(clientKey).(context.Context)
	return ok && client.Err() != nil
}

// refusalOf returns the refusal for err. documented is false for failures, which
// are logged.
func (s *Server) refusalOf(err error, c echo.Context) (refusal *fault.Error, documented bool) {
	var httpErr *echo.HTTPError
	switch {
	case errors.Is(err, fault.ErrUnconfirmed): // first: its cause may be a deadline
		return fault.Unconfirmed(), false
	case errors.As(err, &refusal):
		return refusal, true
	case errors.Is(err, fault.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fault.Unavailable(), false
	case errors.As(err, &httpErr) && (httpErr.Code == http.StatusNotFound || httpErr.Code == http.StatusMethodNotAllowed):
		if refusal := s.notServed(c); refusal != nil {
			return refusal, true
		}
		if httpErr.Code == http.StatusNotFound {
			return fault.Refuse(rules.GatewayPath), true
		}
		return fault.Refuse(rules.GatewayMethod, "path", prefix(c.Request().URL.Path)), true
	}
	return fault.Internal(), false
}

type errorEnvelope struct {
	Meta  api.Meta   `json:"meta"`
	Error errorValue `json:"error"`
}

type errorValue struct {
	Type    string       `json:"type"`
	Message string       `json:"message,omitempty"`
	Invalid []fault.Item `json:"invalid,omitempty"`
}

func writeRefusal(c echo.Context, refusal *fault.Error) error {
	if c.Request().Method == http.MethodHead {
		return c.NoContent(refusal.Status)
	}
	raw, err := json.Marshal(errorEnvelope{
		Meta:  envelope.Meta(c.Request().Context(), refusal.Status),
		Error: errorValue{Type: refusal.Type, Message: refusal.Message, Invalid: refusal.Invalid},
	})
	if err != nil {
		return fmt.Errorf("encode refusal: %w", err)
	}
	return c.JSONBlob(refusal.Status, raw)
}

// recoverPanics turns a panic into a 500. The answer says nothing of the panic; the
// log has its stack, but no values.
func (s *Server) recoverPanics(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if v := recover(); v != nil {
				if cause, ok := v.(error); ok && errors.Is(cause, http.ErrAbortHandler) {
					panic(v)
				}
				err = fmt.Errorf("panic: %s\n%s", redact.Panic(v), debug.Stack())
			}
		}()
		return next(c)
	}
}

// readsOnly returns whether an answer that comes too late can be a 503, which promises that nothing was changed.
func readsOnly(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// requireAnswer turns a nil answer of an operation into errNoAnswer, and an answer that comes after the deadline into the
// deadline's error: it would be encoded for nobody.
func requireAnswer(next api.StrictHandlerFunc, operationID string) api.StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		response, err := next(c, request)
		if late := c.Request().Context().Err(); err == nil && late != nil && readsOnly(c.Request()) {
			return nil, fmt.Errorf("%s: %w", operationID, late)
		}
		if err == nil && response == nil {
			return nil, fmt.Errorf("%s: %w", operationID, errNoAnswer)
		}
		return response, err
	}
}

func joinIDs(ids []rules.ID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, ", ")
}
