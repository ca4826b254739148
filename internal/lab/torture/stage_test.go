package torture

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	shapes "esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/events"
	"esoz/internal/platform/idempotency"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/sms"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/declarationrequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// oauthToken is what clients see of a token.
type oauthToken struct {
	Value     string
	ExpiresAt int64 `json:"expires_at"`
	Details   struct {
		RefreshToken string `json:"refresh_token"`
	}
}

// passing is the request of the first case in which an operation passes.
func (s *stage) passing(t *testing.T, operation string) world.Request {
	t.Helper()
	c, found := s.World.Passing(operation)
	require.True(t, found, operation)
	return c.Request
}

// refused tells whether a rule refuses a request. Nothing but that rule, and the
// others that are named, may.
func (s *stage) refused(t *testing.T, r world.Request, by string, others ...string) bool {
	t.Helper()
	answer := s.send(t, r)
	if len(answer.Rules()) == 0 {
		require.Less(t, answer.Status, http.StatusBadRequest, "%s", answer.Raw)
		return false
	}
	require.Len(t, answer.Rules(), 1, "%s", answer.Raw)
	rule := answer.Rules()[0]
	require.True(t, rule == by || slices.Contains(others, rule), "%s %s is refused by %s", r.Method, r.Path, rule)
	return rule == by
}

// given is the token that a request gives.
func (s *stage) given(t *testing.T, r world.Request) (token oauthToken) {
	t.Helper()
	answer := s.send(t, r)
	require.Equal(t, http.StatusCreated, answer.Status, "%s", answer.Raw)
	answer.Data(t, &token)
	return token
}

func (s *stage) login(t *testing.T) oauthToken {
	t.Helper()
	return s.given(t, s.passing(t, "login"))
}

// consent is a code of the clinic.
func (s *stage) consent(t *testing.T) oauthToken {
	t.Helper()
	return s.given(t, s.passing(t, "authorizeApp"))
}

// lifetime of a token, in whole seconds, as it is stored.
func (s *stage) lifetime(t *testing.T, value string) time.Duration {
	t.Helper()
	var seconds int64
	require.NoError(t, s.Pool.QueryRow(t.Context(),
		"SELECT expires_at - floor(extract(epoch FROM inserted_at))::bigint FROM mithril.tokens WHERE value_hash = $1", seal.Token(value)).Scan(&seconds))
	return time.Duration(seconds) * time.Second
}

// tokenRequest is a request of the clinic for an access token.
func tokenRequest(grant map[string]any) world.Request {
	grant["client_id"], grant["client_secret"] = world.ID("clinic"), world.Secret("clinic")
	return testkit.As("", http.MethodPost, "/oauth/tokens", map[string]any{"token": grant})
}

func codeRequest(phone string) world.Request {
	return testkit.As(world.TokenValue("doctor"), http.MethodPost, "/api/verifications", map[string]any{"phone_number": phone})
}

func codeEntered(phone string, code int) world.Request {
	return testkit.As(world.TokenValue("doctor"), http.MethodPatch, "/api/verifications/"+phone+"/actions/complete", map[string]any{"code": code})
}

// newPhone is one that nobody else uses.
func newPhone() string {
	id := uuid.New()
	return "+38050" + strconv.Itoa(1_000_000+int(id.ID()%9_000_000))
}

// code begins to verify a phone.
func (s *stage) code(t *testing.T) (phone string, code int) {
	t.Helper()
	phone = newPhone()
	answer := s.send(t, codeRequest(phone))
	require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
	return phone, s.codeSent(t, phone)
}

// codeSent is the live code of a phone.
func (s *stage) codeSent(t *testing.T, phone string) int {
	t.Helper()
	var id uuid.UUID
	require.NoError(t, s.Pool.QueryRow(t.Context(), `
		SELECT m.id FROM otp.sms_logs m JOIN otp.verifications v ON v.id = m.verification_id WHERE v.phone_number = $1 AND v.active`, phone).Scan(&id))
	messages, err := sms.Inbox(t.Context(), s.Pool, s.Keys, phone, 100)
	require.NoError(t, err)
	i := slices.IndexFunc(messages, func(m sms.Received) bool { return m.ID == id })
	require.GreaterOrEqual(t, i, 0)
	code, err := strconv.Atoi(strings.TrimPrefix(messages[i].Text, s.Config.Get().OTPCodeText))
	require.NoError(t, err)
	return code
}

