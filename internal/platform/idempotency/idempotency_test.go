package idempotency_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/app"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/idempotency"
	"esoz/internal/platform/postgres"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// fixture is a server with IDEMPOTENCY=replay for requests of Create Division.
type fixture struct {
	*testkit.Server
	t     *testing.T
	fresh int // divisions of a new world
}

func start(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Server: testkit.New(t, testkit.Idle(), testkit.With("IDEMPOTENCY", "replay")), t: t}
	f.fresh = f.Count(t, "prm.divisions")
	return f
}

// create returns a passing request with a header and changes of its body.
func (f *fixture) create(header, value string, changes map[string]any) world.Request {
	f.t.Helper()
	c, ok := f.World.Passing("createDivision")
	require.True(f.t, ok)
	raw, err := json.Marshal(c.Request.Body)
	require.NoError(f.t, err)
	var body map[string]any
	require.NoError(f.t, json.Unmarshal(raw, &body))
	maps.Copy(body, changes)
	r := c.Request
	r.Headers, r.Body = maps.Clone(r.Headers), body
	r.Headers[header] = value // an empty one is sent too
	return r
}

func (f *fixture) send(r world.Request) *testkit.Response {
	f.t.Helper()
	return f.Send(f.t, r)
}

// created counts the divisions that requests have made.
func (f *fixture) created() int {
	f.t.Helper()
	return f.Count(f.t, "prm.divisions") - f.fresh
}

func (f *fixture) answers() *idempotency.Store {
	return &idempotency.Store{Pool: f.Pool, Keys: f.Keys, Clock: f.Clock, Config: f.Config}
}

func replayed(r *testkit.Response) bool { return r.Header.Get("Idempotency-Replayed") != "" }

// same compares answers but for what a repetition has of its own.
func same(t *testing.T, first, again *testkit.Response) {
	t.Helper()
	require.True(t, replayed(again), "%s", again.Raw)
	require.Equal(t, first.Status, again.Status)
	require.Equal(t, first.Header.Get("Content-Type"), again.Header.Get("Content-Type"))
	own := again.Body.Meta["request_id"]
	require.NotEqual(t, first.Body.Meta["request_id"], own)
	require.Equal(t, again.Header.Get("X-Request-ID"), own)
	require.Equal(t, strings.Replace(string(first.Raw), first.Body.Meta["request_id"].(string), own.(string), 1), string(again.Raw))
}

// By default the key is echoed, as in the national system, and nothing else.
func TestKeysAreOnlyEchoed(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	f := &fixture{Server: s, t: t, fresh: s.Count(t, "prm.divisions")}
	keys := f.Count(t, "idempotency.keys")
	for range 2 {
		r := f.send(f.create("X-Idempotency-Key", "k", nil))
		require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
		require.Equal(t, "k", r.Body.Meta["idempotency_key"])
		require.False(t, replayed(r))
	}
	require.NotContains(t, f.send(f.create("Idempotency-Key", "k", nil)).Body.Meta, "idempotency_key")
	require.Equal(t, 3, f.created())
	require.Equal(t, keys, f.Count(t, "idempotency.keys"))
}

func TestSentAgain(t *testing.T) {
	t.Parallel()
	f := start(t)
	const key = "the division of Ivanenko"
	first := f.send(f.create("X-Idempotency-Key", key, nil))
	require.Equal(t, http.StatusOK, first.Status, "%s", first.Raw)
	require.False(t, replayed(first))
	require.Equal(t, key, first.Body.Meta["idempotency_key"])
	same(t, first, f.send(f.create("X-Idempotency-Key", key, nil)))
	again := f.send(f.create("Idempotency-Key", key, nil))
	require.True(t, replayed(again))
	require.Equal(t, string(first.Body.Data), string(again.Body.Data))
	require.NotContains(t, again.Body.Meta, "idempotency_key", "only X-Idempotency-Key is echoed")
	require.Equal(t, 1, f.created())

	both := f.create("X-Idempotency-Key", "k2", nil)
	both = both.Header("Idempotency-Key", key)
	require.Equal(t, "k2", f.send(both).Body.Meta["idempotency_key"])
	require.Equal(t, 2, f.created(), "X-Idempotency-Key counts when both are sent")
	require.False(t, replayed(f.send(f.create("X-Idempotency-Key", "", nil))))
	require.False(t, replayed(f.send(f.create("X-Idempotency-Key", "ключ", nil))))
	require.Nil(t, f.send(both.Header("X-Idempotency-Key", "ключ")).Body.Meta["idempotency_key"], "nor is the other header looked at")
	require.Equal(t, 5, f.created(), "what is no key is none")
	var stored string
	require.NoError(t, f.Pool.QueryRow(t.Context(), "SELECT string_agg(k::text, ' ') FROM idempotency.keys k").Scan(&stored))
	require.NotContains(t, stored, "Ivanenko", "a key may hold anything")
}

