package app_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/app"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

const divisions = "/api/divisions"

func as(token string) world.Request { return testkit.As(token, http.MethodGet, divisions, nil) }

// The server has exactly the routes of the contract. All its other routes refuse.
func TestRoutesAreTheContracts(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	doc, err := app.Document()
	require.NoError(t, err)
	e, ok := s.API.(*echo.Echo)
	require.True(t, ok)

	declared := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			declared[method+" "+strings.NewReplacer("{", ":", "}", "").Replace(path)] = true
		}
	}
	served := map[string]bool{}
	for _, route := range e.Routes() {
		key := route.Method + " " + route.Path
		if strings.Contains(route.Name, "serveAliases") {
			continue // TestAliasesAnswerAlike
		}
		if strings.Contains(route.Name, "refuseOtherMethods") {
			require.False(t, declared[key], key)
			continue
		}
		served[key] = true
	}
	require.Equal(t, declared, served)
}

// refused are the cases in which an operation refuses.
func refused(s *testkit.Server, operation string) (cases []world.Case) {
	for _, c := range s.World.Cases {
		if c.OperationID == operation && len(c.Rules) > 0 {
			cases = append(cases, c)
		}
	}
	return cases
}

// At an alias of the contract an operation answers as at its own path.
func TestAliasesAnswerAlike(t *testing.T) {
	t.Parallel()
	doc, err := app.Document()
	require.NoError(t, err)
	aliases := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all, _ := op.Extensions["x-aliases"].([]any)
			for _, alias := range all {
				aliases++
				at := func(r world.Request) world.Request { // the one parameter of these paths is id
					before, after, _ := strings.Cut(path, "{id}")
					path, query, _ := strings.Cut(r.Path, "?")
					require.True(t, strings.HasPrefix(path, before) && strings.HasSuffix(path, after), path)
					id := strings.TrimSuffix(strings.TrimPrefix(path, before), after)
					r.Path = strings.TrimSuffix(strings.Replace(alias.(string), "{id}", id, 1)+"?"+query, "?")
					return r
				}
				s := testkit.New(t, testkit.Idle())
				passing, _ := s.World.Passing(op.OperationID)
				for _, c := range append(refused(s, op.OperationID), passing) { // what passes changes what they stand on
					if len(c.Config) > 0 {
						continue
					}
					if slices.Contains(c.Rules, rules.GatewayMethod) {
						continue // another operation may have it there
					}
					moved := at(c.Request)
					got := s.Send(t, moved)
					require.Equal(t, c.Expect.Status, got.Status, "%s: %s", c.Title, got.Raw)
					var want []string
					for _, rule := range c.Rules {
						want = append(want, string(rule))
					}
					require.Equal(t, want, got.Rules(), c.Title)
					called, _, _ := strings.Cut(moved.Path, "?")
					require.Contains(t, got.Body.Meta["url"], s.Config.Get().PublicBaseURL+called)
				}
				other := at(passing.Request)
				other.Method = http.MethodPut
				require.Equal(t, []string{string(rules.GatewayMethod)}, s.Send(t, other).Rules(), "%s is no %s", http.MethodPut, method)
			}
		}
	}
	require.Equal(t, 7, aliases)
}

// If two checks would refuse, the earlier one answers.
func TestGatewayOrder(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.With("GATEWAY_PSK", "hosting"), testkit.With("GATEWAY_API_KEY", "required"))
	psk := func(r world.Request) world.Request { return r.Header("X-Custom-PSK", "hosting") }
	key := func(r world.Request, value string) world.Request { return r.Header("API-key", value) }
	broken := testkit.As("sandbox-no-scopes", http.MethodPost, divisions, nil).Sending("text/plain", "{")

	for _, c := range []struct {
		name    string
		request world.Request
		rule    rules.ID
	}{
		{"hosting key before token", as(""), rules.GatewayPSK},
		{"token before API-key", psk(as("")), rules.GatewayTokenMissing},
		{"token before method", psk(testkit.As("", http.MethodDelete, divisions, nil)), rules.GatewayTokenMissing},
		{"method before API-key", psk(testkit.As("sandbox-no-scopes", http.MethodDelete, divisions, nil)), rules.GatewayMethod},
		{"API-key before scope", psk(as("sandbox-no-scopes")), rules.GatewayAPIKeyMissing},
		{"unknown API-key before scope", key(psk(as("sandbox-no-scopes")), "nobody's"), rules.GatewayAPIKeyUnknown},
		{"user's scope before broker's", key(psk(as("sandbox-no-scopes")), world.MISKeyNoScope), rules.GatewayScope},
		{"scope before body", key(psk(broken), world.MISKey), rules.GatewayScope},
		{"content type before JSON", key(psk(withToken(broken, "sandbox-owner")), world.MISKey), rules.RequestContentType},
		{"kind of token before its age", psk(as("sandbox-refresh")), rules.GatewayTokenKind},
	} {
		r := s.Send(t, c.request)
		require.Equal(t, []string{string(c.rule)}, r.Rules(), "%s: %s", c.name, r.Raw)
	}
}

func withToken(r world.Request, token string) world.Request {
	headers := map[string]string{}
	for name, value := range r.Headers {
		headers[name] = value
	}
	headers["Authorization"] = "Bearer " + token
	r.Headers = headers
	return r
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	for sent, kept := range map[string]bool{
		"req-1": true, strings.Repeat("x", 200): true, strings.Repeat("x", 201): false, "": false, "з кирилицею": false,
	} {
		r := as("sandbox-owner")
		r.Headers["X-Request-ID"] = sent
		got := s.Send(t, r).Header.Get("X-Request-Id")
		if kept {
			require.Equal(t, sent, got)
		} else {
			require.Regexp(t, `^[0-9a-f-]{36}#[0-9]+$`, got)
		}
	}
}

