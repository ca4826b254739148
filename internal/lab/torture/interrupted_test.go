package torture

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/conformance"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/resource/episodes"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// plans interrupt jobs of servers in this process, by their ids: TestMain has all operations ask them.
var plans sync.Map

// plan is where a job is interrupted: once at the first step that begins so, then at one that begins as the second says.
type plan struct {
	at   []string
	meet func(step string, first bool) error // what happens there

	mu   sync.Mutex
	seen []string
	hits int
}

func (p *plan) String() string {
	if p == nil {
		return "not interrupted"
	}
	return fmt.Sprintf("to be interrupted at %v, steps: %v", p.at, p.seen)
}

// interrupt is called between two writes of each job.
func interrupt(jobID, step string) error {
	found, ok := plans.Load(jobID)
	if !ok {
		return nil
	}
	p, _ := found.(*plan)
	p.mu.Lock()
	p.seen = append(p.seen, step)
	hit := p.hits < len(p.at) && strings.HasPrefix(step, p.at[p.hits])
	if hit {
		p.hits++
	}
	first := p.hits == 1
	p.mu.Unlock()
	if !hit {
		return nil
	}
	return p.meet(step, first)
}

var errInterrupted = errors.New("interrupted")

// Steps of packages around the write that decides.
const (
	deciding   = "decide"
	takingBack = "take back "
	takingLast = takingBack + "the first"
)

// T13: jobs that write more than once, interrupted at each step between two writes.
func TestInterruptedJobs(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T13", "a job that is interrupted between any two writes ends, with all that it writes once, or with nothing; "+
		"nobody reads a package of an encounter that is not whole; a job that is carried out twice changes nothing")
	s := testkit.New(t, testkit.Idle(), testkit.With("ENGINE_TIMEOUT", "50s"), testkit.With("REQUEST_TIMEOUT", "50s"))
	n := &nursery{pool: s.Pool, store: s.Mongo, of: map[uuid.UUID]*birth{}, url: s.URL}
	all := models(t, s.World, s.Mongo)
	if !*full {
		all = richest(all)
	}
	wanted := amount(1, 1000)
	const together = 4 // packages of an episode
	makeRoom(t, all, s.Mongo, amount(40, 1200))
	n.measure(t, all, func(b *birth) {
		plans.Store(b.job, b.plan)
		_, err := s.Jobs.Release(t.Context(), b.job)
		require.NoError(t, err)
		b.steps = b.plan.seen
		require.NotEmpty(t, b.steps, b.operation)
	})
	measured := len(n.births)
	own := 0
	for packages := 0; packages < wanted; {
		add := func(m *model, at ...string) *birth {
			b := m.fresh(len(all) + packages/together)
			b.plan = &plan{at: at}
			n.expect(b)
			if m.isPackage() {
				packages++
			}
			return b
		}
		for _, m := range all {
			last := slices.Index(m.steps, deciding)
			for i, step := range m.steps {
				some := func(rest int) bool { return *full || len(m.steps) < 5 || i%6 == rest }
				if some(0) {
					add(m, step, m.steps[i+rand.IntN(len(m.steps)-i)])
				}
				if some(1) {
					add(m, step).doubled = true
				}
				if 0 < i && i <= last && some(4) {
					own++
					b := m.fresh(len(m.episodes) - own) // of an episode of its own, which is closed
					b.refused, b.plan = true, &plan{at: []string{step, [...]string{takingBack, takingLast}[own%2]}}
					n.expect(b)
					packages++
				}
			}
		}
	}
	n.carryOut(t, s, n.births[measured:])

	whole := n.audit(t)
	n.requireNone(t)
	interruptions, packages := 0, 0
	for _, b := range n.births[measured:] {
		require.Equal(t, len(b.plan.at), b.plan.hits, "%s: %s", b.operation, b.plan)
		interruptions += b.plan.hits
		if b.isPackage() {
			packages++
		}
	}
	n.again(t, s)
	require.Equal(t, whole, n.audit(t))
	n.requireNone(t)
	require.Positive(t, n.looks.Load())
	tr.add("packages", packages)
	tr.add("other jobs", len(n.births)-measured-packages)
	tr.add("interruptions", interruptions)
	tr.add("reads meanwhile", int(n.looks.Load()))
}

