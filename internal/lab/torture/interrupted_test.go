package torture

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/resource/episodes"
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
