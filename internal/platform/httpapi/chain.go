package httpapi

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
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

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/signature"
	"esoz/internal/platform/validation"
)

// Guard makes the documented checks of one operation that come before the checks
// of its body. path returns a parameter of the path.
type Guard func(ctx context.Context, path func(name string) string) error

// BodyCheck makes the documented checks of what a body means. They answer together
// with those of its schema, and read the body as it was sent, because it may have
// another shape.
type BodyCheck func(ctx context.Context, sent *validation.Checked) ([]*fault.Error, error)

// chain builds the middleware of an operation in the documented order (decisions
// R5).
func (s *Server) chain(op *operation) []echo.MiddlewareFunc {
	links := append([]echo.MiddlewareFunc{s.observe(op.id)}, s.entrance(op)...)
	if !op.public {
		links = append(links, s.authorize(op))
	}
	links = append(links, s.normalizeQuery(op), namePath)
	if op.paged {
		links = append(links, s.room.reserve)
	}
	if op.body != nil {
		links = append(links, s.readBody(op))
	}
	if op.idempotent {
		links = append(links, s.once(op))
	}
	if guard := s.Guards[op.id]; guard != nil {
		links = append(links, before(guard))
	}
	if op.body != nil {
		links = append(links, s.validateBody(op))
	}
	return links
}

// entrance returns the checks of the caller and of the rate limit.
func (s *Server) entrance(op *operation) []echo.MiddlewareFunc {
	if op.public {
		return []echo.MiddlewareFunc{s.checkPSK(op), s.limitRate(op), s.meetTrouble(op)}
	}
	return []echo.MiddlewareFunc{s.checkPSK(op), requireToken(op), s.identifyToken(op), s.limitRate(op), s.meetTrouble(op), s.authenticate(op)}
}

// before calls next if check passes.
func before(check Guard) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := check(c.Request().Context(), c.Param); err != nil {
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
			if len(allowed) == 0 {
				return next(c)
			}
			sent := seal.Token(c.Request().Header.Get("X-Custom-PSK")) // hashed, so that the time of the comparison reveals nothing
			if !slices.ContainsFunc(allowed, func(key config.Secret) bool { return hmac.Equal(seal.Token(string(key)), sent) }) {
				return op.refuse(rules.GatewayPSK).Because("X-Custom-PSK", "a key of this deployment", sentOrNot(c.Request(), "X-Custom-PSK"))
			}
			return next(c)
		}
	}
}

func requireToken(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if bearer(c.Request()) == "" {
				return op.refuse(rules.GatewayTokenMissing).Because("Authorization", "Bearer and a token", sentOrNot(c.Request(), echo.HeaderAuthorization))
			}
			return next(c)
		}
	}
}

// limitRate counts the calls of a token or, if the operation is public, of the client's address: the client could change
// anything else with each call.
func (s *Server) limitRate(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			caller := c.RealIP()
			if !op.public {
				caller = bearer(c.Request())
			}
			if err := s.countRequest(c, op, op.id, caller); err != nil {
				return err
			}
			return next(c)
		}
	}
}

// countRequest refuses a call that is beyond the limit, if there is one.
func (s *Server) countRequest(c echo.Context, op *operation, what, caller string) error {
	limit := s.Config.Get().RateLimitPerMinute
	if limit == 0 {
		return nil
	}
	used, resets, err := s.Auth.CountRequest(c.Request().Context(), what, caller)
	if err != nil {
		return err
	}
	return s.judgeRate(c, op, used, limit, resets)
}