// measure has each model carried out twice, one after another, and notes what the second time leaves: only the first referral
// of an encounter makes an SMS.
func (n *nursery) measure(t *testing.T, all []*model, carryOut func(b *birth)) {
	t.Helper()
	for range 2 {
		former := n.messages(t)
		for i, m := range all {
			b := m.fresh(i)
			b.plan = &plan{}
			n.expect(b)
			r, err := callServer(t.Context(), n.url, b.request)
			require.NoError(t, err)
			require.NotEmpty(t, r.job, "%s: %+v", b.operation, r)
			b.job = r.job
			carryOut(b)
			latter := n.messages(t)
			m.left = imprintOf(b, n.imprints(t))
			m.left.messages, former = latter-former, latter
		}
	}
	n.former = n.messages(t)
	for _, b := range n.births {
		n.former -= b.left.messages
	}
	n.readings = n.waysToRead(t)
}

// richest are the models that make the most, one of each operation.
func richest(all []*model) (some []*model) {
	slices.SortStableFunc(all, func(a, b *model) int { return len(b.ids) - len(a.ids) })
	for _, m := range all {
		if !slices.ContainsFunc(some, func(known *model) bool { return known.operation == m.operation }) {
			some = append(some, m)
		}
	}
	return some
}

// start sends all requests, some of them twice, to a server that works on no job yet.
func (n *nursery) start(t *testing.T, s *testkit.Server, births []*birth) {
	t.Helper()
	for i, b := range births {
		r, err := callServer(t.Context(), s.URL, b.request)
		require.NoError(t, err)
		require.NotEmpty(t, r.job, "%s: %+v", b.operation, r)
		if i%10 == 0 {
			again, err := callServer(t.Context(), s.URL, b.request)
			require.NoError(t, err)
			require.Equal(t, r.job, again.job, "the same request has the same job")
		}
		b.job = r.job
		b.plan.meet = func(step string, first bool) error { return n.meet(t, s, b, step, first) }
		plans.Store(b.job, b.plan)
		t.Cleanup(func() { plans.Delete(b.job) })
	}
}

// carryOut lets the server work on all jobs while others read.
func (n *nursery) carryOut(t *testing.T, s *testkit.Server, births []*birth) {
	t.Helper()
	n.start(t, s, births)
	over := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() { n.readOn(t, over) })
	s.Run(t)
	n.ended(t)
	n.forgotten(t)
	close(over)
	others.Wait()
	n.requireNone(t)
}

