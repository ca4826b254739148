package torture

import (
	"cmp"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/app"
	"esoz/internal/platform/idempotency"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// Requests with idempotency keys, sent up to five times, one after another and
// all at once, have one effect each, which the rows of all tables tell: after a
// request without a key it is known how many it makes.
func TestOneEffectPerIdempotencyKey(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T22", "a request that is sent again with its idempotency key has one effect and one answer")
	marked := idempotent(t)
	var ids []string
	for _, op := range marked {
		ids = append(ids, op.OperationID)
	}
	require.Subset(t, ids, []string{"createDivision", "resendApprovalSms", "resendDeclarationRequestOtp"})
	s := testkit.New(t, testkit.With("IDEMPOTENCY", "replay"))
	a := &arena{rig: &rig{pool: s.Pool, world: s.World}, ring: []*server{{url: s.URL}}, store: s.Mongo}
	for _, op := range marked {
		id := op.OperationID
		c, ok := s.World.Passing(id)
		require.True(t, ok, "no case passes %s", id)
		r := repeater{Server: s, t: t, tr: tr, operation: id, body: op.RequestBody != nil, request: c.Request}
		var once bool
		r.renew, once = a.renewal(t, c)
		r.renew()
		before := rowCounts(t, s)
		r.settle(r.send(r.request))
		one := grown(before, rowCounts(t, s))
		require.True(t, once || len(one) > 0, "%s leaves no row, so that doubles would not be seen", id)

		before = rowCounts(t, s)
		r.whileUnderWay(id + " under way")
		keys := 1
		for sent := 0; sent < amount(500, 50_000)/len(marked); keys++ {
			sent += r.round(id + " " + strconv.Itoa(keys))
		}
		want := map[string]int{}
		for table, n := range one {
			want[table] = n * keys
		}
		require.Equal(t, want, grown(before, rowCounts(t, s)), "%s with %d keys", id, keys)
		tr.add("keys", keys)
	}
}

// renewal carries an operation out, and returns what makes its request pass
// again. When once is true, a request that passed is refused from then on.
func (a *arena) renewal(t *testing.T, passing world.Case) (renew func(), once bool) {
	t.Helper()
	c := a.twice(t, passing)
	if c.second.passed() {
		return func() {}, false
	}
	return func() { a.rearm(t, c) }, true
}

// idempotent are the operations that the contract marks.
func idempotent(t *testing.T) []*openapi3.Operation {
	t.Helper()
	doc, err := app.Document()
	require.NoError(t, err)
	var marked []*openapi3.Operation
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			asks := registered(op.OperationID)
			if op.Extensions["x-idempotent"] == true && (!asks.Still || asks.Handler != nil) { // what only asks leaves nothing
				marked = append(marked, op)
			}
		}
	}
	slices.SortFunc(marked, func(a, b *openapi3.Operation) int { return cmp.Compare(a.OperationID, b.OperationID) })
	return marked
}

// repeater sends a request of an operation again and again.
type repeater struct {
	*testkit.Server
	t         *testing.T
	tr        *trial
	operation string
	body      bool // is read
	request   world.Request
	renew     func() // makes the request pass again
}

func (r *repeater) send(request world.Request) *testkit.Response {
	r.tr.add("requests", 1)
	return r.Send(r.t, request)
}

// settle waits for the job of a 202: while it is pending, another key gets it too.
func (r *repeater) settle(answer *testkit.Response) {
	r.t.Helper()
	require.Less(r.t, answer.Status, http.StatusBadRequest, "%s: %s", r.operation, answer.Raw)
	if answer.Status == http.StatusAccepted {
		var job struct {
			Links []struct{ Href string }
		}
		answer.Data(r.t, &job)
		require.Len(r.t, job.Links, 1)
		r.PollJob(r.t, r.request.Headers["Authorization"][len("Bearer "):], job.Links[0].Href)
	}
}

// keyed is the request with a key.
func (r *repeater) keyed(key string) world.Request {
	return r.request.Header([]string{"X-Idempotency-Key", "Idempotency-Key"}[rand.IntN(2)], key)
}