// judgeRate says in the headers of the answer how many calls are left.
func (s *Server) judgeRate(c echo.Context, op *operation, used, limit int, resets time.Time) error {
	left, wait := strconv.Itoa(max(0, limit-used)), resets.Sub(s.Clock.Now())
	h := c.Response().Header()
	h.Set("RateLimit-Limit", strconv.Itoa(limit))
	h.Set("RateLimit-Remaining", left)
	h.Set("RateLimit-Reset", wholeSeconds(wait))
	h.Set("X-RateLimit-Limit-Minute", strconv.Itoa(limit))
	h.Set("X-RateLimit-Remaining-Minute", left)
	if used > limit {
		return op.refuse(rules.GatewayRateLimit).After(wait).
			Because("calls in a minute", fmt.Sprintf("at most %d (RATE_LIMIT_PER_MINUTE)", limit), used)
	}
	return nil
}

// guesses is what requests with unknown tokens are counted under, whatever they ask for.
const guesses = "unknown token"

// identifyToken looks the token up. An address that has sent too many unknown ones does not learn whether the next is known.
// Only the address is counted: each made-up token would leave a row.
func (s *Server) identifyToken(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if limit := s.Config.Get().RateLimitPerMinute; limit > 0 {
				used, resets, err := s.Auth.Requests(r.Context(), guesses, c.RealIP())
				if err != nil {
					return err
				}
				if used >= limit {
					return s.judgeRate(c, op, used+1, limit, resets)
				}
			}
			who, err := s.Auth.Identify(r.Context(), bearer(r), r.Header.Get("API-key"))
			if errors.Is(err, fault.ErrNotFound) {
				if err := s.countRequest(c, op, guesses, c.RealIP()); err != nil {
					return err
				}
				return op.refuse(rules.GatewayTokenUnknown).Because("token", "one that this server gave, and no session has ended", "unknown")
			}
			if err != nil {
				return err
			}
			c.Set(identityKey, who)
			return next(c)
		}
	}
}

// identityKey is where identifyToken leaves a caller who may not pass yet.
const identityKey = "identity"

// authenticate judges the token. authorize checks the API-key later, because a wrong method is refused in between.
func (s *Server) authenticate(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			who, _ := c.Get(identityKey).(*auth.Identity)
			switch {
			case who.TokenName != auth.AccessToken:
				return op.refuse(rules.GatewayTokenKind).Because("kind of the token", auth.AccessToken, who.TokenName)
			case !s.Clock.Now().Before(who.ExpiresAt):
				return op.refuse(rules.GatewayTokenExpired).Because("end of the token", "after "+s.Clock.Now().Format(time.RFC3339), who.ExpiresAt)
			case !s.Clock.Now().Before(who.PasswordEnd):
				return op.refuse(rules.GatewayTokenExpired).Because("end of the user's password", "after "+s.Clock.Now().Format(time.RFC3339), who.PasswordEnd)
			case who.ClientBlocked:
				return op.refuse(rules.GatewayTokenClientBlocked).Because("client of the token", "not blocked", "blocked, or deleted")
			case who.UserBlocked:
				return op.refuse(rules.GatewayTokenUserBlocked).Because("user of the token", "not blocked", "blocked")
			}
			if err := s.endToken(c, op, who); err != nil {
				return err
			}
			c.SetRequest(r.WithContext(auth.With(r.Context(), who)))
			return next(c)
		}
	}
}

// authorize checks the API-key, the user's scopes and those of the broker.
func (s *Server) authorize(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			who := auth.IdentityFrom(c.Request().Context())
			key := c.Request().Header.Get("API-key")
			brokered, err := s.checkAPIKey(op, who, key)
			if err != nil {
				return err
			}
			if key == "" && who.AccessType != auth.Direct {
				envelope.RequestFrom(c.Request().Context()).Warn(noAPIKey)
			}
			scopes := s.scopes(op)
			if missing := auth.Missing(scopes, who.Scopes); len(missing) > 0 {
				return op.refuse(rules.GatewayScope, "scopes", strings.Join(missing, ", ")).
					With(lacking("scopes of the token", scopes, who.Scopes, missing))
			}
			if brokered {
				if missing := auth.Missing(scopes, who.BrokerScope); len(missing) > 0 {
					return op.refuse(rules.GatewayBrokerScope, "scopes", strings.Join(missing, ", ")).
						With(lacking("scopes of the MIS of the API-key", scopes, who.BrokerScope, missing))
				}
			}
			return next(c)
		}
	}
}

