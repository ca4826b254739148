package torture

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

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
