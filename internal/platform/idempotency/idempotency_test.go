package idempotency_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/idempotency"
	"esoz/internal/platform/postgres"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// fixture is a server for requests of Create Division.
type fixture struct {
	*testkit.Server
	t     *testing.T
	fresh int // divisions of a new world
}

func start(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Server: testkit.New(t, testkit.Idle()), t: t}
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
	r.Headers[header] = value
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

func TestSentAgain(t *testing.T) {
	t.Parallel()
	f := start(t)
	const key = "the division of Ivanenko"
	first := f.send(f.create("X-Idempotency-Key", key, nil))
	require.Equal(t, http.StatusOK, first.Status, "%s", first.Raw)
	require.False(t, replayed(first))
	require.Equal(t, key, first.Body.Meta["idempotency_key"])
	for _, header := range []string{"X-Idempotency-Key", "Idempotency-Key"} {
		again := f.send(f.create(header, key, nil))
		require.True(t, replayed(again))
		require.Equal(t, first.Status, again.Status)
		require.Equal(t, string(first.Raw), string(again.Raw))
		require.Equal(t, first.Header.Get("Content-Type"), again.Header.Get("Content-Type"))
	}
	require.Equal(t, 1, f.created())

	both := f.create("X-Idempotency-Key", "k2", nil)
	both.Headers["Idempotency-Key"] = key
	require.Equal(t, "k2", f.send(both).Body.Meta["idempotency_key"])
	require.Equal(t, 2, f.created(), "X-Idempotency-Key counts when both are sent")
	require.False(t, replayed(f.send(f.create("X-Idempotency-Key", "", nil))))
	require.False(t, replayed(f.send(f.create("X-Idempotency-Key", "ключ", nil))))
	both.Headers["X-Idempotency-Key"] = "ключ"
	require.Nil(t, f.send(both).Body.Meta["idempotency_key"], "nor is the other header looked at")
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
	others.Headers["Authorization"] = "Bearer " + world.TokenValue("msp_owner")
	require.Equal(t, http.StatusOK, f.send(others).Status, "the keys of others are not in the way")

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
	require.Equal(t, string(first.Raw), string(f.send(r).Raw))
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
	again := f.send(f.create("X-Idempotency-Key", "k", nil))
	require.Equal(t, string(r.Raw), string(again.Raw))
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
	require.Equal(t, string(first.Raw), string(f.send(f.create("X-Idempotency-Key", "k", nil)).Raw))
	f.Clock.Advance(2 * time.Minute)
	r := f.send(f.create("X-Idempotency-Key", "k", map[string]any{"external_id": "1"}))
	require.Equal(t, http.StatusOK, r.Status, "what has run out is free, though no clean-up came by")
	require.False(t, replayed(r))
	f.Clock.Advance(25 * time.Hour)
	require.Equal(t, before+1, f.Count(t, "idempotency.keys"))
	require.NoError(t, f.answers().DeleteExpired(t.Context()))
	require.Equal(t, before, f.Count(t, "idempotency.keys"))
}
