package torture

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"golang.org/x/sync/errgroup"

	"esoz/internal/conformance"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/sandbox/world"
)

// What a server promises while the network to an engine is broken, and after.
const (
	networkDeadline = time.Second // REQUEST_TIMEOUT and ENGINE_TIMEOUT
	answersWithin   = networkDeadline + 2*time.Second
	recoversWithin  = 5 * time.Second
	linePatience    = time.Minute
	tidiesWithin    = 30 * time.Second // pgx waits 15 seconds for the end of a connection that it has given up
)

// Whatever becomes of the network to an engine, each request is answered in
// time, and truly: what was acknowledged is there once, after a 503 nothing is,
// after a 504 it may be.
func TestNetworkFaults(t *testing.T) {
	t.Parallel()
	for _, engine := range []struct {
		name   string
		faults []networkFault
	}{
		{"PostgreSQL", append(networkFaults(sentCommit, doneCommit),
			networkFault{"a statement whose answer is lost", atCommit, []toxic{downstream("cut", map[string]any{"at": doneInsert})}},
			networkFault{"a statement whose answer never comes", atCommit, []toxic{downstream("cut", map[string]any{"at": doneInsert, "silent": true})}},
		)},
		{"the document store", networkFaults(sentFindModify, doneFindModify)},
	} {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			tr := begin(t, "T15", "whatever becomes of the network to "+engine.name+", each request is answered in time, and truly: 0 lost, 0 doubled, nothing leaks")
			requests := amount(5, 500)
			r := newRig(t, rigOptions{})
			n := newOnLines(t, r, len(engine.faults), requests)
			broken, look := n.postgres, n.rows
			if engine.name != "PostgreSQL" {
				broken, look = n.documents, n.document
			}

			n.load(t, networkFault{name: "a whole line"}, 4*8, nil)
			n.recover(t, "a whole line")
			before := n.goroutines(t)
			for _, f := range engine.faults {
				n.load(t, f, requests, broken)
				if f.at == atCommit {
					n.await(t, 20*time.Second, f.name+": nothing was cut", broken.hasCut)
				}
				if f.bites() {
					n.await(t, recoversWithin, f.name+": nobody was told", func() bool {
						status, err := n.send(look)
						require.NoError(t, err, f.name)
						return isAway(status)
					})
				}
				require.NoError(t, broken.heal())
				n.recover(t, f.name)
				tr.add("kinds of fault", 1)
			}
			n.tidies(t, before)
			n.awaitJobs(t)
			n.awaitMessages(t)
			n.server.stop()
			unconfirmed, marked := n.audit(t)
			if broken == n.postgres {
				require.Positive(t, unconfirmed, "no answer was lost")
			}
			tr.add("requests", len(n.efforts))
			tr.add("answers lost", unconfirmed)
			tr.add("messages marked as possibly sent twice", marked)
		})
	}
}

// The same for every changing operation of the contract, each on objects of its own.
func TestChangesUnderNetworkFaults(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T15", "whatever becomes of the network to either engine, what any operation changes is changed once when it was acknowledged, and not when it was refused")
	r := newRig(t, rigOptions{})
	l := newLoad(t, r, flock{rows: amount(500, 6000), documents: amount(30, 400)})
	l.client.Timeout = 2 * answersWithin      // what is later is no answer
	n := newOnLines(t, r, 0, 0, unlimited...) // the audit reads what was counted
	faults := slices.DeleteFunc(networkFaults(sentCommit, doneCommit), func(f networkFault) bool { return slices.Contains(mild, f.name) })
	for i, f := range faults {
		if i%amount(8, 1) != 0 {
			continue
		}
		for _, broken := range []*line{n.postgres, n.documents} {
			if f.at == atCommit && broken == n.documents {
				continue // the texts are those of PostgreSQL
			}
			l.start(8, n.server)
			wait(100*time.Millisecond, 200*time.Millisecond)
			require.NoError(t, broken.suffer(f), f.name)
			wait(time.Second, 2*time.Second)
			l.stop()
			require.NoError(t, broken.heal(), f.name)
			n.recover(t, f.name)
			tr.add("faults", 1)
		}
	}
	marked := l.audit(true)
	require.Zero(t, l.answers(noAnswer), "requests without an answer")
	require.Positive(t, l.answers(http.StatusServiceUnavailable))
	l.report(tr)
	tr.add("messages marked as possibly sent twice", marked)
}

