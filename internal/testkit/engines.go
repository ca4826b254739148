// Package testkit starts a whole server for a test: real engines, databases of
// the test's own, the sandbox's world, and a client that checks every answer
// against the contract.
package testkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/sandbox/engines"
	"esoz/internal/sandbox/world"
)

// Keys of every test server.
const (
	serverKey  = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	patientKey = "202122232425262728292a2b2c2d2e2f"
)

// shared is what the tests of one process have in common.
type shared struct {
	engines *engines.Engines // nil: those of the environment
	admin   *pgxpool.Pool
	prefix  string // of database names, so that processes can share engines
	clone   sync.Mutex
	count   atomic.Int64

	mongo  string // of the store that all tests share; "": each has one of its own
	stores stores // nil: all share one
	folder string // of the store that each is a copy of

	memory atomic.Pointer[app.Memory] // of the first server on a copy
}

var start = sync.OnceValues(startEngines)

// Main runs the tests of a package and stops the engines afterwards.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main for packages that have something to do after it: it returns the
// code to exit with.
func Run(m *testing.M) int {
	code := m.Run()
	if ids := changed(); len(ids) > 0 {
		fmt.Fprintln(os.Stderr, "tests changed requests of the world that all of them share:", strings.Join(ids, ", "))
		code = max(code, 1)
	}
	if !started.Load() {
		return code
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if s, err := start(); err == nil {
		if err := s.stop(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "stop the engines:", err)
			code = max(code, 1)
		}
	}
	if told.Load() {
		code = max(code, 1)
	}
	return code
}

// ears hears what the engines tell, which is no one test's.
var (
	ears = &watch{fail: func(format string, args ...any) {
		told.Store(true)
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}}
	told atomic.Bool
)

// Where the engines are that tests use in place of their own. A store of documents that is named serves all tests.
const (
	databaseURL = "ESOZ_TEST_DATABASE_URL" // of a superuser
	mongoURI    = "ESOZ_TEST_MONGODB_URI"
)

// What WithEngines has migrated, to be copied.
const (
	migratedDatabase  = "ESOZ_TEST_MIGRATED_DATABASE"
	migratedDocuments = "ESOZ_TEST_MIGRATED_DOCUMENTS" // a folder
)

var started atomic.Bool

// startEngines starts both engines, or uses those that the environment names.
func startEngines() (_ *shared, err error) {
	started.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s := &shared{prefix: "t" + uuid.NewString()[:8], mongo: os.Getenv(mongoURI)}
	dsn := os.Getenv(databaseURL)
	if dsn == "" {
		if s.engines, err = startOwn(ctx); err != nil {
			return nil, err
		}
		dsn = s.engines.PostgresDSN
	}
	if s.mongo == "" {
		if s.stores, err = newStores(); err != nil {
			return nil, err
		}
	}
	if s.admin, err = postgres.Open(ctx, dsn, 2); err != nil {
		return nil, err
	}
	return s, s.makeTemplate(ctx, s.migrated(), func(pool *pgxpool.Pool, documents *mongo.Database) error {
		return World().Seed(ctx, pool, documents)
	})
}

func (s *shared) stop(ctx context.Context) error {
	s.admin.Close()
	var err error
	if s.stores != nil {
		err = s.stores.close()
	}
	if s.engines == nil {
		return err
	}
	return errors.Join(err, stopOwn(ctx, s.engines))
}

func startOwn(ctx context.Context) (*engines.Engines, error) {
	e, err := engines.Start(ctx, engines.Options{Ephemeral: true, PostgresOnly: true, Logger: slog.New(ears.handler())})
	if err != nil {
		return nil, fmt.Errorf("start the engines: %w", err)
	}
	return e, nil
}

// stopOwn hears the log of PostgreSQL before it goes with its server.
func stopOwn(ctx context.Context, e *engines.Engines) error {
	lines, err := os.ReadFile(filepath.Join(e.Dir, "postgres.log"))
	if err != nil {
		return errors.Join(fmt.Errorf("read the log of PostgreSQL: %w", err), e.Stop(ctx))
	}
	ears.hear("the log of PostgreSQL", string(lines))
	if err := e.Stop(ctx); err != nil {
		return fmt.Errorf("stop engines: %w", err)
	}
	return nil
}

