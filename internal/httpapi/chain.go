package httpapi

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"esoz/gen/rules"
	"esoz/internal/auth"
	"esoz/internal/config"
	"esoz/internal/envelope"
	"esoz/internal/fault"
	"esoz/internal/seal"
	"esoz/internal/validation"
)

// Guard is a documented check of one operation that stands before the checks
// of its body.
type Guard func(ctx context.Context) error

// chain builds the links that a request to op passes before the operation, in
// the documented order (spec: conventions 1.3; DESIGN §2 and R5).
func (s *Server) chain(op *operation) []echo.MiddlewareFunc {
	links := []echo.MiddlewareFunc{s.observe(op.id), s.checkPSK(op)}
	if !op.public {
		links = append(links, s.authenticate(op), s.authorize(op))
	}
	links = append(links, s.normalizeQuery(op))
	if op.body != nil {
		links = append(links, s.readBody(op))
	}
	if guard := s.Guards[op.id]; guard != nil {
		links = append(links, before(guard))
	}
	if op.body != nil {
		links = append(links, s.validateBody(op))
	}
	return links
}

// before runs check and goes on when it passes.
func before(check func(ctx context.Context) error) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := check(c.Request().Context()); err != nil {
				return err
			}
			return next(c)
		}
	}
}

func (s *Server) checkPSK(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			allowed := s.Config.Get().GatewayPSK
			sent := seal.Token(c.Request().Header.Get("X-Custom-PSK")) // hashed, so that the comparison tells nothing by its time
			if len(allowed) > 0 && !slices.ContainsFunc(allowed, func(key config.Secret) bool {
				return hmac.Equal(seal.Token(string(key)), sent)
			}) {
				return op.refuse(rules.GatewayPSK)
			}
			return next(c)
		}
	}
}

// authenticate finds out who asks. What it learns of the API-key is judged by
// authorize: a wrong method is refused in between.
func (s *Server) authenticate(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			token, ok := bearer(r.Header.Get(echo.HeaderAuthorization))
			if !ok {
				return op.refuse(rules.GatewayTokenMissing)
			}
			if limit := s.Config.Get().RateLimitPerMinute; limit > 0 {
				if err := s.countRequest(c, op, token, limit); err != nil {
					return err
				}
			}
			who, err := s.Auth.Identify(r.Context(), token, r.Header.Get("API-key"))
			if errors.Is(err, fault.ErrNotFound) {
				return op.refuse(rules.GatewayTokenUnknown)
			}
			if err != nil {
				return err
			}
			switch {
			case who.TokenName != auth.AccessToken:
				return op.refuse(rules.GatewayTokenKind)
			case !s.Clock.Now().Before(who.ExpiresAt):
				return op.refuse(rules.GatewayTokenExpired)
			case who.ClientBlocked:
				return op.refuse(rules.GatewayTokenClientBlocked)
			case who.UserBlocked:
				return op.refuse(rules.GatewayTokenUserBlocked)
			}
			ctx := auth.With(r.Context(), who.Subject)
			ctx = context.WithValue(ctx, identityKey{}, who)
			c.SetRequest(r.WithContext(ctx))
			return next(c)
		}
	}
}

type identityKey struct{}

// authorize checks the API-key, the user's scopes and those of the broker.
func (s *Server) authorize(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			who, _ := c.Request().Context().Value(identityKey{}).(*auth.Identity)
			brokered, err := s.checkAPIKey(op, who, c.Request().Header.Get("API-key"))
			if err != nil {
				return err
			}
			if missing := auth.Missing(op.scopes, who.Scopes); len(missing) > 0 {
				return op.refuse(rules.GatewayScope, "scopes", strings.Join(missing, ", "))
			}
			if brokered {
				if missing := auth.Missing(op.scopes, who.BrokerScope); len(missing) > 0 {
					return op.refuse(rules.GatewayBrokerScope, "scopes", strings.Join(missing, ", "))
				}
			}
			return next(c)
		}
	}
}

// checkAPIKey tells whether the call comes through a broker, whose scopes then
// count too. Clients with direct access need no key.
func (s *Server) checkAPIKey(op *operation, who *auth.Identity, key string) (brokered bool, err error) {
	mode := s.Config.Get().GatewayAPIKey
	switch {
	case mode == config.APIKeyOff || who.AccessType == auth.Direct:
		return false, nil
	case key == "" && mode == config.APIKeyWhenSent:
		return false, nil
	case key == "":
		return false, op.refuse(rules.GatewayAPIKeyMissing)
	case !who.APIKeyKnown:
		return false, op.refuse(rules.GatewayAPIKeyUnknown)
	case who.BrokerScope == nil:
		return false, op.refuse(rules.GatewayAPIKeyBroker)
	}
	return true, nil
}