// A change whose answer was lost is made once when it is sent again under its
// key, whether it had been made or not. The rows of all tables tell: after a
// request without a key it is known how many a change makes.
func TestLostAnswersAreFoundAgain(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T15", "a change whose answer was lost is made once when it is sent again with its idempotency key, for each operation that takes one")
	n := newOnLines(t, newRig(t, rigOptions{}), 0, 0, "IDEMPOTENCY=replay", "REQUEST_TIMEOUT=2s", "ENGINE_TIMEOUT=2s")
	store, err := mongodb.Open(n.mongo, n.rig.documents, rigPatience)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, mongodb.Close(context.Background(), store)) })
	a := &arena{rig: n.rig, ring: []*server{n.server}, store: store}
	faults := []networkFault{
		{"lost at COMMIT", atCommit, []toxic{downstream("cut", map[string]any{"at": doneCommit})}},
		{"lost before COMMIT", atCommit, []toxic{upstream("cut", map[string]any{"at": sentCommit})}},
		{"lost after a statement", atCommit, []toxic{downstream("cut", map[string]any{"at": doneInsert})}},
	}
	lost := 0
	for turn, op := range idempotent(t) {
		passing, ok := n.world.Passing(op.OperationID)
		require.True(t, ok, "no case passes %s", op.OperationID)
		renew, once := a.renewal(t, passing)
		renew()
		one := n.grows(t, func() {
			n.await(t, rigPatience, op.OperationID+": the machine is too busy", func() bool {
				status, err := n.send(passing.Request)
				require.NoError(t, err)
				if status == http.StatusServiceUnavailable {
					return false
				}
				require.Equal(t, passing.Expect.Status, status, op.OperationID)
				return true
			})
		})
		require.True(t, once || len(one) > 0, "%s leaves no row, so that doubles would not be seen", op.OperationID)
		for i := range amount(1, 3*34) { // the operations take turns, so that a short run has each fault too
			f := faults[(turn+i)%len(faults)]
			what := fmt.Sprintf("%s, %s, round %d", op.OperationID, f.name, i)
			renew()
			request := passing.Request.Header("X-Idempotency-Key", uuid.NewString())
			made := n.grows(t, func() {
				require.NoError(t, n.postgres.suffer(f))
				status, err := n.send(request)
				require.NoError(t, err, what)
				require.NoError(t, n.postgres.heal())
				if status == http.StatusGatewayTimeout {
					lost++
				}
				n.recover(t, what)

				n.await(t, recoversWithin, "the first request is under way still", func() bool {
					status, err = n.send(request)
					require.NoError(t, err, what)
					// PostgreSQL may not know yet that the server has hung up. On a busy machine the answer
					// may come too late once more: then the client asks again, as it did before.
					return status != http.StatusConflict && !isAway(status)
				})
				want := passing.Expect.Status
				if op.OperationID == "verifyApproval" { // with a key it leaves to a worker what it does itself without one
					want = http.StatusAccepted
				}
				require.Equal(t, want, status, what)
			})
			require.Equal(t, one, made, what)
			tr.add("changes", 1)
		}
	}
	require.Zero(t, n.jobs(t, jobs.FailedWithError), "a job broke down")
	require.Positive(t, lost, "no answer was lost")
	tr.add("answers lost", lost)
}

// grows tells how many rows something adds to which tables, with the jobs that
// it leads to.
func (n *onLines) grows(t *testing.T, something func()) map[string]int {
	t.Helper()
	before := n.rowCounts(t)
	something()
	n.awaitJobs(t)
	return grown(before, n.rowCounts(t))
}

// rowCounts tells how many rows each table has, but for those that keep the keys
// and the queue's own.
func (n *onLines) rowCounts(t *testing.T) map[string]int {
	t.Helper()
	tables := n.counts(t, `
		SELECT format('%I.%I', schemaname, tablename), 0 FROM pg_tables
		WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'river', 'idempotency')`)
	var each []string
	for table := range tables {
		each = append(each, fmt.Sprintf("SELECT '%[1]s', count(*) FROM %[1]s", table))
	}
	return n.counts(t, strings.Join(each, " UNION ALL "))
}

