package torture

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/clock"
)

// mostToRecover is how soon a server works again once its engine does.
const mostToRecover = 5 * time.Second

// T14: PostgreSQL goes away and comes back under load: at once (pg_ctl stop -m
// immediate), in order (-m fast), and by kill -9.
func TestPostgresRestarts(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T14", "PostgreSQL stops and starts under load: 503 meanwhile, all acknowledged is there, the server recovers within 5 s and leaks nothing")
	restarts := amount(3, 200)
	r := newRig(t, rigOptions{Documents: documentsOfTests()})
	l := newLoad(t, r, flock{rows: amount(500, 12_000), documents: amount(20, 1200)})
	s := l.serve()
	before := l.warmUp(s)
	l.start(8, s)
	ways := []syscall.Signal{syscall.SIGQUIT, syscall.SIGINT, syscall.SIGKILL}
	var slowest time.Duration
	for i := range restarts {
		wait(700*time.Millisecond, 1200*time.Millisecond) // PostgreSQL that ends sooner is started again with a delay
		r.endPostgres(ways[i%len(ways)])
		slowest = max(slowest, l.recovers(s))
	}
	l.endsHealthy(s, before, slowest)
	require.Positive(t, l.answers(http.StatusServiceUnavailable), "nobody was told that PostgreSQL was away")
	marked := l.audit(true)
	tr.add("restarts", restarts)
	l.report(tr)
	tr.add("messages marked as possibly sent twice", marked)
	tr.add("ms of the slowest recovery", int(slowest.Milliseconds()))
}

// T14: there are no connections left: those of the server's pool wait for a lock
// for longer than requests may take, or PostgreSQL has none to give.
func TestNoConnections(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T14", "connections run out, in the server's pool and in PostgreSQL, and statements wait for locks: 503 in time, and the server recovers within 5 s and leaks nothing")
	rounds := amount(4, 50)
	r := newRig(t, rigOptions{Documents: documentsOfTests()})
	l := newLoad(t, r, flock{rows: amount(500, 6000), documents: amount(20, 500)})
	l.deadline = 700 * time.Millisecond
	s := l.serve("DATABASE_MAX_CONNS=3")
	before := l.warmUp(s)
	l.start(8, s)
	locked := []string{"mithril.tokens", "prm.divisions", "otp.verifications"}
	var slowest time.Duration
	for i := range rounds {
		refused := l.answers(http.StatusServiceUnavailable)
		var release func()
		if i%2 == 0 {
			release = r.lock(locked[i/2%len(locked)])
		} else {
			release = r.takeAllConnections()
		}
		l.awaitRefusals(refused+3, s)
		release()
		slowest = max(slowest, l.recovers(s))
	}
	l.endsHealthy(s, before, slowest)
	marked := l.audit(true)
	tr.add("times", rounds)
	l.report(tr)
	tr.add("messages marked as possibly sent twice", marked)
	tr.add("ms of the slowest recovery", int(slowest.Milliseconds()))
}

// awaitRefusals waits until so many answers were 503.
func (l *load) awaitRefusals(n int, s *server) {
	t := l.rig.t
	t.Helper()
	require.Eventually(t, func() bool { return l.answers(http.StatusServiceUnavailable) >= n }, rigPatience, 10*time.Millisecond,
		"nobody is refused: %s", s.log())
}

// vitals are what must not grow.
type vitals struct{ goroutines, connections int }

// warmUp lets the server open what it opens and reads its vitals at rest.
func (l *load) warmUp(s *server) vitals {
	l.start(8, s)
	wait(time.Second, 2*time.Second)
	l.stop()
	l.client.CloseIdleConnections()
	wait(200*time.Millisecond, 300*time.Millisecond)
	return s.vitals()
}

