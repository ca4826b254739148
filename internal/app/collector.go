package app

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
)

// collectTimeout is how long a scrape waits for both engines.
const collectTimeout = 2 * time.Second

// collector reads at each scrape what no event of this process tells: the state of the
// engines, the connection pool and the queue. What an engine that is away would tell is
// left out.
type collector struct{ app *App }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("esoz_"+name, help, labels, nil)
}

var (
	engineUp        = describe("engine_up", "Whether an engine answers: 1 or 0.", "engine")
	poolConnections = describe("postgres_connections", "Connections to PostgreSQL by state: acquired, idle or constructing.", "state")
	poolSizeMax     = describe("postgres_connections_max", "Size of the connection pool.")
	poolAcquires    = describe("postgres_acquires_total", "Connections that were taken from the pool.")
	poolWaits       = describe("postgres_acquires_waited_total", "Connections that were taken after a wait, because none was free.")
	poolWaitSeconds = describe("postgres_acquire_wait_seconds_total", "Time spent waiting for connections.")
	poolCancelled   = describe("postgres_acquires_cancelled_total", "Waits for a connection that ended without one.")
	queueJobs       = describe("queue_jobs", "Background work that has not ended, by kind and state. All servers of a deployment show the same.", "kind", "state")
	queueOldest     = describe("queue_oldest_seconds", "Age of the oldest background work that has not ended, by kind.", "kind")
	migration       = describe("migration_version", "Newest migration of esoz's and River's tables, in the database and as the program knows it.", "tables", "in")
	buildInfo       = describe("build_info", "1, with what the program was built from.", "version", "revision", "go")
)

// Describe implements prometheus.Collector.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		engineUp, poolConnections, poolSizeMax, poolAcquires, poolWaits, poolWaitSeconds, poolCancelled,
		queueJobs, queueOldest, migration, buildInfo,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	c.pool(to, gauge)
	gauge(buildInfo, 1, build()...)
	gauge(engineUp, one(c.app.Mongo.Client().Ping(ctx, nil)), "document store")
	gauge(engineUp, one(errors.Join(c.queue(ctx, gauge), c.migrations(ctx, gauge))), "PostgreSQL")
}

type gauges func(d *prometheus.Desc, value float64, labels ...string)

func one(err error) float64 {
	if err != nil {
		return 0
	}
	return 1
}

func (c collector) pool(to chan<- prometheus.Metric, gauge gauges) {
	stat := c.app.Pool.Stat()
	gauge(poolConnections, float64(stat.AcquiredConns()), "acquired")
	gauge(poolConnections, float64(stat.IdleConns()), "idle")
	gauge(poolConnections, float64(stat.ConstructingConns()), "constructing")
	gauge(poolSizeMax, float64(stat.MaxConns()))
	for d, value := range map[*prometheus.Desc]float64{
		poolAcquires: float64(stat.AcquireCount()), poolWaits: float64(stat.EmptyAcquireCount()),
		poolWaitSeconds: stat.EmptyAcquireWaitTime().Seconds(), poolCancelled: float64(stat.CanceledAcquireCount()),
	} {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value)
	}
}

// queueQuery compares River's times with the machine's, as River does.
const queueQuery = `
	SELECT kind, state::text, count(*), extract(epoch FROM clock_timestamp() - min(created_at))::float8
	FROM ` + riverSchema + `.river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded') GROUP BY kind, state`

func (c collector) queue(ctx context.Context, gauge gauges) error {
	rows, err := c.app.Pool.Query(ctx, queueQuery)
	if err != nil {
		return err //nolint:wrapcheck // only whether there is one is shown
	}
	oldest := map[string]float64{}
	for _, kind := range kinds {
		oldest[kind] = 0
	}
	var kind, state string
	var n, age float64
	_, err = pgx.ForEachRow(rows, []any{&kind, &state, &n, &age}, func() error {
		gauge(queueJobs, n, kind, state)
		oldest[kind] = max(oldest[kind], age)
		return nil
	})
	for kind, age := range oldest {
		gauge(queueOldest, age, kind)
	}
	return err //nolint:wrapcheck // only whether there is one is shown
}

func (c collector) migrations(ctx context.Context, gauge gauges) error {
	all, err := tables()
	if err != nil {
		return err
	}
	for _, of := range all {
		made, err := versions(ctx, c.app.Pool, of.query)
		if err != nil {
			return err
		}
		gauge(migration, float64(slices.Max(of.known)), of.what, "program")
		gauge(migration, float64(slices.Max(append(made, 0))), of.what, "database")
	}
	return nil
}

// build is what the program was built from, as Go has noted it.
func build() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return []string{"", "", ""}
	}
	revision := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return []string{info.Main.Version, revision, info.GoVersion}
}
