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

// errNoAnswer: an operation returned neither an answer nor an error. Without
// this guard the client would see an empty 200.
var errNoAnswer = errors.New("operation returned no answer")

// refuse is echo's error handler: the only place that knows how a refusal is written.
func (s *Server) refuse(err error, c echo.Context) {
	if c.Response().Committed { // echo calls the handler again for an error after the answer
		return
	}
	ctx := c.Request().Context()
	refusal, foreseen := s.refusalOf(err, c)
	switch {
	case errors.Is(err, context.Canceled) && clientGone(c):
		s.Logger.LogAttrs(ctx, slog.LevelDebug, "client went away", slog.String("request_id", envelope.RequestFrom(ctx).ID))
	case !foreseen:
		s.Logger.LogAttrs(ctx, slog.LevelError, "request failed",
			slog.String("request_id", envelope.RequestFrom(ctx).ID), slog.Int("status", refusal.Status), slog.String("error", redact.Error(err)))
	}
	setRefusal(c, refusal)
	if refusal.RetryAfter > 0 {
		c.Response().Header().Set(echo.HeaderRetryAfter, wholeSeconds(refusal.RetryAfter))
	}
	if s.ShowRules && len(refusal.Rules) > 0 {
		c.Response().Header().Set("X-Sandbox-Rule", joinIDs(refusal.Rules))
	}
	if writeErr := writeRefusal(c, refusal); writeErr != nil {
		s.Logger.LogAttrs(ctx, slog.LevelDebug, "answer not delivered", slog.String("error", writeErr.Error()))
	}
}

// clientGone tells whether the client has hung up: the context of its
// connection has ended, and not only that of its deadline.
func clientGone(c echo.Context) bool {
	client, ok := c.Get(clientKey).(context.Context)
	return ok && client.Err() != nil
}

// refusalOf tells what the client gets for err, and whether somebody foresaw it.
func (s *Server) refusalOf(err error, c echo.Context) (refusal *fault.Error, foreseen bool) {
	var httpErr *echo.HTTPError
	switch {
	case errors.Is(err, fault.ErrUnconfirmed): // before its cause, which may be a deadline
		return fault.Unconfirmed(), false
	case errors.As(err, &refusal):
		return refusal, true
	case errors.Is(err, fault.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fault.Unavailable(), false
	case errors.As(err, &httpErr):
		switch httpErr.Code {
		case http.StatusNotFound:
			return fault.Refuse(rules.GatewayPath), true
		case http.StatusMethodNotAllowed:
			return fault.Refuse(rules.GatewayMethod, "path", prefix(c.Request().URL.Path)), true
		case http.StatusBadRequest: // a parameter that the generated wrapper cannot bind: an empty part of the path
			return fault.Refuse(rules.RequestURL), true
		}
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

// recoverPanics turns a panic into a 500 without a word of it in the answer, and
// with its place, but not its text, in the log.
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

// requireAnswer refuses a nil answer of a strict operation.
func requireAnswer(next api.StrictHandlerFunc, operationID string) api.StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		response, err := next(c, request)
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