// scopes returns what an operation wants of a token. The running system lets every
// access token read its own user (decisions R31).
func (s *Server) scopes(op *operation) []string {
	if cfg := s.Config.Get(); op.id == "getUser" && cfg.ReadsLive(cfg.UserReadScope) {
		return nil
	}
	return op.scopes
}

// checkAPIKey returns whether the call comes through a broker, whose scopes are
// then checked too. Clients with direct access need no key.
func (s *Server) checkAPIKey(op *operation, who *auth.Identity, key string) (brokered bool, err error) {
	mode := s.Config.Get().GatewayAPIKey
	switch {
	case mode == config.APIKeyOff || who.AccessType == auth.Direct:
		return false, nil
	case key == "" && mode == config.APIKeyWhenSent:
		return false, nil
	case key == "":
		return false, op.refuse(rules.GatewayAPIKeyMissing).Because("API-key", "the key of a MIS", "nothing")
	case !who.APIKeyKnown:
		return false, op.refuse(rules.GatewayAPIKeyUnknown).Because("API-key", "the key of a MIS that is not blocked", "an unknown one, or of a blocked MIS")
	case who.BrokerScope == nil:
		return false, op.refuse(rules.GatewayAPIKeyBroker).Because("MIS of the API-key", "one that may act for others", "one without such scopes")
	}
	return true, nil
}

// bearer returns the token of a request, or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get(echo.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// unnamed stands for an empty part of a path. Nothing has this name, so that the
// operation does not find it in its documented place; the generated wrapper would
// refuse it before (decisions R12).
const unnamed = " "

// namePath fills the empty parts of a path.
func namePath(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		values := c.ParamValues()
		for i, value := range values {
			if value == "" {
				values[i] = unnamed
			}
		}
		return next(c)
	}
}