// endsHealthy ends the load: the server, which was there all the time, has
// answered everybody and recovered in time, and holds no more than before.
func (l *load) endsHealthy(s *server, before vitals, slowest time.Duration) {
	t := l.rig.t
	t.Helper()
	l.stop()
	require.Zero(t, l.answers(noAnswer), "requests without an answer: %s", s.log())
	require.Less(t, slowest, mostToRecover)
	l.awaitJobs()
	l.client.CloseIdleConnections()
	took := clock.Stopwatch()
	for {
		now := s.vitals()
		if now.goroutines <= before.goroutines+10 && now.connections <= before.connections+2 {
			return
		}
		require.Less(t, took(), rigPatience, "before: %+v, now: %+v", before, now)
		wait(100*time.Millisecond, 200*time.Millisecond)
	}
}

// vitals asks the server and PostgreSQL.
func (s *server) vitals() (v vitals) {
	t := s.rig.t
	t.Helper()
	metrics, err := s.metrics()
	require.NoError(t, err)
	for line := range strings.Lines(metrics) {
		if number, is := strings.CutPrefix(line, "go_goroutines "); is {
			v.goroutines, err = strconv.Atoi(strings.TrimSpace(number))
			require.NoError(t, err)
		}
	}
	require.Positive(t, v.goroutines)
	require.NoError(t, s.rig.pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE "+ofServers).Scan(&v.connections))
	return v
}

// ofServers tells the connections of servers from ours, which have names.
const ofServers = "datname = 'esoz' AND backend_type = 'client backend' AND application_name = ''"

// postmaster is the process of PostgreSQL that starts the others.
func (r *rig) postmaster() int {
	r.t.Helper()
	content, err := os.ReadFile(filepath.Join(r.dir, "postgres", "postmaster.pid"))
	require.NoError(r.t, err)
	line, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(r.t, err)
	return pid
}

// endPostgres ends PostgreSQL and waits until it accepts connections again.
func (r *rig) endPostgres(how syscall.Signal) {
	r.t.Helper()
	former := r.postmaster()
	require.NoError(r.t, syscall.Kill(former, how))
	r.awaitPostgres(func() bool { return syscall.Kill(former, 0) != nil })
}

// awaitPostgres waits until PostgreSQL accepts connections and, before, until
// what else must come has come.
func (r *rig) awaitPostgres(before func() bool) {
	r.t.Helper()
	took := clock.Stopwatch()
	for {
		if before() {
			conn, err := pgx.Connect(r.t.Context(), r.dsn+"&application_name=audit")
			if err == nil {
				require.NoError(r.t, conn.Close(r.t.Context()))
				r.pool.Reset() // its connections may be the former server's
				return
			}
		}
		require.Less(r.t, took(), rigPatience, "PostgreSQL does not come back")
		wait(5*time.Millisecond, 10*time.Millisecond)
	}
}

// lock takes a table for itself until release.
func (r *rig) lock(table string) (release func()) {
	r.t.Helper()
	tx, err := r.pool.Begin(r.t.Context())
	require.NoError(r.t, err)
	_, err = tx.Exec(r.t.Context(), "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE")
	require.NoError(r.t, err)
	return func() { require.NoError(r.t, tx.Rollback(r.t.Context())) }
}

// takeAllConnections leaves PostgreSQL none to give, and servers none that they
// have had.
func (r *rig) takeAllConnections() (release func()) {
	t := r.t
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rigPatience)
	defer cancel()
	admin, err := r.pool.Acquire(ctx) // before none is left
	require.NoError(t, err)
	defer admin.Release()
	taken := []*pgx.Conn{}
	for {
		conn, err := pgx.Connect(ctx, r.dsn+"&application_name=audit")
		if err == nil {
			taken = append(taken, conn)
			continue
		}
		var pgErr *pgconn.PgError
		require.True(t, errors.As(err, &pgErr) && pgErr.Code == "53300", "%v", err) // too_many_connections
		var ended int
		require.NoError(t, admin.QueryRow(ctx, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "+ofServers).Scan(&ended))
		if ended == 0 {
			break
		}
	}
	return func() {
		for _, conn := range taken {
			require.NoError(t, conn.Close(t.Context()))
		}
	}
}