func (s *stage) codeMade(t *testing.T, phone string) (at time.Time) {
	t.Helper()
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT max(inserted_at) FROM otp.verifications WHERE phone_number = $1", phone).Scan(&at))
	return at
}

func (s *stage) codeEnds(t *testing.T, phone string) (at time.Time) {
	t.Helper()
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT max(code_expired_at) FROM otp.verifications WHERE phone_number = $1", phone).Scan(&at))
	return at
}

// countEnds tells when a counter of codes starts anew.
func (s *stage) countEnds(t *testing.T, key string) (at time.Time) {
	t.Helper()
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT resets_at FROM otp.code_counts WHERE key = $1", key).Scan(&at))
	return at
}

// registering is a request to register a person, of whom some fields are changed.
func (s *stage) registering(t *testing.T, changes map[string]any) world.Request {
	t.Helper()
	request := s.passing(t, "createPersonRequest")
	raw, err := json.Marshal(request.Body)
	require.NoError(t, err)
	var body map[string]any
	require.NoError(t, json.Unmarshal(raw, &body))
	maps.Copy(body["person"].(map[string]any), changes)
	request.Body = body
	return request
}

// keyed is a request with an idempotency key that nobody else uses, and what is stored of that.
func (s *stage) keyed(t *testing.T) (request world.Request, key string) {
	t.Helper()
	sent := uuid.NewString()
	return s.passing(t, "createDivision").Header("X-Idempotency-Key", sent), idempotency.KeyHash(s.Keys, world.ID("clinic"), world.ID("owner"), sent)
}

func (s *stage) keyEnds(t *testing.T, key string) (at time.Time) {
	t.Helper()
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT expires_at FROM idempotency.keys WHERE key = $1", key).Scan(&at))
	return at
}

func (s *stage) answers() *idempotency.Store {
	return &idempotency.Store{Pool: s.Pool, Keys: s.Keys, Clock: s.Clock, Config: s.Config}
}

func (s *stage) codes() *otp.Service {
	return &otp.Service{Pool: s.Pool, Keys: s.Keys, Clock: s.Clock, Config: s.Config}
}

// event stores an event of this moment.
func (s *stage) event(t *testing.T) (id uuid.UUID, at time.Time) {
	t.Helper()
	id, at = uuid.New(), s.Clock.Now()
	s.exec(t, `INSERT INTO event_manager.events (id, event_type, entity_type, entity_id, properties, event_time, changed_by, inserted_at, updated_at)
		VALUES ($1, $2, 'Person', $1, '{"status": {"new_value": "active"}}', $3, $1, $3, $3)`, id, events.StatusChange, at)
	return id, at
}

func (s *stage) approvals() *approvals.API {
	return &approvals.API{Engine: &shapes.Engine{Documents: s.Mongo, Clock: s.Clock, Config: s.Config}}
}

func (s *stage) declarations() *declarationrequests.API {
	return &declarationrequests.API{Engine: &shapes.Engine{Clock: s.Clock, Config: s.Config}, Store: declarationrequests.Store{Pool: s.Pool}}
}

// cleaners are what runs by schedule.
func (s *stage) cleaners() []func(context.Context) error {
	tokens := &auth.Authenticator{Pool: s.Pool, Clock: s.Clock, Config: s.Config}
	return []func(context.Context) error{
		s.codes().Expire, s.codes().DeleteOld, tokens.DeletePassedLimits, tokens.DeleteExpired,
		(&jobs.Queue{Pool: s.Pool, Clock: s.Clock, Config: s.Config}).DeleteOld,
		(&events.Cleaner{Pool: s.Pool, Clock: s.Clock, Config: s.Config}).Run,
		s.approvals().DeleteUnverified, s.answers().DeleteExpired, s.declarations().ExpireDeclarationRequests,
	}
}
