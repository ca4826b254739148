package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/servicerequests"
)

// Finding is what Examine says of one thing.
type Finding struct {
	About string
	Text  string
	Grade Grade
}

// Grade of a finding.
type Grade string

// Grades. A server does not start, or does not work, with what is wrong.
const (
	Fine    Grade = "ok"
	Warning Grade = "warning"
	Wrong   Grade = "wrong"
)

// Examine looks at the databases of a configuration and changes nothing.
func Examine(ctx context.Context, cfg *config.Config) (findings []Finding, err error) {
	e := &examination{ctx: ctx}
	keys, err := NewKeys(cfg)
	if err != nil {
		return nil, err
	}
	pool, err := postgres.Open(ctx, string(cfg.DatabaseURL), 1)
	if err != nil {
		e.check("PostgreSQL", err)
		return e.findings, nil
	}
	defer pool.Close()
	documents, err := mongodb.Open(string(cfg.MongoURL), cfg.MongoDatabase, cfg.EngineTimeout)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, mongodb.Close(context.WithoutCancel(ctx), documents)) }()

	if !e.check("PostgreSQL", e.postgres(pool, cfg)) {
		return e.findings, nil
	}
	if !e.check("tables", checkTables(ctx, pool)) {
		return e.findings, nil
	}
	e.data(pool)
	if e.check("document store", e.documents(documents)) {
		e.check("keys", compareKeys(ctx, pool, documents, keys))
	}
	return e.findings, nil
}

type examination struct {
	ctx      context.Context
	findings []Finding
}

func (e *examination) warn(about, format string, args ...any) {
	e.findings = append(e.findings, Finding{about, fmt.Sprintf(format, args...), Warning})
}

// check notes an error and returns whether there is none.
func (e *examination) check(about string, err error) bool {
	if err != nil {
		e.findings = append(e.findings, Finding{about, err.Error(), Wrong})
		return false
	}
	e.findings = append(e.findings, Finding{About: about, Grade: Fine})
	return true
}

// Limits of PostgreSQL.
const (
	oldestPostgres = 150000
	clockSkew      = 2 * time.Second
)

func (e *examination) postgres(pool *pgxpool.Pool, cfg *config.Config) error {
	var version, connections int
	var readOnly, encrypted bool
	var now time.Time
	var encoding, fsync, commit, statements, verbosity string
	err := pool.QueryRow(e.ctx, `SELECT current_setting('server_version_num')::int, current_setting('max_connections')::int,
		current_setting('transaction_read_only')::boolean, inet_server_addr() IS NULL OR coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)
			OR inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1',
		clock_timestamp(), current_setting('server_encoding'), current_setting('fsync'), current_setting('synchronous_commit'),
		current_setting('log_min_error_statement'), current_setting('log_error_verbosity')`).
		Scan(&version, &connections, &readOnly, &encrypted, &now, &encoding, &fsync, &commit, &statements, &verbosity)
	const about = "PostgreSQL"
	switch {
	case err != nil:
		return fmt.Errorf("does not answer: %w", err)
	case version < oldestPostgres:
		return fmt.Errorf("version %d is too old: want %d", version/10000, oldestPostgres/10000)
	case readOnly:
		return errors.New("takes no writes: it is a standby, or default_transaction_read_only is on")
	case encoding != "UTF8":
		return fmt.Errorf("its encoding is %s: want UTF8", encoding)
	}
	if skew := clock.New().Now().Sub(now); skew.Abs() > clockSkew {
		e.warn(about, "its clock differs from this machine's by %s", skew.Round(time.Second))
	}
	if fsync != "on" || commit == "off" {
		e.warn(about, "fsync=%s, synchronous_commit=%s: acknowledged changes can be lost", fsync, commit)
	}
	if want := poolSize(cfg); int(want) > connections {
		e.warn(about, "max_connections=%d is less than one server may open (%d, DATABASE_MAX_CONNS)", connections, want)
	}
	if !encrypted {
		e.warn(about, "the connection is not encrypted (sslmode in DATABASE_URL)")
	}
	if statements != "panic" || verbosity != "terse" {
		e.warn(about, "its log may quote personal data: log_min_error_statement=%s, log_error_verbosity=%s (docs/security.md)", statements, verbosity)
	}
	return nil
}

// data looks for what a server needs and no migration brings.
func (e *examination) data(pool *pgxpool.Pool) {
	for _, needed := range []struct{ table, hint string }{
		{"uaddresses.settlements", "no settlements are known: run esoz import katottg"},
		{"mithril.clients", "no client is registered: run esoz admin add"},
	} {
		var has bool
		if err := pool.QueryRow(e.ctx, "SELECT EXISTS (SELECT 1 FROM "+needed.table+")").Scan(&has); err != nil {
			e.check(needed.table, postgres.Error(err))
		} else if !has {
			e.warn("data", "%s", needed.hint)
		}
	}
}

func (e *examination) documents(documents *mongo.Database) error {
	if err := documents.Client().Ping(e.ctx, nil); err != nil {
		return fmt.Errorf("does not answer: %w", err)
	}
	indexes, err := documents.Collection(servicerequests.Collection).Indexes().ListSpecifications(e.ctx)
	if err = mongodb.Error(err); err != nil {
		return fmt.Errorf("list indexes: %w", err)
	}
	if len(indexes) <= 1 {
		return fmt.Errorf("%s has no indexes: run esoz migrate", servicerequests.Collection)
	}
	return nil
}