func TestIdempotencyKeyIsEchoed(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	r := as("sandbox-owner").Header("X-Idempotency-Key", "once")
	require.Equal(t, "once", s.Send(t, r).Body.Meta["idempotency_key"])
}

// Paging is never refused: a value that is no number or too small is replaced by
// the default, one that is too large is lowered, and a page past the end is empty.
func TestPaging(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	for query, want := range map[string][2]float64{
		"":                             {1, 50},
		"?page=2&page_size=10":         {2, 10},
		"?page=0&page_size=0":          {1, 50},
		"?page=-1&page_size=-1":        {1, 50},
		"?page=abc&page_size=abc":      {1, 50},
		"?page_size=1000":              {1, 300},
		"?page_size=9999999999999":     {1, 300},
		"?page_number=3":               {3, 50},
		"?page=1&page=2&page_size=7":   {2, 7},
		"?page=2&page=abc":             {1, 50},
		"?page_number=2&page_number=3": {3, 50},
		"?page=999":                    {999, 50},
	} {
		r := s.Send(t, testkit.As("sandbox-owner", http.MethodGet, divisions+query, nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		require.InDelta(t, want[0], r.Body.Paging["page_number"], 0, query)
		require.InDelta(t, want[1], r.Body.Paging["page_size"], 0, query)
	}
}

// The answer is 503 with Retry-After when a database is unavailable or a deadline
// has passed.
func TestEngineAway(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	s.Pool.Close()
	r := s.Send(t, as("sandbox-owner"))
	require.Equal(t, http.StatusServiceUnavailable, r.Status, "%s", r.Raw)
	require.Equal(t, "internal_error", r.Body.Error.Type)
	require.NotEmpty(t, r.Header.Get("Retry-After"))
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	s.Set(t, map[string]string{"REQUEST_TIMEOUT": "1ns"})
	require.Equal(t, http.StatusServiceUnavailable, s.Send(t, as("sandbox-owner")).Status)
}

// Logs have ids, rules and durations, but no values of requests.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	lines := new(lockedBuffer)
	s := testkit.New(t, testkit.WithLogger(slog.New(slog.NewJSONHandler(lines, nil))))
	s.Send(t, testkit.As("sandbox-secret-token", http.MethodGet, "/api/verifications/+380501112233?x=canary", nil))
	s.Send(t, as("sandbox-owner"))
	text := lines.String()
	require.Contains(t, text, `"operation":"getVerification"`)
	require.Contains(t, text, `"rules":"gateway.token.unknown"`)
	require.Contains(t, text, `"client_id":"`+world.ID("clinic").String()+`"`)
	for _, canary := range []string{"sandbox-secret-token", "sandbox-owner", "380501112233", "canary"} {
		require.NotContains(t, text, canary)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// Every operation that needs a token refuses requests without one, by the
// gateway's rule or by its own rule that replaces it.
func TestEveryOperationWantsItsToken(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	doc, err := app.Document()
	require.NoError(t, err)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if len(*op.Security) == 0 {
				continue
			}
			target := strings.NewReplacer("{", "", "}", "").Replace(path)
			for _, token := range []string{"", "sandbox-nobody", "sandbox-expired", "sandbox-blocked-user", "sandbox-blocked-client", "sandbox-refresh"} {
				r := s.Send(t, testkit.As(token, method, target, nil))
				require.Equal(t, http.StatusUnauthorized, r.Status, "%s with %q: %s", op.OperationID, token, r.Raw)
				require.Equal(t, "access_denied", r.Body.Error.Type)
			}
			if scopes := (*op.Security)[0]["oauth2"]; len(scopes) > 0 {
				r := s.Send(t, testkit.As("sandbox-no-scopes", method, target, nil))
				require.Equal(t, http.StatusForbidden, r.Status, "%s: %s", op.OperationID, r.Raw)
			}
		}
	}
}

// A malformed id in a path is not found; the answer is never a 400 of the router.
func TestMalformedIDs(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	for _, id := range []string{"x", "urn:uuid:" + world.ID("clinic").String(), strings.ReplaceAll(world.ID("clinic").String(), "-", ""), "%00", "%ff", "..%2f..", strings.Repeat("a", 4000)} {
		r := s.Send(t, testkit.As("sandbox-owner", http.MethodGet, divisions+"/"+id, nil))
		require.Equal(t, http.StatusNotFound, r.Status, "%.60s: %s", id, r.Raw)
	}
}

// An empty part of a path is not found where the operation looks it up: after the
// legal entity in Release, Create's sibling Update and others, never as a broken
// request.
func TestEmptyPartsOfAPath(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	patient := world.ID("patient").String()
	for _, c := range []struct{ token, method, path, rule string }{
		{"sandbox-doctor", http.MethodGet, "/api/patients//approvals", "approval.list.person"},
		{"sandbox-doctor", http.MethodPatch, "/api/patients//approvals//actions/resend", "approval.resend.person"},
		{"sandbox-doctor", http.MethodPatch, "/api/patients/" + patient + "/approvals//actions/resend", "approval.resend.not_found"},
		{"sandbox-nhs", http.MethodPatch, "/api/service_requests//actions/release", "service_request.release.legal_entity_type"},
		{"sandbox-doctor", http.MethodPatch, "/api/service_requests//actions/release", "service_request.release.not_found"},
		{"sandbox-closed-owner", http.MethodPatch, "/api/divisions//actions/activate", "division.activate.not_found"},
	} {
		r := s.Send(t, testkit.As(c.token, c.method, c.path, nil))
		require.Equal(t, []string{c.rule}, r.Rules(), "%s: %s", c.path, r.Raw)
	}
}
