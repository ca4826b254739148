// Package httpapi takes a request to its operation and writes the answer: the
// checks that the contract implies, the generated wrappers, the error handler. It
// knows no resource.
package httpapi

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"go.opentelemetry.io/otel/trace"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/idempotency"
	"esoz/internal/platform/validation"
)

// Server holds the dependencies of the chains.
type Server struct {
	Document *openapi3.T
	Auth     *auth.Authenticator
	Config   *config.Live
	Clock    *clock.Clock
	Formats  validation.Formats
	Guards   map[string]Guard     // by operationId
	Bodies   map[string]BodyCheck // by operationId
	Answers  *idempotency.Store
	Logger   *slog.Logger
	Metrics  *Metrics
	Tracer   trace.Tracer
	// ShowRules adds X-Sandbox-Rule and X-Sandbox-Hint to refusals.
	ShowRules bool
	// NotServed, when set, answers requests for operations that the national system documents and this server does not
	// have. It is asked where an unknown path or a wrong method is refused.
	NotServed func(method, path string) (refusal *fault.Error, hint string)
	// Observe, when set, is called after every answered request.
	Observe Observer
	// Dial, when set, makes trouble.
	Dial Dial

	requests requestIDs
	room     lists
	known    map[string]*operation // by operationId
}

// methods that are refused on a known path that does not have them.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
	http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace,
}

// Handler serves the operations of the contract with ops.
func (s *Server) Handler(ops api.StrictServerInterface) (*echo.Echo, error) {
	known, err := operations(s.Document)
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	s.requests.process, s.known, s.room = uuid.NewString(), known, newLists()

	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.refuse
	e.Pre(middleware.RemoveTrailingSlash(), knownMethod)
	e.IPExtractor = clientAddress(s.Config.Get().TrustedProxies)
	e.Use(s.identify, s.finish, s.limitUnderWay(), s.recoverPanics, s.allowOrigins(), s.withDeadline)

	chains := map[string][]echo.MiddlewareFunc{}
	for id, op := range known {
		op.on = func(id rules.ID) bool { return s.Config.Get().On(id) }
		chains[id] = s.chain(op)
	}
	strict := api.NewStrictHandler(ops, []api.StrictMiddlewareFunc{requireAnswer})
	api.RegisterHandlersWithOptions(e, strict, api.RegisterHandlersOptions{OperationMiddlewares: chains})
	s.refuseOtherMethods(e, known)
	serveAliases(e, known)
	return e, nil
}

// serveAliases serves operations at their further paths: a deprecated twin, the
// form of live clients, or that of a link that the running system prints. Several
// operations may share such a path, and some share one with the contract. Its other
// methods behave as at the path of one of them.
func serveAliases(e *echo.Echo, known map[string]*operation) {
	served, own := map[string]map[string]*operation{}, map[string]bool{} // by alias and method
	for _, op := range known {
		own[op.path] = true
		for _, alias := range op.aliases {
			if served[alias] == nil {
				served[alias] = map[string]*operation{}
			}
			served[alias][op.method] = op
		}
	}
	for alias, ops := range served {
		for _, method := range methods {
			op := ops[method]
			if op == nil && own[alias] {
				continue
			}
			if op == nil {
				op = ops[slices.Min(slices.Collect(maps.Keys(ops)))]
			}
			e.Add(method, echoPath(alias), func(c echo.Context) error {
				path := echoPath(op.path)
				for i, name := range c.ParamNames() {
					path = strings.Replace(path, ":"+name, c.ParamValues()[i], 1)
				}
				e.Router().Find(method, path, c)
				return c.Handler()(c)
			})
		}
	}
}

// refuseOtherMethods answers 403 to a method that a known path does not have,
// after the token (401 first, then 403).
func (s *Server) refuseOtherMethods(e *echo.Echo, known map[string]*operation) {
	for path, item := range s.Document.Paths.Map() {
		declared := item.Operations()
		gate := &operation{path: path, public: true}
		for _, op := range known {
			if op.path == path && !op.public {
				gate.public = false
			}
		}
		links := append([]echo.MiddlewareFunc{s.observe(unknownMethod)}, s.entrance(gate)...)
		refuse := func(c echo.Context) error {
			if documented := s.notServed(c); documented != nil {
				return documented
			}
			return gate.refuse(rules.GatewayMethod, "path", prefix(path))
		}
		for _, method := range methods {
			if declared[method] == nil {
				e.Add(method, echoPath(path), refuse, links...)
			}
		}
	}
}

// notServed returns the refusal of a documented operation that the server does not have. It is nil for an unknown path or method.
func (s *Server) notServed(c echo.Context) *fault.Error {
	if s.NotServed == nil {
		return nil
	}
	r := c.Request()
	refusal, hint := s.NotServed(r.Method, r.URL.EscapedPath())
	if refusal != nil {
		c.Response().Header().Set("X-Sandbox-Hint", hint)
	}
	return refusal
}

// knownMethod replaces an unknown method by TRACE, so that it is refused like
// other methods that a path does not have, after the token.
func knownMethod(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if r := c.Request(); !slices.Contains(methods, r.Method) {
			r.Method = http.MethodTrace
		}
		return next(c)
	}
}

// identify takes the client's request id or makes one, and prepares meta of the
// answer.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		id := r.Header.Get(echo.HeaderXRequestID)
		if !printable(id) {
			id = s.requests.next()
		}
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		c.Response().Header().Set(echo.HeaderXContentTypeOptions, "nosniff")
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		c.Set(clientKey, r.Context())
		about := envelope.RequestFrom(r.Context()) // the sandbox may have put a warning there
		about.URL, about.ID, about.IdempotencyKey = s.Config.Get().PublicBaseURL+r.URL.EscapedPath(), id, idempotencyKey(r)
		about.EchoedKey = echoable(r.Header.Get("X-Idempotency-Key"))
		s.warnBeforeAnswer(c.Response(), about)
		c.SetRequest(r.WithContext(envelope.WithRequest(r.Context(), about)))
		return next(c)
	}
}

// idempotencyKey returns the key of the national system's header or, without it,
// of the usual header. A key that cannot be echoed counts as not sent.
func idempotencyKey(r *http.Request) string {
	return echoable(cmp.Or(r.Header.Get("X-Idempotency-Key"), r.Header.Get("Idempotency-Key")))
}

// echoable returns a header's value, or nothing when it must not be echoed.
func echoable(value string) string {
	if !printable(value) {
		return ""
	}
	return value
}

// printable returns whether a header value may be echoed: 1 to 200 printable ASCII
// characters.
func printable(value string) bool {
	return len(value) >= 1 && len(value) <= 200 &&
		!slices.ContainsFunc([]byte(value), func(b byte) bool { return b < 0x20 || b > 0x7e })
}

// requestIDs makes ids in the form of the gateway: <uuid of the process>#<counter>.
type requestIDs struct {
	process string
	count   atomic.Uint64
}

func (r *requestIDs) next() string {
	return r.process + "#" + strconv.FormatUint(r.count.Add(1), 10)
}