// whileUnderWay sends a request while it is carried out elsewhere, which ends in
// nothing, and then again.
func (r *repeater) whileUnderWay(key string) {
	r.t.Helper()
	request := r.keyed(key)
	by := slices.IndexFunc(r.World.Tokens, func(token world.Token) bool { return request.Headers["Authorization"] == "Bearer "+token.Value })
	require.GreaterOrEqual(r.t, by, 0, r.operation)
	store := &idempotency.Store{Pool: r.Pool, Keys: r.Keys, Clock: r.Clock, Config: r.Config}
	claim, _, err := store.Claim(r.t.Context(), idempotency.Request{
		ClientID: r.World.Tokens[by].LegalEntityID, UserID: r.World.Tokens[by].UserID, Key: key,
	})
	require.NoError(r.t, err)
	require.NotNil(r.t, claim)
	ctx := claim.Context(r.t.Context())

	refused := r.send(request)
	require.Equal(r.t, http.StatusConflict, refused.Status, "%s: %s", r.operation, refused.Raw)
	require.Equal(r.t, []string{string(rules.RequestIdempotencyInFlight)}, refused.Rules(), r.operation)
	require.NotEmpty(r.t, refused.Header.Get("Retry-After"), r.operation)

	require.NoError(r.t, claim.Release(ctx))
	r.renew()
	answer := r.send(request)
	require.Empty(r.t, replayed(answer), r.operation)
	r.settle(answer)
}

// round uses one key and tells how many requests that took.
func (r *repeater) round(key string) int {
	r.t.Helper()
	r.renew()
	keyed := r.keyed(key)
	times := 2 + rand.IntN(4)
	answers := make([]*testkit.Response, times)
	if rand.IntN(2) == 0 {
		for i := range answers {
			answers[i] = r.send(keyed)
		}
		require.Equal(r.t, "", replayed(answers[0]), "%s: %s", r.operation, answers[0].Raw)
		require.NotContains(r.t, statuses(answers), http.StatusConflict, r.operation)
	} else {
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = r.send(keyed) })
		}
		all.Wait()
		answers = append(answers, r.send(keyed)) // the last word
	}

	first, last := (*testkit.Response)(nil), answers[len(answers)-1]
	for _, answer := range answers {
		switch {
		case answer.Status == http.StatusConflict:
			require.Equal(r.t, []string{string(rules.RequestIdempotencyInFlight)}, answer.Rules())
			require.NotEmpty(r.t, answer.Header.Get("Retry-After"))
		case replayed(answer) == "":
			require.Nil(r.t, first, "%s was carried out twice under %s", r.operation, key)
			first = answer
		}
	}
	require.NotNil(r.t, first, r.operation)
	require.Equal(r.t, "true", replayed(last), r.operation)
	for _, answer := range answers {
		if answer.Status != http.StatusConflict {
			require.Equal(r.t, first.Status, answer.Status, r.operation)
			require.Equal(r.t, unsigned(r.t, first), unsigned(r.t, answer), r.operation)
		}
	}

	other := r.send(r.another(keyed))
	require.Equal(r.t, []string{string(rules.RequestIdempotencyMismatch)}, other.Rules(), "%s: %s", r.operation, other.Raw)
	r.settle(first)
	return len(answers) + 1
}

// unsigned is an answer without meta.request_id, which each request has of its own.
func unsigned(t *testing.T, answer *testkit.Response) map[string]any {
	t.Helper()
	var body map[string]any
	require.NoError(t, json.Unmarshal(answer.Raw, &body))
	meta, ok := body["meta"].(map[string]any)
	require.True(t, ok, "%s", answer.Raw)
	require.Equal(t, answer.Header.Get("X-Request-ID"), meta["request_id"])
	delete(meta, "request_id")
	return body
}

func replayed(answer *testkit.Response) string { return answer.Header.Get("Idempotency-Replayed") }

func statuses(answers []*testkit.Response) []int {
	all := make([]int, len(answers))
	for i, answer := range answers {
		all[i] = answer.Status
	}
	return all
}

// another is a request with another body or, where none is read, another address.
func (r *repeater) another(request world.Request) world.Request {
	r.t.Helper()
	if !r.body {
		request.Path += "?another=" + strconv.Itoa(rand.IntN(1000))
		return request
	}
	raw, err := json.Marshal(request.Body)
	require.NoError(r.t, err)
	var body map[string]any
	require.NoError(r.t, json.Unmarshal(raw, &body))
	body["another"] = rand.IntN(1000)
	request.Body = body
	return request
}

// rowCounts tells how many rows each table has, but for those that keep the
// keys and the queue's own.
func rowCounts(t *testing.T, s *testkit.Server) map[string]int {
	t.Helper()
	rows, err := s.Pool.Query(context.Background(), `
		SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
		WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'river', 'idempotency')`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	counts := map[string]int{}
	for _, table := range tables {
		counts[table] = s.Count(t, table)
	}
	return counts
}

// grown are the tables that have got more rows or fewer, and how many.
func grown(before, after map[string]int) map[string]int {
	changed := map[string]int{}
	for table, n := range after {
		if n != before[table] {
			changed[table] = n - before[table]
		}
	}
	return changed
}