func (s *Server) countRequest(c echo.Context, op *operation, token string, limit int) error {
	used, resets, err := s.Auth.CountRequest(c.Request().Context(), op.id, token)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("X-RateLimit-Limit-Minute", strconv.Itoa(limit))
	h.Set("X-RateLimit-Remaining-Minute", strconv.Itoa(max(0, limit-used)))
	if used > limit {
		return op.refuse(rules.GatewayRateLimit).After(resets.Sub(s.Clock.Now()))
	}
	return nil
}

func bearer(header string) (token string, ok bool) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}

// normalizeQuery makes the query safe to bind: one value per parameter, valid
// text, and paging that is never refused (spec: conventions 2.3).
func (s *Server) normalizeQuery(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if r.URL.RawQuery == "" {
				return next(c)
			}
			query := r.URL.Query()
			for _, name := range op.query {
				values := query[name]
				if len(values) == 0 {
					continue
				}
				if !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0) {
					return fault.Refuse(rules.RequestQuery, "parameter", name)
				}
				query.Set(name, values[0])
			}
			envelope.RequestFrom(r.Context()).Undeclared = op.undeclared(query)
			if op.paged {
				if !query.Has("page") && query.Has("page_number") {
					query.Set("page", query.Get("page_number"))
				}
				clampQuery(query, "page", maxPage)
				clampQuery(query, "page_size", s.Config.Get().MaxPageSize)
			}
			r.URL.RawQuery = query.Encode()
			return next(c)
		}
	}
}

// undeclared are the parameters of a query that the operation does not have.
// Most operations pass over them; the closed lists of the medical events refuse
// them.
func (op *operation) undeclared(query map[string][]string) map[string]string {
	var found map[string]string
	for name, values := range query {
		if slices.Contains(op.query, name) || op.paged && name == "page_number" {
			continue
		}
		if found == nil {
			found = map[string]string{}
		}
		found[name] = values[0]
	}
	return found
}

// maxPage keeps the offset of the last possible page within an int32.
const maxPage = 1_000_000

func clampQuery(query map[string][]string, name string, most int) {
	values := query[name]
	if len(values) == 0 {
		return
	}
	n, err := strconv.Atoi(values[0])
	switch {
	case errors.Is(err, strconv.ErrRange) && !strings.HasPrefix(values[0], "-"), n > most:
		query[name] = []string{strconv.Itoa(most)}
	case err != nil || n < 1:
		delete(query, name)
	}
}

// body carries the decoded request body. The generated handler binds the
// decoded value through ValidatedValue, so that what an operation sees is what
// was validated, and nothing is parsed twice.
type body struct {
	io.ReadCloser
	value      any
	duplicates []validation.Duplicate
}

// ValidatedValue is what oapi-codegen's strict handler asks for.
func (b *body) ValidatedValue() any { return b.value }

// readBody checks size, content type and JSON, in this order. A missing body
// is judged as an empty object.
func (s *Server) readBody(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			raw, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, s.Config.Get().MaxBodyBytes))
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				return op.refuse(rules.RequestTooLarge)
			}
			if err != nil {
				return op.refuse(rules.RequestJSON) // the client hung up or sent less than it announced
			}
			if len(bytes.TrimSpace(raw)) == 0 {
				raw = []byte("{}")
			} else if media, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); (err != nil || media != echo.MIMEApplicationJSON) && s.Config.Get().On(rules.RequestContentType) {
				return op.refuse(rules.RequestContentType)
			}
			value, duplicates, err := validation.Decode(raw)
			if err != nil {
				return op.refuse(rules.RequestJSON)
			}
			r.Body = &body{ReadCloser: io.NopCloser(bytes.NewReader(raw)), value: value, duplicates: duplicates}
			return next(c)
		}
	}
}

func (s *Server) validateBody(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			b, _ := c.Request().Body.(*body)
			if refusal := op.body.Check(b.value, b.duplicates, s.Formats, s.Config.Get().On); refusal != nil {
				return refusal
			}
			return next(c)
		}
	}
}

// withDeadline bounds a request: past it the engines' calls fail and the answer is 503.
func (s *Server) withDeadline(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), s.Config.Get().RequestTimeout)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}

// retryAfter is a whole number of seconds, at least one.
func retryAfter(d time.Duration) string {
	return strconv.Itoa(max(1, int((d+time.Second-1)/time.Second)))
}