// onLines is a server whose ways to both engines can be broken, and what was
// asked of it.
type onLines struct {
	*rig
	server              *server
	postgres, documents *line
	client              *http.Client
	contract            *conformance.Document

	create, verify, stop world.Request
	dispense             string        // that stop stops
	dispenses            []string      // copies of it, one for each request
	stopEvery            int           // how many of the requests that could be stops make one stop
	passing              []world.Case  // of all operations, sent again and again
	rows, document       world.Request // need PostgreSQL, and the document store too

	began   time.Time
	asked   atomic.Int64
	mu      sync.Mutex
	efforts []effort
}

// effort is a request and what became of it.
type effort struct {
	kind    string // of those that leave a trace
	trace   string // that nobody else leaves
	request world.Request
	status  int
}

// isAway tells whether a status is that of an engine that cannot be reached.
func isAway(status int) bool {
	return status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// mayEndWith tells whether a status is a true answer. Only what was done before
// may be refused when it is asked for again.
func (e effort) mayEndWith(status int) bool {
	switch {
	case isAway(status):
		return true
	case e.kind == "" && e.request.Method != http.MethodGet:
		return status != http.StatusBadRequest && status != http.StatusUnauthorized
	}
	return status < http.StatusBadRequest
}

// stopsInLoad is about how many stops a large load has. FerretDB 1 looks through
// all documents for one: with thousands of them nothing but that would go on.
const stopsInLoad = 8

// Kinds of effort.
const (
	creates  = "divisions"
	verifies = "verifications"
	stops    = "device dispenses"
)

func newOnLines(t *testing.T, r *rig, loads, requests int, more ...string) *onLines {
	t.Helper()
	n := &onLines{rig: r, began: clock.New().Now(), client: &http.Client{
		Timeout:       2 * answersWithin,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // 303 of an ended job is an answer
	}}
	t.Cleanup(n.client.CloseIdleConnections)
	var err error
	n.contract, err = conformance.Contract()
	require.NoError(t, err)
	for _, c := range r.world.Cases {
		// Signing in and out ends the tokens of the others, or its own.
		if len(c.Rules) > 0 || len(c.Config) > 0 || !strings.HasPrefix(c.Request.Path, "/api/") {
			continue
		}
		d := deed{request: c.Request}
		d.readSigned(t)
		if !d.isUnsigned() {
			n.passing = append(n.passing, c)
		}
	}
	for operation, request := range map[string]*world.Request{
		"createDivision": &n.create, "initializeVerification": &n.verify, "stopDeviceDispense": &n.stop, "getDivision": &n.rows, "getDeviceDispense": &n.document,
	} {
		passing, ok := r.world.Passing(operation)
		require.True(t, ok, operation)
		*request = passing.Request
	}
	n.stopEvery = max(1, requests/4/stopsInLoad)
	n.copyDispenses(t, loads*requests/4/n.stopEvery+16)

	var dsn, uri string
	n.postgres, dsn = r.postgresLine()
	n.documents, uri = r.documentsLine()
	n.server = r.serve(append([]string{
		"DATABASE_URL=" + dsn, "MONGO_URL=" + uri,
		"REQUEST_TIMEOUT=" + networkDeadline.String(), "ENGINE_TIMEOUT=" + networkDeadline.String(),
	}, more...)...)
	return n
}

// copyDispenses makes dispenses to stop. No server runs yet.
func (n *onLines) copyDispenses(t *testing.T, count int) {
	t.Helper()
	parts := strings.Split(n.stop.Path, "/") // /api/patients/{patient_id}/device_dispenses/{id}/actions/stop
	require.Len(t, parts, 8, n.stop.Path)
	n.dispense = parts[5]
	n.withDocuments(t, func(ctx context.Context, dispenses *mongo.Collection) {
		var original bson.D
		require.NoError(t, dispenses.FindOne(ctx, bson.D{{Key: "_id", Value: uuid.MustParse(n.dispense)}}).Decode(&original))
		copies := make([]any, count)
		for i := range copies {
			id := uuid.New()
			fresh := slices.Clone(original)
			for j := range fresh {
				if fresh[j].Key == "_id" {
					fresh[j].Value = id
				}
			}
			copies[i], n.dispenses = fresh, append(n.dispenses, id.String())
		}
		_, err := dispenses.InsertMany(ctx, copies)
		require.NoError(t, err)
	})
}

// stopped are the dispenses that were stopped. No server runs any more: a
// FerretDB has one client.
func (n *onLines) stopped(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	n.withDocuments(t, func(ctx context.Context, dispenses *mongo.Collection) {
		cursor, err := dispenses.Find(ctx, bson.D{{Key: "status", Value: devicedispenses.Stopped}})
		require.NoError(t, err)
		var all []struct {
			ID uuid.UUID `bson:"_id"`
		}
		require.NoError(t, cursor.All(ctx, &all))
		for _, d := range all {
			found[d.ID.String()]++
		}
	})
	return found
}

func (n *onLines) withDocuments(t *testing.T, do func(ctx context.Context, dispenses *mongo.Collection)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), linePatience)
	defer cancel()
	store, err := mongodb.Open(n.mongo, n.rig.documents, linePatience)
	require.NoError(t, err)
	defer func() { require.NoError(t, mongodb.Close(context.WithoutCancel(ctx), store)) }()
	do(ctx, store.Collection(devicedispenses.Collection))
}