// ended waits until no job is left to be worked on.
func (n *nursery) ended(t *testing.T) {
	t.Helper()
	var left string
	if !assert.Eventually(t, func() bool {
		err := n.pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(concat_ws(' ', j.operation, j.status, r.state, r.attempt, r.errors), '; '), '')
			FROM river.river_job r JOIN jobs.jobs j ON j.id = r.args ->> 'id'
			WHERE r.kind = 'carry_out' AND (r.state <> 'completed' OR j.status = 0)`).Scan(&left)
		return err == nil && left == ""
	}, time.Duration(amount(10, 60))*time.Minute, 50*time.Millisecond) {
		n.requireNone(t)
		require.Fail(t, "not all jobs end", left[:min(len(left), 5000)])
	}
}

// forgotten waits until no job has its mark on an episode any more.
func (n *nursery) forgotten(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		marked, err := n.store.Collection(episodes.Collection).CountDocuments(t.Context(), bson.D{{Key: "applied_jobs.0", Value: bson.D{{Key: "$exists", Value: true}}}})
		return err == nil && marked == 0
	}, rigPatience, 50*time.Millisecond, "marks stay")
}

// meet happens at a step: others look at the package, and the try of the job ends in one of several ways; or, of a job that is
// doubled, it goes on after another try has carried the job out to its end.
func (n *nursery) meet(t *testing.T, s *testkit.Server, b *birth, step string, first bool) error {
	decided := !strings.HasPrefix(step, takingBack) && slices.Index(b.steps, step) > slices.Index(b.steps, deciding)
	switch {
	case b.undoes != nil:
		n.lookBack(t, b, step)
	case b.isPackage():
		n.look(t, b, decided, "at "+step)
	}
	if b.doubled {
		if ended, err := s.Jobs.Release(t.Context(), b.job); err != nil || ended.Status != jobs.Processed {
			n.find("carry %s out beside: %+v, %v", b.operation, ended, err)
		}
		return nil
	}
	if b.refused && first {
		if err := n.disturb(t, b); err != nil {
			n.find("have %s refused: %s", b.operation, err)
		}
	}
	switch how := rand.IntN(6); {
	case how == 0 && first && !decided && b.isPackage(): // in the first try
		panic(errInterrupted)
	case how == 1:
		return fault.ErrUnavailable
	}
	return errInterrupted
}

// again carries out jobs that have ended, and sends requests of packages that are there: nothing changes.
func (n *nursery) again(t *testing.T, s *testkit.Server) {
	t.Helper()
	before, left := map[string]map[uuid.UUID]bson.Raw{}, n.imprints(t)
	for _, collection := range collections {
		before[collection] = stored(t, n.store, collection)
	}
	for i, b := range n.births {
		_, err := s.Jobs.River.Insert(t.Context(), jobs.Args{ID: b.job}, nil)
		require.NoError(t, err)
		if b.isPackage() && i%5 == 0 {
			r, err := callServer(t.Context(), s.URL, b.request)
			require.NoError(t, err)
			require.NotEqual(t, b.job, r.job)
		}
	}
	n.ended(t)
	n.forgotten(t)
	require.Equal(t, left, n.imprints(t))
	for _, collection := range collections {
		require.Equal(t, before[collection], stored(t, n.store, collection), collection)
	}
}

// reading is a way to read a document, or to find it.
type reading struct {
	path, token, kind string // the path with {patient_id}, {episode_id} and the document's parameter
	byID              bool
	of                string // query that asks for the documents of an encounter; "" when there is none
}

var inBraces = regexp.MustCompile(`\{[a-z_]+\}`)

func (r reading) request(b *birth, id uuid.UUID) world.Request {
	patient := idInPath.FindString(b.model.request.Path)
	address := strings.NewReplacer("{patient_id}", patient, "{episode_id}", b.within.String()).Replace(r.path)
	address = inBraces.ReplaceAllString(address, id.String())
	switch {
	case r.byID:
	case r.of != "" && r.kind != "encounters":
		address += "?page_size=100&" + r.of + "=" + b.born["encounters"][0].String()
	default:
		address += "?page_size=100"
	}
	return testkit.As(r.token, http.MethodGet, address, nil)
}

// waysToRead are the operations that read documents of packages, with a token that may.
func (n *nursery) waysToRead(t *testing.T) (all []reading) {
	t.Helper()
	contract, err := conformance.Contract()
	require.NoError(t, err)
	whole := map[string]*birth{}
	for _, b := range n.births {
		for kind := range b.born {
			if b.isPackage() {
				whole[kind] = b
			}
		}
	}
	read := map[string]int{}
	for address, item := range contract.Paths.Map() {
		if item.Get == nil || !strings.HasPrefix(address, "/api/patients/{patient_id}/") {
			continue
		}
		parts := strings.Split(strings.TrimSuffix(address, "/context"), "/")
		last := len(parts) - 1
		r := reading{path: address, byID: strings.HasPrefix(parts[last], "{")}
		if r.kind = parts[last]; r.byID {
			r.kind = parts[last-1]
		}
		b := whole[r.kind]
		if b == nil {
			continue
		}
		for _, parameter := range item.Get.Parameters {
			if name := parameter.Value.Name; name == "encounter_id" && parameter.Value.In == "query" {
				r.of = name
			}
		}
		for _, user := range []string{"doctor", "hospital_doctor"} {
			r.token = world.TokenValue(user)
			reply, err := callServer(t.Context(), n.url, r.request(b, b.born[r.kind][0]))
			if err == nil && reply.Status == http.StatusOK && (r.byID || strings.Contains(string(reply.data), b.born[r.kind][0].String())) {
				all = append(all, r)
				read[r.kind]++
				break
			}
		}
	}
	for kind := range whole {
		require.True(t, kind == "visits" || read[kind] >= 2, "%s are not read by id and found: %v", kind, all)
	}
	return all
}

// look reads a package: each kind by an id and by a list, in one of the ways that there are.
func (n *nursery) look(t *testing.T, b *birth, seen bool, when string) {
	for kind, ids := range b.born {
		known := map[bool]bool{}
		for _, i := range rand.Perm(len(n.readings)) {
			r, id := n.readings[i], ids[rand.IntN(len(ids))]
			if r.kind != kind || known[r.byID] {
				continue
			}
			known[r.byID] = true
			reply, ok := n.read(t, r, b, id)
			if !ok {
				continue
			}
			switch told := strings.Contains(string(reply.data), id.String()); {
			case r.byID && seen != (reply.Status == http.StatusOK), r.byID && !seen && reply.Status != http.StatusNotFound:
				n.find("%s answers %d %s", r.path, reply.Status, when)
			case !r.byID && reply.Status != http.StatusOK, told && !seen:
				n.find("%s answers %d and shows the document: %t, %s", r.path, reply.Status, told, when)
			}
		}
	}
}

// read is false when the server is away, which it may be when it is killed.
func (n *nursery) read(t *testing.T, r reading, b *birth, id uuid.UUID) (reply, bool) {
	answer, err := callServer(t.Context(), n.url, r.request(b, id))
	away := err != nil || answer.Status >= http.StatusInternalServerError
	if away && !n.mortal {
		n.find("read %s: %d %v", r.path, answer.Status, err)
	}
	n.looks.Add(1)
	return answer, !away
}

// readOn reads what there may be: who reads a part of a package can read the rest of it.
func (n *nursery) readOn(t *testing.T, over chan struct{}) {
	for {
		select {
		case <-over:
			return
		case <-time.After(500 * time.Millisecond): // the sandbox's store answers one at a time
		}
		b, r := n.anyPackage(), n.readings[rand.IntN(len(n.readings))]
		if b == nil || len(b.born[r.kind]) == 0 {
			continue
		}
		answer, ok := n.read(t, r, b, b.born[r.kind][0])
		if !ok {
			continue
		}
		told := map[*birth]bool{}
		if r.byID && answer.Status == http.StatusOK {
			told[b] = true
		}
		for _, id := range idInPath.FindAllString(string(answer.data), -1) {
			if found := n.parent(uuid.MustParse(id)); found != nil && found.isPackage() {
				told[found] = true
			}
		}
		for found := range told {
			if found.refused {
				n.find("%s shows a package that was refused", r.path)
			}
			n.look(t, found, true, "after another part was read")
			break
		}
	}
}

// T13: kill -9 with several packages under way.
func TestKilledPackages(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T13", "of packages of encounters and of new requests that are under way when the server is killed each is there whole and once, or not at all")
	kills := amount(3, 100)
	r := newRig(t, rigOptions{Documents: documentsOfTests()})
	n := &nursery{pool: r.pool, of: map[uuid.UUID]*birth{}, mortal: true}
	var all []*model
	require.NoError(t, r.withDocuments(t.Context(), func(store *mongo.Database) error {
		if all = models(t, r.world, store); !*full {
			all = richest(all)
		}
		makeRoom(t, all, store, amount(20, 400))
		return nil
	}))
	_, err := r.pool.Exec(t.Context(), "TRUNCATE jobs.jobs") // the world's pending one would be carried out too
	require.NoError(t, err)
	s := r.serve("ENGINE_TIMEOUT=50s", "REQUEST_TIMEOUT=50s")
	n.url = s.url
	n.measure(t, all, func(*birth) { n.ended(t) })

	over := make(chan struct{})
	var others sync.WaitGroup
	for range 2 * rigWorkers {
		others.Go(func() { n.sendOn(t, all, over) })
	}
	others.Go(func() { n.readOn(t, over) })
	stop := sync.OnceFunc(func() {
		close(over)
		others.Wait()
	})
	defer stop()
	underWay := 0
	for range kills {
		underWay += n.awaitUnderWay(t)
		wait(time.Millisecond, 100*time.Millisecond)
		s.kill()
		_, err := r.pool.Exec(t.Context(), "UPDATE river.river_job SET metadata = metadata || '{\"left\": true}' WHERE state = 'running'")
		require.NoError(t, err)
		s.start()
	}
	stop()
	n.ended(t)
	s.stop()
	n.named(t)
	whole := 0
	require.NoError(t, r.withDocuments(t.Context(), func(store *mongo.Database) error {
		n.store = store
		whole = n.audit(t)
		return nil
	}))
	n.requireNone(t)
	tr.add("kills", kills)
	tr.add("jobs under way", underWay)
	tr.add("jobs", whole)
	tr.add("unanswered requests", len(n.births)-whole)
	tr.add("reads meanwhile", int(n.looks.Load()))
}

// sendOn sends requests, each of something new.
func (n *nursery) sendOn(t *testing.T, all []*model, over chan struct{}) {
	for {
		b := all[rand.IntN(len(all))].fresh(rand.IntN(1000))
		b.name = uuid.NewString()
		b.request.Headers = maps.Clone(b.request.Headers)
		b.request.Headers["X-Request-Id"] = b.name
		n.expect(b)
		pause := time.Millisecond
		answer, err := callServer(t.Context(), n.url, b.request)
		switch {
		case err != nil || answer.Status >= http.StatusInternalServerError:
			pause = 50 * time.Millisecond
		case answer.Status != http.StatusAccepted:
			n.find("%s: %+v", b.operation, answer)
		default:
			n.accept(b, answer.job)
		}
		for n.waiting(t) > 4*rigWorkers { // there is enough to do
			pause = max(pause, 20*time.Millisecond)
			select {
			case <-over:
				return
			case <-time.After(pause):
			}
		}
		select {
		case <-over:
			return
		case <-time.After(pause):
		}
	}
}

// awaitUnderWay waits until the server works on several packages, and returns how many jobs it works on.
func (n *nursery) awaitUnderWay(t *testing.T) (jobs int) {
	t.Helper()
	require.Eventually(t, func() bool {
		var packages int
		err := n.pool.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE j.operation = 'submitEncounterPackage')
			FROM river.river_job r JOIN jobs.jobs j ON j.id = r.args ->> 'id'
			WHERE r.kind = 'carry_out' AND r.state = 'running' AND j.status = 0 AND NOT r.metadata ? 'left'`).Scan(&jobs, &packages)
		return err == nil && packages >= 2
	}, rigPatience, 5*time.Millisecond, "no two packages are under way")
	return jobs
}

// waiting counts the jobs that are not done.
func (n *nursery) waiting(t *testing.T) (all int) {
	if err := n.pool.QueryRow(t.Context(), "SELECT count(*) FROM jobs.jobs WHERE status = 0").Scan(&all); err != nil {
		n.find("count jobs: %s", err)
	}
	return all
}

// named finds the jobs of requests that were not answered.
func (n *nursery) named(t *testing.T) {
	t.Helper()
	rows, err := n.pool.Query(t.Context(), "SELECT id, request_id FROM jobs.jobs")
	require.NoError(t, err)
	made := map[string]string{}
	var id, name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		require.Empty(t, made[name], "a request has made two jobs")
		made[name] = id
		return nil
	})
	require.NoError(t, err)
	for _, b := range n.births {
		switch {
		case b.job == "":
			b.job = made[b.name]
		case b.name != "":
			require.Equal(t, b.job, made[b.name], "an accepted job is lost")
		}
	}
}