func TestAnotherRequest(t *testing.T) {
	t.Parallel()
	f := start(t)
	require.Equal(t, http.StatusOK, f.send(f.create("X-Idempotency-Key", "k", nil)).Status)
	refused := f.send(f.create("X-Idempotency-Key", "k", map[string]any{"external_id": "1"}))
	require.Equal(t, []string{string(rules.RequestIdempotencyMismatch)}, refused.Rules())
	require.Equal(t, "X-Idempotency-Key", refused.Body.Error.Invalid[0].Entry)
	wrong := f.create("X-Idempotency-Key", "k", map[string]any{"name": 1})
	require.Equal(t, []string{string(rules.RequestIdempotencyMismatch)}, f.send(wrong).Rules(), "before the body is looked at")
	require.Equal(t, 1, f.created())

	others := f.create("X-Idempotency-Key", "k", map[string]any{"external_id": "1"})
	require.Equal(t, http.StatusOK, f.send(others.Bearing(world.TokenValue("msp_owner"))).Status, "the keys of others are not in the way")

	require.Equal(t, 2, f.created())
}

// Requests that differ only in spaces and the order of fields are equal.
func TestTheSameRequestWrittenOtherwise(t *testing.T) {
	t.Parallel()
	f := start(t)
	r := f.create("X-Idempotency-Key", "k", nil)
	body := maps.Clone(r.Body.(map[string]any))
	delete(body, "name")
	rest, err := json.Marshal(body)
	require.NoError(t, err)
	r.Raw = `{"name":"А",` + string(rest[1:])
	first := f.send(r)
	require.Equal(t, http.StatusOK, first.Status, "%s", first.Raw)
	r.Raw = string(rest[:len(rest)-1]) + `, "name": "\u0410" }`
	same(t, first, f.send(r))
	require.Equal(t, 1, f.created())
}

// A refusal is not stored: the key can be used again.
func TestRefusalsAreNotKept(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, wrong := range []map[string]any{{"name": 1}, {"type": "DRUGSTORE"}} { // refused by the schema, by a business rule
		r := f.send(f.create("X-Idempotency-Key", "k", wrong))
		require.Equal(t, http.StatusUnprocessableEntity, r.Status)
		require.NotContains(t, r.Rules(), string(rules.RequestIdempotencyMismatch))
	}
	r := f.send(f.create("X-Idempotency-Key", "k", nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	require.False(t, replayed(r))
	require.Equal(t, 1, f.created())
}

// What a refused request writes stays, as it does without a key: a wrong code
// costs an attempt.
func TestRefusalsKeepTheirWrites(t *testing.T) {
	t.Parallel()
	f := start(t)
	c, ok := f.World.Passing("completeVerification")
	require.True(t, ok)
	phone := strings.Split(c.Request.Path, "/")[3]
	r := c.Request.Header("X-Idempotency-Key", "k")
	r.Body = map[string]any{"code": 1}
	attempts := func() (n int) {
		require.NoError(t, f.Pool.QueryRow(t.Context(), "SELECT attempts_count FROM otp.verifications WHERE phone_number = $1 AND active", phone).Scan(&n))
		return n
	}
	before := attempts()
	require.Equal(t, []string{string(rules.VerificationCompleteCode)}, f.send(r).Rules())
	require.Equal(t, before+1, attempts())
	r.Body = c.Request.Body
	first := f.send(r)
	require.Equal(t, http.StatusOK, first.Status, "the key is free again: %s", first.Raw)
	same(t, first, f.send(r))
}

// Every changing operation but those of OAuth answers a repeated key.
func TestEveryChangeCanBeSentAgain(t *testing.T) {
	t.Parallel()
	doc, err := app.Document()
	require.NoError(t, err)
	f := start(t)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			c, ok := f.World.Passing(op.OperationID)
			if method == http.MethodGet || strings.HasPrefix(path, "/oauth/") || strings.HasPrefix(path, "/auth/") {
				require.NotContains(t, op.Extensions, "x-idempotent", op.OperationID)
				continue
			}
			require.True(t, ok, op.OperationID)
			t.Run(op.OperationID, func(t *testing.T) {
				r := c.Request.Header("X-Idempotency-Key", op.OperationID)
				first := f.Send(t, r)
				want := c.Expect.Status
				if op.OperationID == "verifyApproval" { // with a key it leaves to a worker what it does itself without one
					want = http.StatusAccepted
				}
				require.Equal(t, want, first.Status, "%s", first.Raw)
				require.False(t, replayed(first))
				same(t, first, f.Send(t, r))
			})
		}
	}
}

