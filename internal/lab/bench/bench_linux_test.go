package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/app"
	"esoz/internal/lab/bench/floor"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/sms"
)

// TestMain also runs the parts that are processes of their own.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || !slices.Contains([]string{"engines", "floor", "serve"}, os.Args[1]) {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := part(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

func part(ctx context.Context, args []string) error {
	if args[0] == "engines" { // --data DIR --addresses FILE --postgres-only
		return Engines(ctx, args[2], args[4], len(args) > 5)
	}
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	if args[0] == "serve" {
		return serve(ctx, cfg)
	}
	return floor.Run(ctx, cfg)
}

// serve is the server, without the rest of its program.
func serve(ctx context.Context, cfg *config.Config) (err error) {
	a, err := app.New(ctx, app.Options{Config: config.NewLive(cfg), Clock: clock.New(), Logger: app.NewLogger(os.Stderr, cfg), Provider: sms.Log{}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	if err := a.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Stop(context.WithoutCancel(ctx))) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.ListenAddr)
	if err != nil {
		return err
	}
	return a.Serve(ctx, listener, a.Handler, prometheus.NewRegistry())
}

// The floor answers everything that it is compared by, pgbench understands its
// script, and what they cost is told. The server's own answers are tested elsewhere.
func TestFloorAndPgbench(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	self, err := os.Executable()
	require.NoError(t, err)
	l, err := newLab(ctx, Options{
		Self: self, Dir: t.TempDir(), Progress: io.Discard,
		Plan: Plan{WarmUp: 100 * time.Millisecond, Round: 500 * time.Millisecond, Rounds: 1, Clients: 4, Phones: 50, Codes: 50},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.close()) })

	create, err := l.passing("createDivision")
	require.NoError(t, err)
	pool, err := l.database(ctx, bare)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	server, err := l.floor(ctx, bare, bare)
	require.NoError(t, err)
	before, err := written(ctx, pool)
	require.NoError(t, err)
	rows, err := l.interleave(ctx,
		contender{name: bare, process: server.process, round: l.saturate(server, create)},
		l.pgbench(ctx, bare, create))
	require.NoError(t, err)
	for _, row := range rows {
		require.Empty(t, row.Problem)
		require.Len(t, row.Rounds, 1)
		require.Zero(t, row.Wrong(), "%+v", row)
		require.Positive(t, row.Rate().Median)
		require.Positive(t, row.CPU().Median)
		require.Positive(t, row.Engines().Median)
	}
	var divisions, audited int
	require.NoError(t, pool.QueryRow(ctx, "SELECT count(*) FROM prm.divisions WHERE name = 'Бориспільське відділення Клініки Ноунейм'").Scan(&divisions))
	require.NoError(t, pool.QueryRow(ctx, "SELECT count(*) FROM prm.audit_log WHERE resource = 'divisions'").Scan(&audited))
	require.Positive(t, divisions)
	require.Equal(t, divisions, audited)

	c, err := l.codes(ctx, "codes", l.floor)
	require.NoError(t, err)
	t.Cleanup(c.pool.Close)
	for range 2 { // what was completed can be resent
		require.NoError(t, c.forget(ctx))
		resent, err := c.resends(ctx, 300*time.Millisecond)
		require.NoError(t, err)
		require.NoError(t, c.read(ctx))
		require.NotEmpty(t, c.entered)
		completed, err := c.completes(ctx, time.Minute)
		require.NoError(t, err)
		require.Zero(t, resent.Wrong+completed.Wrong, "%s%s", resent.Example, completed.Example)
		require.Equal(t, len(c.entered), completed.Requests)
	}

	require.NoError(t, l.stopChildren())
	after, err := written(ctx, pool)
	require.NoError(t, err)
	require.Greater(t, after, before)
}