// effort is the i-th request: those that leave a trace in turn with all that
// the contract has.
func (n *onLines) effort(i int) effort {
	switch {
	case i%4 == 0:
		e := effort{kind: creates, trace: fmt.Sprintf("Network %d", n.asked.Add(1)), request: n.create}
		e.request.Body = bodyWith(n.create.Body, "name", e.trace)
		return e
	case i%4 == 1:
		e := effort{kind: verifies, trace: fmt.Sprintf("+38050%07d", n.asked.Add(1)), request: n.verify}
		e.request.Body = bodyWith(n.verify.Body, "phone_number", e.trace)
		return e
	case i%4 == 2 && i/4%n.stopEvery == 0 && i/4/n.stopEvery < len(n.dispenses):
		e := effort{kind: stops, trace: n.dispenses[i/4/n.stopEvery], request: n.stop}
		e.request.Path = strings.Replace(n.stop.Path, n.dispense, e.trace, 1)
		return e
	}
	return effort{request: n.passing[i/4%len(n.passing)].Request}
}

// bodyWith is a body with one field of another value.
func bodyWith(body any, name string, value any) map[string]any {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // the world's bodies are JSON
	}
	var changed map[string]any
	if err := json.Unmarshal(raw, &changed); err != nil {
		panic(err)
	}
	changed[name] = value
	return changed
}

// load sends requests, 32 at a time, and breaks a line at the fault's moment.
func (n *onLines) load(t *testing.T, f networkFault, requests int, broken *line) {
	t.Helper()
	strikes := -1
	switch {
	case broken == nil:
	case f.at == midQuery:
		strikes = requests / 4
	default:
		require.NoError(t, broken.suffer(f), f.name)
	}
	first := len(n.efforts)
	var next atomic.Int64
	var callers errgroup.Group
	for range min(requests, 32) {
		callers.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= requests {
					return nil
				}
				if i == strikes {
					if err := broken.suffer(f); err != nil {
						return err
					}
				}
				e := n.effort(first + i)
				var err error
				if e.status, err = n.send(e.request); err != nil {
					return err
				}
				if !e.mayEndWith(e.status) {
					return fmt.Errorf("%s %s: %d, though nothing is wrong with it", e.request.Method, e.request.Path, e.status)
				}
				n.mu.Lock()
				n.efforts = append(n.efforts, e)
				n.mu.Unlock()
			}
		})
	}
	require.NoError(t, callers.Wait(), f.name)
}

