package httpapi

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/fault"
)

// Dial makes the server do what the contract allows and a client seldom meets. Only the sandbox has one.
type Dial interface {
	// Trouble returns what a request to an operation meets before anything of it is carried out.
	Trouble(ctx context.Context, operation string) Trouble
	// EndToken tells that a token that was good is not any more.
	EndToken(ctx context.Context, token uuid.UUID) (bool, error)
	// SmallPage tells that the page of a list has one entry when no size is asked for.
	SmallPage(ctx context.Context) bool
}

// Trouble is no fault of the client, who may send the request again.
type Trouble int

// What a request can meet.
const (
	NoTrouble Trouble = iota
	TooManyRequests
	Unavailable
)

// pause is how long a client has to wait after a 429 of a Dial.
const pause = time.Second

// meetTrouble stands where the calls of a client are counted.
func (s *Server) meetTrouble(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if s.Dial == nil {
				return next(c)
			}
			switch s.Dial.Trouble(c.Request().Context(), op.id) {
			case TooManyRequests:
				return op.refuse(rules.GatewayRateLimit).After(pause).Because("dial strict", "no act at this request", "a 429 that the dial has drawn")
			case Unavailable:
				return fault.Unavailable()
			case NoTrouble:
			}
			return next(c)
		}
	}
}

// endToken refuses a good token when a Dial says that it has ended.
func (s *Server) endToken(c echo.Context, op *operation, who *auth.Identity) error {
	if s.Dial == nil {
		return nil
	}
	ended, err := s.Dial.EndToken(c.Request().Context(), who.TokenID)
	if err != nil || !ended {
		return err //nolint:wrapcheck // says what failed
	}
	return op.refuse(rules.GatewayTokenExpired).Because("dial strict", "no act at this request", "an early end of the token, which the dial has drawn")
}

// shrinkPage asks for a page of one entry when a Dial wants that and the client has named no size.
func (s *Server) shrinkPage(ctx context.Context, op *operation, query url.Values) {
	if s.Dial != nil && op.paged && !query.Has("page_size") && slices.Contains(op.query, "page_size") && s.Dial.SmallPage(ctx) {
		query.Set("page_size", "1")
	}
}