// WithEngines starts PostgreSQL for many test processes, which find it in the
// environment that do is given, and stops it after it.
func WithEngines(ctx context.Context, do func(environment []string) error) (err error) {
	starting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	e, err := startOwn(starting)
	if err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err = errors.Join(err, stopOwn(stopping, e))
		if told.Load() {
			err = errors.Join(err, errors.New("an engine told what it must not"))
		}
	}()
	here, socket, end, err := serveStores(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	s := &shared{prefix: "migrated", stores: here}
	if s.admin, err = postgres.Open(starting, e.PostgresDSN, 1); err != nil {
		return err
	}
	defer s.admin.Close()
	if err := s.makeTemplate(starting, empty, func(*pgxpool.Pool, *mongo.Database) error { return nil }); err != nil {
		return err
	}
	return do([]string{
		databaseURL + "=" + e.PostgresDSN, storesAt + "=" + socket, migratedDatabase + "=" + s.template(), migratedDocuments + "=" + s.folder,
	})
}

func (s *shared) template() string { return s.prefix + "_template" }

// source is what a template is copied from: a database, and the folder of a store, which is empty when folder is "".
type source struct{ database, folder string }

var empty = source{database: "template1"}

// migrated is the source that WithEngines has made. It has no documents in a store that all tests share.
func (s *shared) migrated() source {
	if name := os.Getenv(migratedDatabase); name != "" && s.stores != nil {
		return source{name, os.Getenv(migratedDocuments)}
	}
	return empty
}

// makeTemplate migrates and seeds the database that every test's is copied from.
func (s *shared) makeTemplate(ctx context.Context, from source, seed func(*pgxpool.Pool, *mongo.Database) error) (err error) {
	if err := s.create(ctx, s.template(), from.database); err != nil {
		return err
	}
	pool, err := postgres.Open(ctx, s.dsn(s.template()), 4)
	if err != nil {
		return err
	}
	defer pool.Close()
	uri, name := s.mongo, s.template()
	if s.stores != nil {
		made, failed := s.stores.start(ctx, from.folder, name)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, made.stop(ctx, false)) }()
		uri, name, s.folder = made.URI, documentsName, made.Dir
	}
	documents, err := mongodb.Open(uri, name, 10*time.Second)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mongodb.Close(ctx, documents)) }()
	// A source has been migrated. That takes most of the time, and a program that is older than the tests may have made it.
	if err := app.Migrate(ctx, pool, documents, clock.New().Now(), world.SystemUser); err != nil {
		return err
	}
	return seed(pool, documents)
}

// documentsName is the database of a store that one test has.
const documentsName = "esoz"

// documents returns where a test has its documents. A store of its own is a copy of the template's, and end deletes it.
func (s *shared) documents(ctx context.Context, name string) (uri, database string, end func(context.Context) error, err error) {
	if s.stores == nil {
		return s.mongo, name, func(context.Context) error { return nil }, nil
	}
	made, err := s.stores.start(ctx, s.folder, name)
	if err != nil {
		return "", "", nil, err
	}
	return made.URI, documentsName, func(ctx context.Context) error { return made.stop(ctx, true) }, nil
}

func (s *shared) dsn(database string) string {
	cfg := s.admin.Config().ConnConfig.Copy()
	return fmt.Sprintf("host=%s port=%d user=%s password='%s' dbname=%s", cfg.Host, cfg.Port, cfg.User, cfg.Password, database)
}

func (s *shared) create(ctx context.Context, name, template string) error {
	s.clone.Lock() // PostgreSQL refuses to copy one database twice at a time
	defer s.clone.Unlock()
	// PostgreSQL's default, to log every page, takes five times as long.
	_, err := s.admin.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE "+pgx.Identifier{template}.Sanitize()+" STRATEGY FILE_COPY")
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

func (s *shared) drop(ctx context.Context, name string) error {
	if _, err := s.admin.Exec(ctx, "DROP DATABASE "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database: %w", err)
	}
	return nil
}

// World is the world that every Server is seeded with. It is made once for all tests of the process, because to sign its
// documents takes longer than to start a server: nobody changes it, and Run fails if a test did.
var World = sync.OnceValue(func() *world.World {
	keys, err := app.NewKeys(&config.Config{ServerKey: serverKey, PersonPKKey: patientKey})
	if err != nil {
		panic(err) // the keys are constants
	}
	w := world.New(keys, clock.New().Now())
	made = requests(w)
	return w
})

// made holds the requests of World as they were at first, nil while no test has used it.
var made map[string]string

// requests returns the requests of a world by the ids of their cases.
func requests(w *world.World) map[string]string {
	all := make(map[string]string, len(w.Cases))
	for _, c := range w.Cases {
		raw, err := json.Marshal(c.Request)
		if err != nil {
			panic(fmt.Errorf("case %s: %w", c.ID, err)) // it could not be sent
		}
		all[c.ID] = string(raw)
	}
	return all
}

// changed returns the ids of the cases whose requests a test has changed in World.
func changed() []string {
	if made == nil {
		return nil
	}
	now := requests(World())
	return slices.DeleteFunc(slices.Sorted(maps.Keys(made)), func(id string) bool { return now[id] == made[id] })
}