// send sends a request and judges the answer by what is promised whatever the
// network does: that it comes, in time, as the contract has it, and is no 500.
func (n *onLines) send(request world.Request) (status int, err error) {
	took := clock.Stopwatch()
	status, header, raw, err := n.exchange(request)
	what := request.Method + " " + request.Path
	if err != nil {
		return 0, fmt.Errorf("%s: no answer after %s: %w", what, took(), err)
	}
	if waited := took(); waited > answersWithin {
		return status, fmt.Errorf("%s: answered with %d after %s", what, status, waited)
	}
	if status >= http.StatusInternalServerError && !isAway(status) {
		return status, fmt.Errorf("%s: %d: %s\n%s", what, status, raw, n.server.logOf(header.Get("X-Request-Id")))
	}
	if err := n.contract.Check(request.Method, request.Path, status, header, raw); err != nil {
		return status, fmt.Errorf("%s: %d: %w", what, status, err)
	}
	var answer struct {
		Meta struct {
			RequestID string `json:"request_id"`
		}
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return status, fmt.Errorf("%s: %d: %w", what, status, err)
	}
	if id := header.Get("X-Request-Id"); id == "" || answer.Meta.RequestID != id {
		return status, fmt.Errorf("%s: %d: request id %q, in the header %q", what, status, answer.Meta.RequestID, id)
	}
	return status, nil
}

func (n *onLines) exchange(request world.Request) (status int, header http.Header, raw []byte, err error) {
	body := []byte(request.Raw)
	if request.Raw == "" && request.Body != nil {
		if body, err = json.Marshal(request.Body); err != nil {
			return 0, nil, nil, err
		}
	}
	req, err := http.NewRequestWithContext(context.Background(), request.Method, n.server.url+request.Path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	for name, value := range request.Headers {
		req.Header.Set(name, value)
	}
	res, err := n.client.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	raw, err = io.ReadAll(res.Body)
	return res.StatusCode, res.Header, raw, err
}

// await looks until something is so.
func (n *onLines) await(t *testing.T, within time.Duration, otherwise string, so func() bool) {
	t.Helper()
	took := clock.Stopwatch()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !so() {
		require.Less(t, took(), within, otherwise)
		<-ticker.C
	}
}

// recover waits until the server works again: as many requests at once as it
// has connections to each engine pass.
func (n *onLines) recover(t *testing.T, after string) {
	t.Helper()
	var err error
	defer func() {
		if err != nil {
			t.Log(err)
			t.Log(n.server.logOf(""))
		}
	}()
	n.await(t, recoversWithin, "no recovery after "+after, func() bool {
		err = n.probeAll()
		return err == nil
	})
}

func (n *onLines) probeAll() error {
	var all errgroup.Group
	for i := range 8 { // DATABASE_MAX_CONNS; FerretDB 1 has one
		all.Go(func() error {
			probe := n.rows
			if i == 0 {
				probe = n.document
			}
			status, err := n.send(probe)
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("%s %s: %d", probe.Method, probe.Path, status)
			}
			return err
		})
	}
	return all.Wait()
}

// goroutines is how many the server has when nobody is connected to it.
func (n *onLines) goroutines(t *testing.T) int {
	t.Helper()
	n.client.CloseIdleConnections()
	res, err := probes.Get(n.server.admin + "/metrics")
	require.NoError(t, err)
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "go_goroutines "); ok {
			count, err := strconv.Atoi(value)
			require.NoError(t, err)
			return count
		}
	}
	require.NoError(t, lines.Err())
	t.Fatal("no go_goroutines among the metrics")
	return 0
}

// tidies waits until the faults have left nothing behind in the server, nor a
// connection in PostgreSQL beyond the pool's.
func (n *onLines) tidies(t *testing.T, goroutines int) {
	t.Helper()
	const some = 16 // connections of HTTP that are about to end, jobs under way
	n.await(t, tidiesWithin, "goroutines of broken requests stay", func() bool { return n.goroutines(t) <= goroutines+some })
	n.await(t, tidiesWithin, "connections of broken requests stay", func() bool {
		var open, waiting int
		err := n.pool.QueryRow(t.Context(), `
			SELECT count(*), count(*) FILTER (WHERE state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '5 seconds')
			FROM pg_stat_activity WHERE application_name = $1`, lineName).Scan(&open, &waiting)
		require.NoError(t, err)
		return open <= 8+1 && waiting == 0 // DATABASE_MAX_CONNS, and the one that River listens on
	})
}

