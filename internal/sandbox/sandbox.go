// Package sandbox is the server on engines of its own: one process that starts
// PostgreSQL and FerretDB, seeds the world, serves the API and a small one of
// its own under /_sandbox.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/redact"
	"esoz/internal/sandbox/engines"
	"esoz/internal/sandbox/traffic"
	"esoz/internal/sandbox/world"
)

// Options of a run.
type Options struct {
	Dir       string // the data folder
	Ephemeral bool   // a temporary folder instead, which is forgotten
	Postgres  string // folder with bin/ of a PostgreSQL; empty: found or fetched
	Listen    string // address of the API
	Public    bool   // other machines may reach it
	Environ   []string
	Clock     *clock.Clock // nil: one that follows the machine's
	Machine   *clock.Clock // by which worlds count how long nobody used them; nil: the machine's
	Out       io.Writer    // progress and the banner
	RecordOff bool         // requests are not kept for /_sandbox/requests
	JSON      io.Writer    // what Started has, in place of the banner
	ReadyFile string       // the same, while requests are answered
	Logger    *slog.Logger
	// AfterHandler is jobs.Queue's test hook.
	AfterHandler func(jobID string)
	// Ready, when set, is called once requests are answered.
	Ready func(Addresses)
}

// Addresses of a running sandbox.
type Addresses struct {
	BaseURL     string
	DatabaseURL string
	MongoURL    string
}

// The sandbox's keys protect nothing: its world and its tokens are public, and
// the data folder must open again at the next start.
const (
	serverKey  = "65736f7a2073616e64626f7820736572766572206b65792c207075626c696321"
	patientKey = "65736f7a2073616e64626f782070617a"
	database   = "esoz"
)

// Run starts everything and serves until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	o.Logger = redact.Logger(o.Logger)
	// The port first: a taken one is the commonest fault, and says so before
	// databases are started for nothing.
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s (choose another address with --listen): %w", o.Listen, err)
	}
	defer func() { err = errors.Join(err, ignoreClosed(listener.Close())) }()
	if !o.Public && !isLoopback(listener.Addr()) {
		return fmt.Errorf("%s can be reached from other machines, and whoever reaches a sandbox can read and change everything in it: "+
			"use a loopback address, or add --i-know-this-is-public", o.Listen)
	}
	baseURL := "http://" + reachable(listener.Addr())
	if err := readyFile(o.ReadyFile).prepare(); err != nil {
		return err
	}

	// Faults of the configuration are told before the engines start.
	if _, err := config.Load(environ(o.Environ, "postgres://later", "mongodb://later", baseURL)); err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	eng, err := engines.Start(ctx, engines.Options{
		Dir: o.Dir, Ephemeral: o.Ephemeral, Postgres: o.Postgres, Logger: o.Logger,
		Progress: func(step string) { fmt.Fprintf(o.Out, "  %s …\n", step) },
		Fetched:  showFetched(o.Out),
	})
	if err != nil {
		return fmt.Errorf("start the engines: %w", err)
	}
	defer func() { err = errors.Join(err, within(ctx, 20*time.Second, eng.Stop)) }()

	dsn, err := eng.EnsureDatabase(ctx, database)
	if err != nil {
		return err
	}
	at := place{
		environ: environ(o.Environ, dsn, eng.MongoURI, baseURL), clock: o.Clock, logger: o.Logger, hook: o.AfterHandler,
		address: baseURL, public: !isLoopback(listener.Addr()),
	}
	c := newCopies(o, eng, at)
	own, old, err := startOwn(ctx, at, c, o.RecordOff)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.end(ctx)) }()
	side := newWorlds(own, c)
	defer func() { err = errors.Join(err, side.end(ctx)) }()

	addresses := Addresses{BaseURL: baseURL, DatabaseURL: dsn, MongoURL: eng.MongoURI}
	defer func() { err = errors.Join(err, readyFile(o.ReadyFile).remove()) }()
	if err := o.announce(addresses, own.world, old); err != nil {
		return err
	}
	return own.app.Serve(ctx, listener, app.OwnVisitors(side, own.live, o.Listen), own.metrics)
}