// normalizeQuery makes the query safe to bind: well encoded, the last value of each
// parameter, valid text, and page numbers within bounds, because paging is never
// refused. net/http answers badly encoded paths before.
func (s *Server) normalizeQuery(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if r.URL.RawQuery == "" {
				query := url.Values{}
				s.shrinkPage(r.Context(), op, query)
				r.URL.RawQuery = query.Encode()
				return next(c)
			}
			// A semicolon is part of a value, but url.ParseQuery rejects it.
			query, err := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B"))
			if err != nil {
				return op.refuse(rules.RequestURL).Because("query", "percent-encoded", "a % that is followed by no two hexadecimal digits")
			}
			for _, name := range op.query {
				if slices.ContainsFunc(query[name], func(value string) bool { return !utf8.ValidString(value) || strings.ContainsRune(value, 0) }) {
					return fault.Refuse(rules.RequestQuery, "parameter", name).Because(name, "UTF-8 without U+0000", "other bytes")
				}
			}
			for name, values := range query {
				query[name] = values[len(values)-1:] // as Plug does (decisions R33)
			}
			about := envelope.RequestFrom(r.Context())
			about.Undeclared, about.Declared = op.undeclared(query), op.query
			s.warnOfQuery(op, about, query)
			s.shrinkPage(r.Context(), op, query)
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

// undeclared returns the parameters of a query that the operation does not have.
// Most operations ignore them. Lists of medical events refuse them.
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

// body carries the decoded request body. The generated handler binds the decoded
// value through ValidatedValue: the operation sees the validated value, and the
// body is parsed once.
type body struct {
	io.ReadCloser
	value *validation.Value
}

// ValidatedValue is called by the generated strict handler.
func (b *body) ValidatedValue() any { return b.value.JSON }

// usualBody is larger than documented bodies, in bytes.
const usualBody = 16 << 10

// readBody checks size, content type and JSON, in this order. A missing body
// counts as an empty object.
func (s *Server) readBody(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			most, setting := s.Config.Get().MaxBodyBytes, "MAX_BODY_BYTES"
			if op.signed {
				most, setting = s.Config.Get().MaxSignedBody(), "MAX_SIGNED_CONTENT_BYTES"
			}
			var read bytes.Buffer
			read.Grow(int(min(max(r.ContentLength, 0), usualBody)) + bytes.MinRead) // clients may announce more than they send
			connection := http.NewResponseController(c.Response())
			late := false
			if deadline, ok := r.Context().Deadline(); ok {
				late = time.Until(deadline) < s.Config.Get().RequestTimeout/2
				_ = connection.SetReadDeadline(deadline) // tests record answers without a connection
			}
			_, err := read.ReadFrom(http.MaxBytesReader(c.Response(), r.Body, most))
			if err == nil {
				_ = connection.SetReadDeadline(time.Time{}) // the server goes on reading, to see whether the client leaves
			}
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				return op.refuse(rules.RequestTooLarge).Because("size of the body", fmt.Sprintf("at most %d bytes (%s)", most, setting), "more")
			}
			if late && errors.Is(err, os.ErrDeadlineExceeded) {
				return fmt.Errorf("read a body that waited for its token: %w", context.DeadlineExceeded) // the client was not slow
			}
			if err != nil {
				return op.refuse(rules.RequestJSON).Because("body", "as long as announced", fmt.Sprintf("an end after %d bytes", read.Len())) // the client hung up or sent less than it announced
			}
			raw := read.Bytes()
			if len(bytes.TrimSpace(raw)) == 0 {
				raw = []byte("{}")
			} else if !isJSON(r.Header.Get(echo.HeaderContentType)) && s.Config.Get().On(rules.RequestContentType) {
				return op.refuse(rules.RequestContentType).Because("Content-Type", echo.MIMEApplicationJSON, mediaType(r.Header.Get(echo.HeaderContentType)))
			}
			value, err := validation.Decode(raw)
			if err != nil {
				return op.refuse(rules.RequestJSON).Because("body", "one JSON value in UTF-8", notJSON(raw, err))
			}
			r.Body = &body{ReadCloser: io.NopCloser(bytes.NewReader(raw)), value: value}
			if op.signed {
				c.SetRequest(r.WithContext(signature.WithClaims(r.Context(), signature.Claims(r.Header))))
			}
			return next(c)
		}
	}
}

func isJSON(contentType string) bool {
	if contentType == echo.MIMEApplicationJSON {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == echo.MIMEApplicationJSON
}

func (s *Server) validateBody(op *operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			b, _ := c.Request().Body.(*body)
			cfg, value := s.Config.Get(), b.value
			if op.signed && cfg.ReadsLive(cfg.SignedBodyFields) {
				value = op.body.Known(value)
			}
			sent := op.body.Check(value, s.Formats, cfg.On)
			var refused []*fault.Error
			if check := s.Bodies[op.id]; check != nil {
				var err error
				if refused, err = check(c.Request().Context(), sent); err != nil {
					return err
				}
			}
			if refusal := sent.Refusal(refused...); refusal != nil {
				return refusal
			}
			return next(c)
		}
	}
}

// withDeadline bounds a request, its body and its answer included. After the deadline calls of the databases fail, and the
// answer is 503, or 504 when a change may have been made; a body that has not come by then is a 400, but a 503 when the
// look-up of its token took half of the time. A client that does not read is cut off.
func (s *Server) withDeadline(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), s.Config.Get().RequestTimeout)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		if deadline, ok := ctx.Deadline(); ok { // the next request of the connection gets a deadline of its own
			_ = http.NewResponseController(c.Response()).SetWriteDeadline(deadline.Add(timeToRefuse)) // tests record answers without a connection
		}
		return next(c)
	}
}

// wholeSeconds rounds up to seconds, at least one.
func wholeSeconds(d time.Duration) string {
	return strconv.Itoa(max(1, int((d+time.Second-1)/time.Second)))
}