// If the answer cannot be stored, the division is not created.
func TestNothingStandsWithoutItsAnswer(t *testing.T) {
	t.Parallel()
	f := start(t)
	_, err := f.Pool.Exec(t.Context(), `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no answer is kept'; END $$;
		CREATE TRIGGER refuse BEFORE UPDATE ON idempotency.keys FOR EACH ROW EXECUTE FUNCTION refuse()`)
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, f.send(f.create("X-Idempotency-Key", "k", nil)).Status)
	require.Zero(t, f.created())
	require.Equal(t, http.StatusOK, f.send(f.create("X-Request-ID", "no-key", nil)).Status, "without a key nothing is kept")

	_, err = f.Pool.Exec(t.Context(), "DROP TRIGGER refuse ON idempotency.keys")
	require.NoError(t, err)
	r := f.send(f.create("X-Idempotency-Key", "k", nil))
	require.Equal(t, http.StatusOK, r.Status, "the key is free again")
	require.False(t, replayed(r))
	require.Equal(t, 2, f.created())
}

// A request that was killed or takes too long holds the key until its deadline.
// After that exactly one of the next requests gets the key.
func TestClaimsRunOut(t *testing.T) {
	t.Parallel()
	f := start(t)
	slow, known, err := f.answers().Claim(t.Context(), idempotency.Request{
		ID: "slow", ClientID: world.ID("clinic"), UserID: world.ID("owner"), Key: "k", Content: []byte("what was sent"),
	})
	require.NoError(t, err)
	require.Nil(t, known)
	ctx := slow.Context(t.Context())
	require.NoError(t, postgres.Once(ctx, f.Pool, func(on postgres.Conn) error {
		_, err := on.Exec(ctx, "INSERT INTO prm.audit_log (id, actor_id, resource, resource_id, changeset, inserted_at) VALUES ($1, '', 'slow', '', '{}', now())", uuid.New())
		return err
	}))

	r := f.send(f.create("X-Idempotency-Key", "k", nil))
	require.Equal(t, []string{string(rules.RequestIdempotencyInFlight)}, r.Rules())
	require.NotEmpty(t, r.Header.Get("Retry-After"))
	f.Clock.Advance(f.Config.Get().RequestTimeout + time.Second)
	r = f.send(f.create("X-Idempotency-Key", "k", nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)

	require.ErrorIs(t, slow.Keep(t.Context(), http.StatusOK, []byte("{}")), fault.ErrUnavailable)
	require.NoError(t, slow.Release(t.Context()))
	require.Zero(t, f.Count(t, "prm.audit_log WHERE resource = 'slow'"))
	same(t, r, f.send(f.create("X-Idempotency-Key", "k", nil)))
	require.Equal(t, 1, f.created())
}

// Retry-After is never longer than REQUEST_TIMEOUT, even if the clock is set back.
func TestClaimsAreWaitedForWithinReason(t *testing.T) {
	t.Parallel()
	f := start(t)
	_, _, err := f.answers().Claim(t.Context(), idempotency.Request{
		ID: "slow", ClientID: world.ID("clinic"), UserID: world.ID("owner"), Key: "k", Content: []byte("what was sent"),
	})
	require.NoError(t, err)
	f.Clock.Advance(-24 * time.Hour)
	r := f.send(f.create("X-Idempotency-Key", "k", nil))
	require.Equal(t, []string{string(rules.RequestIdempotencyInFlight)}, r.Rules())
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.LessOrEqual(t, time.Duration(seconds)*time.Second, f.Config.Get().RequestTimeout)
}

func TestKeptForADay(t *testing.T) {
	t.Parallel()
	f := start(t)
	before := f.Count(t, "idempotency.keys")
	first := f.send(f.create("X-Idempotency-Key", "k", nil))
	f.Clock.Advance(24*time.Hour - time.Minute)
	require.NoError(t, f.answers().DeleteExpired(t.Context()))
	same(t, first, f.send(f.create("X-Idempotency-Key", "k", nil)))
	f.Clock.Advance(2 * time.Minute)
	r := f.send(f.create("X-Idempotency-Key", "k", map[string]any{"external_id": "1"}))
	require.Equal(t, http.StatusOK, r.Status, "what has run out is free, though no clean-up came by")
	require.False(t, replayed(r))
	f.Clock.Advance(25 * time.Hour)
	require.Equal(t, before+1, f.Count(t, "idempotency.keys"))
	require.NoError(t, f.answers().DeleteExpired(t.Context()))
	require.Equal(t, before, f.Count(t, "idempotency.keys"))
}
