package oauth_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// object is a JSON object.
type object = map[string]any

// token is a token or a code as clients see it.
type token struct {
	ID        uuid.UUID
	Name      string
	Value     string
	UserID    uuid.UUID `json:"user_id"`
	ExpiresAt int64     `json:"expires_at"`
	Details   struct {
		Scope        string
		ScopeRequest string    `json:"scope_request"`
		ClientID     uuid.UUID `json:"client_id"`
		GrantType    string    `json:"grant_type"`
		RedirectURI  string    `json:"redirect_uri"`
		RefreshToken string    `json:"refresh_token"`
	}
}

// passing is the request of the world's first passing case of an operation.
func passing(t *testing.T, s *testkit.Server, operation string) world.Request {
	t.Helper()
	c, ok := s.World.Passing(operation)
	require.True(t, ok, operation)
	return c.Request
}

// with returns a request with other values in the object of its body. A nil value
// removes the key.
func with(t *testing.T, r world.Request, changes object) world.Request {
	t.Helper()
	raw, err := json.Marshal(r.Body)
	require.NoError(t, err)
	var body map[string]object
	require.NoError(t, json.Unmarshal(raw, &body))
	for _, fields := range body {
		for key, value := range changes {
			fields[key] = value
			if value == nil {
				delete(fields, key)
			}
		}
	}
	r.Body = body
	return r
}

// gives sends a request and returns the token of its answer.
func gives(t *testing.T, s *testkit.Server, r world.Request) (given token, answer *testkit.Response) {
	t.Helper()
	answer = s.Send(t, r)
	require.Equal(t, http.StatusCreated, answer.Status, "%s", answer.Raw)
	answer.Data(t, &given)
	return given, answer
}

// refuses sends a request that must be refused by the rules.
func refuses(t *testing.T, s *testkit.Server, r world.Request, rules ...string) {
	t.Helper()
	answer := s.Send(t, r)
	require.Equal(t, rules, answer.Rules(), "%s", answer.Raw)
}

// login logs the world's user in.
func login(t *testing.T, s *testkit.Server) token {
	t.Helper()
	given, _ := gives(t, s, passing(t, s, "login"))
	return given
}

// consent grants a scope to the clinic and returns the code.
func consent(t *testing.T, s *testkit.Server, session, scope string) token {
	t.Helper()
	given, _ := gives(t, s, testkit.As(session, http.MethodPost, "/oauth/apps/authorize", object{"app": object{
		"client_id": world.ID("clinic"), "redirect_uri": world.RedirectURI, "scope": scope,
	}}))
	return given
}

// exchange is the request that exchanges a code of the clinic.
func exchange(code string) world.Request {
	return testkit.As("", http.MethodPost, "/oauth/tokens", object{"token": object{
		"grant_type": "authorization_code", "code": code, "redirect_uri": world.RedirectURI,
		"client_id": world.ID("clinic"), "client_secret": world.Secret("clinic"),
	}})
}

// refresh is the request that exchanges a refresh token of the clinic.
func refresh(value string) world.Request {
	return testkit.As("", http.MethodPost, "/oauth/tokens", object{"token": object{
		"grant_type": "refresh_token", "refresh_token": value,
		"client_id": world.ID("clinic"), "client_secret": world.Secret("clinic"),
	}})
}

// lives returns whether a token is accepted.
func lives(t *testing.T, s *testkit.Server, value string) bool {
	t.Helper()
	answer := s.Send(t, testkit.As(value, http.MethodGet, "/oauth/user", nil))
	if answer.Status == http.StatusUnauthorized {
		require.Equal(t, []string{"gateway.token.expired"}, answer.Rules())
		return false
	}
	return true
}

// kept returns the stored details and expiry of the token with a value.
func kept(t *testing.T, s *testkit.Server, value string) (details object, expiresAt int64) {
	t.Helper()
	row := s.Pool.QueryRow(t.Context(), "SELECT details, expires_at FROM mithril.tokens WHERE value_hash = $1", seal.Token(value))
	require.NoError(t, row.Scan(&details, &expiresAt))
	return details, expiresAt
}

// state returns all rows of the OAuth service as text.
func state(t *testing.T, s *testkit.Server) string {
	t.Helper()
	var all string
	for _, table := range []string{"users", "clients", "connections", "apps", "tokens", "user_roles"} {
		var rows string
		err := s.Pool.QueryRow(t.Context(), "SELECT COALESCE(string_agg(r::text, E'\n' ORDER BY r.id), '') FROM mithril."+table+" AS r").Scan(&rows)
		require.NoError(t, err)
		all += table + "\n" + rows + "\n"
	}
	return all
}

// number returns the result of a query for one number.
func number(t *testing.T, s *testkit.Server, query string, args ...any) int {
	t.Helper()
	var n int
	require.NoError(t, s.Pool.QueryRow(t.Context(), query, args...).Scan(&n))
	return n
}

// until moves the clock to a time before a token's end (after it, if left is
// negative).
func until(s *testkit.Server, end int64, left time.Duration) {
	s.Clock.Set(time.Unix(end, 0).Add(-left))
}

// all runs f n times in parallel and counts the rules that refused. An empty id
// means success.
func all(t *testing.T, n int, f func(i int) *testkit.Response) map[string]int {
	t.Helper()
	answers, begin := make(chan *testkit.Response, n), make(chan struct{})
	for i := range n {
		go func() {
			<-begin
			answers <- f(i)
		}()
	}
	close(begin)
	counts := map[string]int{}
	for range n {
		answer := <-answers
		require.Less(t, answer.Status, http.StatusInternalServerError, "%s", answer.Raw)
		rule := ""
		if rules := answer.Rules(); len(rules) > 0 {
			rule = rules[0]
		}
		counts[rule]++
	}
	return counts
}
