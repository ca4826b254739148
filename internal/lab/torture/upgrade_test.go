package torture

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/sms"
	sqlfiles "esoz/sql"
)

const (
	// firstAlone is the last migration that only makes what was not there.
	firstAlone = 10
	// longestLock is how long a migration may keep others from a table.
	longestLock = time.Second
)

// large are tables that grow without end.
var large = []string{"otp.sms_logs", "prm.divisions", "il.declaration_requests"}

// largeAlone are others; requests would find the copies of one person or employee, and be refused for them.
var largeAlone = []string{"mpi.persons", "prm.employees", "ops.declarations"}

// T24: migrations on large tables under load, and beside a transaction that keeps a table.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T24", "migrations run on large tables while servers and others work: no request fails, and none waits for a lock for a second")
	rows := amount(10_000, 1_000_000)
	r := newRig(t, rigOptions{Documents: documentsOfTests()})
	l := newLoad(t, r, flock{rows: 500, documents: 30})
	l.deadline = 25 * time.Second
	_, err := r.pool.Exec(t.Context(), "INSERT INTO otp.sms_logs (id, phone_number, body, inserted_at) "+
		"SELECT gen_random_uuid(), '+380670000000', $1, inserted_at FROM mithril.users LIMIT 1", r.keys.Seal(sms.Sealed.Purpose, []byte("a code")))
	require.NoError(t, err) // the world has sent none
	for _, table := range large {
		tr.add("rows", r.multiply(table, rows))
	}

	// This version on a database of this version, while servers work.
	s := l.serve("ENGINE_TIMEOUT=20s")
	l.start(8, s)
	stop := r.watchLocks()
	for range 3 {
		r.migrate()
	}
	longest := stop()
	l.audit(false)

	// All migrations that change what is there, while others use the tables.
	for _, table := range largeAlone {
		tr.add("rows", r.multiply(table, rows))
	}
	r.migrateDown(firstAlone)
	stop = r.watchLocks()
	endUse := r.use(slices.Concat(large, largeAlone)...)
	release := r.keep(large[0])
	migrated := make(chan struct{})
	go func() {
		defer close(migrated)
		r.migrate()
	}()
	wait(2*time.Second, 3*time.Second)
	select {
	case <-migrated:
		t.Error("the migrations did not wait for a table that is kept")
	default:
	}
	release()
	<-migrated
	statements := endUse()
	longest = max(longest, stop())
	require.Less(t, longest, longestLock)
	tr.add("requests", len(l.sent))
	tr.add("statements of others", statements)
	tr.add("ms of the longest wait for a lock", int(longest.Milliseconds()))
}

// multiply copies the rows of a table until there are so many.
func (r *rig) multiply(table string, n int) int {
	t := r.t
	t.Helper()
	_, err := r.pool.Exec(t.Context(), fmt.Sprintf(`
		INSERT INTO %[1]s
		SELECT fresh.* FROM %[1]s original, generate_series(1, $1::integer) n,
			LATERAL jsonb_populate_record(original, jsonb_build_object('id', gen_random_uuid(), 'declaration_id', gen_random_uuid(),
				'declaration_number', gen_random_uuid(), '', n)) fresh
		WHERE original.id = (SELECT id FROM %[1]s LIMIT 1)
		ON CONFLICT DO NOTHING`, table), n)
	require.NoError(t, err, table)
	var count int
	require.NoError(t, r.pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&count))
	require.GreaterOrEqual(t, count, n, table)
	return count
}

// migrate is esoz migrate, as an operator calls it. It may run in a goroutine.
func (r *rig) migrate() {
	cmd := exec.Command(program(r.t), "migrate")
	cmd.Env = r.environ("127.0.0.1:1", "off") // a port that nobody listens at
	output, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Errorf("migrate: %s: %s", err, output)
	}
}

func (r *rig) migrateDown(to int64) {
	t := r.t
	t.Helper()
	db := stdlib.OpenDBFromPool(r.pool)
	provider, err := goose.NewProvider(goose.DialectPostgres, db, sqlfiles.Migrations)
	require.NoError(t, err)
	_, err = provider.DownTo(t.Context(), to)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// watchLocks looks how long somebody waits for a lock on a table, until stop.
func (r *rig) watchLocks() (stop func() (longest time.Duration)) {
	ctx, cancel := context.WithCancel(context.Background())
	var longest time.Duration
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			var waits time.Duration
			err := r.pool.QueryRow(context.Background(), `
				SELECT coalesce(max(clock_timestamp() - waitstart), '0') FROM pg_locks
				WHERE NOT granted AND locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waits)
			if err != nil {
				r.t.Errorf("look at locks: %s", err)
				return
			}
			longest = max(longest, waits)
			wait(10*time.Millisecond, 20*time.Millisecond)
		}
	}()
	return func() time.Duration {
		cancel()
		<-done
		return longest
	}
}

// use reads and writes a row of each table, again and again, until stop.
func (r *rig) use(tables ...string) (stop func() (statements int)) {
	t := r.t
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	counts := make([]int, len(tables))
	var users sync.WaitGroup
	for i, table := range tables {
		conn, err := pgx.Connect(t.Context(), r.dsn+"&application_name=audit")
		require.NoError(t, err)
		var id uuid.UUID
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT id FROM "+table+" LIMIT 1").Scan(&id))
		users.Go(func() {
			for ; ctx.Err() == nil; wait(time.Millisecond, 3*time.Millisecond) {
				took := clock.Stopwatch()
				_, err := conn.Exec(context.Background(), "UPDATE "+table+" SET id = id WHERE id = $1", pgx.QueryExecModeExec, id)
				if err != nil || took() > longestLock+time.Duration(amount(4, 0))*time.Second {
					t.Errorf("%s: %v after %s", table, err, took())
				}
				counts[i]++
			}
			if err := conn.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	return func() (all int) {
		cancel()
		users.Wait()
		for _, n := range counts {
			all += n
		}
		return all
	}
}

// keep holds a table as a long report does, until release.
func (r *rig) keep(table string) (release func()) {
	t := r.t
	t.Helper()
	conn, err := pgx.Connect(t.Context(), r.dsn+"&application_name=audit")
	require.NoError(t, err)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT FROM "+table+" LIMIT 1")
	require.NoError(t, err)
	return func() {
		require.NoError(t, errors.Join(tx.Rollback(t.Context()), conn.Close(t.Context())))
	}
}