// awaitJobs waits until every job has ended.
func (n *onLines) awaitJobs(t *testing.T) {
	t.Helper()
	n.await(t, linePatience+30*time.Second, "jobs are pending still", func() bool { return n.jobs(t, jobs.Pending) == 0 })
}

// awaitMessages waits until every SMS has gone out.
func (n *onLines) awaitMessages(t *testing.T) {
	t.Helper()
	n.await(t, linePatience+30*time.Second, "messages wait still", func() bool {
		var queued int
		require.NoError(t, n.pool.QueryRow(t.Context(), `
			SELECT count(*) FROM river.river_job
			WHERE kind = 'send_sms' AND state NOT IN ('completed', 'cancelled', 'discarded')`).Scan(&queued))
		return queued == 0
	})
}

// jobs counts those that the world did not have.
func (n *onLines) jobs(t *testing.T, status int) (count int) {
	t.Helper()
	const query = "SELECT count(*) FROM jobs.jobs WHERE status = $1 AND request_id <> 'sandbox'"
	require.NoError(t, n.pool.QueryRow(t.Context(), query, status).Scan(&count))
	return count
}

// audit compares what was answered with what both engines hold, and returns how
// often nobody knew, and how many messages are marked as sent perhaps twice.
func (n *onLines) audit(t *testing.T) (unconfirmed, marked int) {
	t.Helper()
	traces := map[string][]map[string]int{
		creates: {
			n.counts(t, "SELECT name, count(*) FROM prm.divisions GROUP BY name"),
			n.counts(t, "SELECT d.name, count(DISTINCT d.id) FROM prm.divisions d JOIN prm.division_addresses a ON a.division_id = d.id GROUP BY d.name"),
			n.counts(t, "SELECT d.name, count(*) FROM prm.divisions d JOIN prm.audit_log a ON a.resource = 'divisions' AND a.resource_id = d.id::text GROUP BY d.name"),
		},
		verifies: {
			n.counts(t, "SELECT phone_number, count(*) FROM otp.verifications GROUP BY phone_number"),
			n.counts(t, "SELECT phone_number, count(*) FROM otp.sms_logs GROUP BY phone_number"),
		},
		stops: {
			n.stopped(t),
			n.counts(t, "SELECT entity_id::text, count(*) FROM event_manager.events WHERE entity_type = 'DeviceDispense' GROUP BY entity_id"),
			n.counts(t, "SELECT resource_id, count(*) FROM prm.audit_log WHERE resource = '"+devicedispenses.Collection+"' GROUP BY resource_id"),
		},
	}
	for _, e := range n.efforts {
		if e.status == http.StatusGatewayTimeout {
			unconfirmed++
		}
		for i, trace := range traces[e.kind] {
			made := trace[e.trace]
			require.Equal(t, traces[e.kind][0][e.trace], made, "half a change: %s %q, trace %d", e.kind, e.trace, i)
			switch {
			case e.status < http.StatusMultipleChoices:
				require.Equal(t, 1, made, "acknowledged with %d: %s %q", e.status, e.kind, e.trace)
			case e.status == http.StatusGatewayTimeout:
				require.LessOrEqual(t, made, 1, "doubled: %s %q", e.kind, e.trace)
			default:
				require.Zero(t, made, "refused with %d: %s %q", e.status, e.kind, e.trace)
			}
		}
	}
	require.Zero(t, n.jobs(t, jobs.FailedWithError), "a job broke down")

	// The world's messages are older.
	messages := auditor{load: &load{rig: n.rig, began: n.began}, crashed: true}
	marked = messages.auditMessages()
	require.Empty(t, messages.findings[:min(len(messages.findings), 20)], "%d findings", len(messages.findings))
	return unconfirmed, marked
}

// counts reads names and how often each is there.
func (n *onLines) counts(t *testing.T, query string) map[string]int {
	t.Helper()
	rows, err := n.pool.Query(t.Context(), query)
	require.NoError(t, err)
	found := map[string]int{}
	for rows.Next() {
		var name string
		var count int
		require.NoError(t, rows.Scan(&name, &count))
		found[name] = count
	}
	require.NoError(t, rows.Err())
	return found
}