// The floor carries out every transition as the server does: the document, its event and its
// audit row are written, the job has ended, and no mark is left.
func TestFloorChangesDocuments(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	self, err := os.Executable()
	require.NoError(t, err)
	l, err := newLab(ctx, Options{Self: self, Dir: t.TempDir(), Progress: io.Discard, Plan: Plan{Documents: 3, Callers: 2}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.close()) })
	s := &stage{lab: l}
	s.pool, err = l.database(ctx, contendedFloor)
	require.NoError(t, err)
	t.Cleanup(s.pool.Close)
	s.floor.pool = s.pool
	for database, into := range map[string]**mongo.Database{documents: &s.world, contendedFloor: &s.floor.store} {
		*into, err = mongodb.Open(l.addresses.Mongo, database, patience)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, mongodb.Close(context.Background(), *into)) })
	}
	s.floor.server, err = l.floorWith(ctx, contendedFloor, contendedFloor, append(patient, "MONGO_DATABASE="+contendedFloor)...)
	require.NoError(t, err)
	transitions, err := l.transitions()
	require.NoError(t, err)
	require.NotEmpty(t, transitions)
	for i, one := range transitions {
		ids, err := s.fill(ctx, one, s.floor.store, l.documents())
		require.NoError(t, err)
		r, err := l.passing(one.ID)
		require.NoError(t, err)
		round, err := s.floor.change(ctx, one, r, ids, l.plan.Callers)
		require.NoError(t, err)
		require.Zero(t, round.Wrong, round.Example)
		var events, audited int
		require.NoError(t, s.pool.QueryRow(ctx, "SELECT (SELECT count(*) FROM event_manager.events WHERE entity_id = ANY($1)), "+
			"(SELECT count(*) FROM prm.audit_log WHERE resource_id = ANY($1::uuid[]::text[]))", ids).Scan(&events, &audited))
		require.Equal(t, []int{len(ids), len(ids)}, []int{events, audited}, "%d: %s", i, one.ID)
		require.Eventually(t, func() bool {
			document, err := s.floor.store.Collection(one.Moves.Collection).FindOne(ctx, bson.D{{Key: "_id", Value: ids[0]}}).Raw()
			return err == nil && items(document, "applied_jobs") == 0 && document.Lookup(one.Moves.Attribute).StringValue() == one.Moves.To[0]
		}, 10*time.Second, 50*time.Millisecond)
	}
	require.NoError(t, l.stopChildren())
}

// A round of packages leaves their documents in a store without those of the round before, the
// raw inserts leave as many, and what is refused counts as wrong. Each referral is found by its number.
func TestPackagesAndReferrals(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	self, err := os.Executable()
	require.NoError(t, err)
	l, err := newLab(ctx, Options{Self: self, Dir: t.TempDir(), Progress: io.Discard, Plan: Plan{Clients: 2}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.close()) })
	require.NoError(t, os.Mkdir(l.program(""), 0o755))
	require.NoError(t, os.Symlink(self, l.program("esoz")))

	p, err := l.packages(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.close(context.Background())) })
	left := func(store *mongo.Database) map[string]int {
		counts := map[string]int{}
		for collection := range collectionsOfPackage {
			count, err := store.Collection(collection).CountDocuments(ctx, bson.D{})
			require.NoError(t, err)
			counts[collection] = int(count)
		}
		return counts
	}
	for range 2 { // a round starts from nothing
		require.NoError(t, p.prepare(1)(ctx))
		round, err := p.carryOut(ctx, p.all, 1)
		require.NoError(t, err)
		require.Equal(t, 1, round.Requests)
		require.Zero(t, round.Wrong, round.Example)
		require.Equal(t, collectionsOfPackage, left(p.store))

		require.NoError(t, p.emptyRaw(ctx))
		round, err = p.insertRaw(ctx, 1)
		require.NoError(t, err)
		require.Equal(t, 1, round.Requests)
		require.Equal(t, collectionsOfPackage, left(p.raw))
	}
	_, err = p.pool.Exec(ctx, "TRUNCATE jobs.jobs")
	require.NoError(t, err)
	round, err := p.carryOut(ctx, p.all, 1) // the documents are there
	require.NoError(t, err)
	require.Equal(t, 1, round.Wrong)

	require.NoError(t, p.prepare(1)(ctx))
	round, err = p.steadily(ctx, 1, time.Second)
	require.NoError(t, err)
	require.Equal(t, 1, round.Requests)
	require.Zero(t, round.Wrong, round.Example)
	require.Positive(t, round.P50)

	const referrals = 5
	requests, s, err := l.refer(ctx, referrals)
	require.NoError(t, err)
	require.Len(t, requests, referrals)
	for i, r := range requests {
		require.NoError(t, s.finds(ctx, r, benched("referral", i)))
	}
	require.Error(t, s.finds(ctx, requests[0], benched("referral", 1)))
	nobody := requests[0]
	nobody.Path = "/api/service_requests?requisition=0000-0000-0000-0000"
	require.Error(t, s.finds(ctx, nobody, benched("referral", 0)))
	require.NoError(t, l.stopChildren())
}

// Without a store that uses its indexes the goals are not measured, and the rows say why.
func TestNeedsAnotherStore(t *testing.T) {
	t.Parallel()
	l := &lab{plan: Quick()}
	for _, run := range []func(*lab, context.Context, *Benchmark) error{(*lab).b7, (*lab).referrals} {
		var b Benchmark
		require.NoError(t, run(l, t.Context(), &b))
		require.NotEmpty(t, b.Rows)
		require.NotEmpty(t, b.Goals)
		require.Len(t, b.Notes(), len(b.Rows))
		for _, goal := range b.Goals {
			require.Equal(t, NotMeasured, goal.Verdict())
		}
	}
}
