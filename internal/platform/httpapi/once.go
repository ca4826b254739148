package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/idempotency"
	"esoz/internal/platform/redact"
)

// once carries out a request with an idempotency key only once, when IDEMPOTENCY
// is replay. A repetition gets the stored answer, even if the operation would now
// refuse the caller. Refusals are not stored: the next try may pass.
func (s *Server) once(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			about := envelope.RequestFrom(r.Context())
			if about.IdempotencyKey == "" || s.Config.Get().Idempotency != config.IdempotencyReplay {
				return next(c)
			}
			content, err := op.content(r)
			if err != nil {
				return err
			}
			by := auth.From(r.Context())
			claim, known, err := s.Answers.Claim(r.Context(), idempotency.Request{
				ID: about.ID, ClientID: by.ClientID, UserID: by.UserID, Key: about.IdempotencyKey, Content: content,
			})
			var underWay *idempotency.UnderWayError
			switch {
			case errors.As(err, &underWay):
				return op.refuse(rules.RequestIdempotencyInFlight).After(underWay.Wait).
					Because("request with the same key", "answered", "under way")
			case errors.Is(err, idempotency.ErrMismatch):
				return op.refuse(rules.RequestIdempotencyMismatch).Because("request with the same key", "the same one", "another path, query or body")
			case err != nil:
				return err
			case known != nil:
				replayed, err := about.Own(known.Body)
				if err != nil {
					return err
				}
				c.Response().Header().Set("Idempotency-Replayed", "true")
				return c.Blob(known.Status, echo.MIMEApplicationJSON, replayed)
			}
			return s.carryOut(c, next, claim)
		}
	}
}

// content returns the bytes that are equal when a request is repeated.
func (op *operation) content(r *http.Request) ([]byte, error) {
	content := []byte(r.Method + " " + r.URL.RequestURI() + "\n")
	sent, ok := r.Body.(*body)
	if op.body == nil || !ok {
		return content, nil
	}
	canonical, err := json.Marshal(sent.value.JSON) // sorted keys, no spaces
	if err != nil {
		return nil, fmt.Errorf("encode the body: %w", err)
	}
	return append(content, canonical...), nil
}

// carryOut sends the answer after it is stored.
func (s *Server) carryOut(c echo.Context, next echo.HandlerFunc, claim *idempotency.Claim) error {
	r, w := c.Request(), c.Response()
	answer := Hold(w)
	c.SetRequest(r.WithContext(claim.Context(r.Context())))
	c.SetResponse(echo.NewResponse(answer, c.Echo()))
	ended := false
	defer func() {
		c.SetRequest(r)
		c.SetResponse(w)
		if ended {
			return
		}
		if err := claim.Release(r.Context()); err != nil {
			s.Logger.LogAttrs(r.Context(), slog.LevelWarn, "idempotency key stays claimed for a while",
				slog.String("request_id", envelope.RequestFrom(r.Context()).ID), slog.String("error", redact.Error(err)))
		}
	}()
	if err := next(c); err != nil {
		if _, refused := errors.AsType[*fault.Error](err); refused {
			if err := claim.Refuse(r.Context()); err != nil {
				return err
			}
			ended = true
		}
		return err
	}
	if err := claim.Keep(r.Context(), answer.status, answer.body.Bytes()); err != nil {
		return err
	}
	ended = true
	c.SetResponse(w)
	return c.Blob(answer.status, echo.MIMEApplicationJSON, answer.body.Bytes())
}