// startOwn starts the world that outlives a run. old is as of prepare.
func startOwn(ctx context.Context, p place, c *copies, recordOff bool) (own *server, old bool, err error) {
	cfg, err := p.configuration()
	if err != nil {
		return nil, false, err
	}
	keys, err := app.NewKeys(cfg)
	if err != nil {
		return nil, false, err
	}
	if p.clock == nil {
		p.clock = clock.New()
	}
	p.world = world.New(keys, p.clock.Now())
	seeded, old, err := prepare(ctx, cfg, p.world, p.clock.Now())
	if err != nil {
		return nil, false, err
	}
	if seeded {
		if err := c.begin(ctx, p.world); err != nil {
			return nil, false, err
		}
	}
	doc, err := app.Document()
	if err != nil {
		return nil, false, err
	}
	recorder, err := traffic.New(doc, p.clock)
	if err != nil {
		return nil, false, err
	}
	if recordOff {
		recorder.Log.TurnOff()
	}
	if own, err = newServer(ctx, p); err != nil {
		return nil, false, err
	}
	if err := own.open(ctx, recorder); err != nil {
		return nil, false, errors.Join(err, own.end(ctx))
	}
	return own, old, nil
}

// environ puts the sandbox's defaults before what the user has set, and what
// belongs to its own engines behind it.
func environ(user []string, dsn, mongoURI, baseURL string) []string {
	all := append([]string{
		"GATEWAY_API_KEY=when_sent", "LOG_LEVEL=warn", "ADMIN_ADDR=" + config.AdminOff, "PUBLIC_BASE_URL=" + baseURL,
		"SHUTDOWN_DELAY=0s",                                                                                      // no proxy stands before it
		"OTP_PHONE_LIMIT=0", "OTP_RESOURCE_LIMIT=0", "OTP_LEGAL_ENTITY_DAILY_LIMIT=0", "DR_MAX_ATTEMPTS_COUNT=0", // its SMS cost nothing, and tests send many
		"SIGNATURE=auto", "SIGNATURE_TRUST=false", // keys of every authority work, and none are needed
	}, user...)
	return append(all,
		"DATABASE_URL="+dsn, "MONGO_URL="+mongoURI, "MONGO_DATABASE="+database,
		"SERVER_KEY="+serverKey, "PERSON_PK_KEYPHRASE="+patientKey)
}

// prepare migrates the databases and seeds them when they are new. old means that
// they were not, and hold the world of another version: a reset would take what the user has
// registered, so it is left to them.
func prepare(ctx context.Context, cfg *config.Config, w *world.World, now time.Time) (seeded, old bool, err error) {
	err = migrated(ctx, cfg, now, func(pool *pgxpool.Pool, documents *mongo.Database) error {
		before, same, err := w.Seeded(ctx, pool)
		if err != nil || before {
			old = before && !same
			return err
		}
		seeded = true
		return w.Seed(ctx, pool, documents)
	})
	return seeded, old, err
}

// migrated migrates the databases of a configuration and connects to them while do runs.
func migrated(ctx context.Context, cfg *config.Config, now time.Time, do func(*pgxpool.Pool, *mongo.Database) error) (err error) {
	pool, err := postgres.Open(ctx, string(cfg.DatabaseURL), 4)
	if err != nil {
		return err
	}
	defer pool.Close()
	documents, err := mongodb.Open(string(cfg.MongoURL), cfg.MongoDatabase, cfg.EngineTimeout)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, within(ctx, 5*time.Second, func(ctx context.Context) error { return mongodb.Close(ctx, documents) }))
	}()
	if err := app.Migrate(ctx, pool, documents, now, cfg.SystemUser); err != nil {
		return err
	}
	return do(pool, documents)
}

// within runs stop with a deadline of its own: ctx has ended by then.
func within(ctx context.Context, patience time.Duration, stop func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return stop(ctx)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
