// Package engines runs the databases that the sandbox and the tests need, so
// that one command works on a bare machine: a PostgreSQL server as a child
// process and FerretDB (the MongoDB protocol over SQLite) inside this one.
//
// Everything lives in one data folder:
//
//	lock             held by the one process that may use the folder; its pid
//	postgres/        the PostgreSQL cluster
//	postgres.log     what the server printed
//	postgres.alive   held by every PostgreSQL process, see postgres.acquire
//	documents/       one SQLite file per document database
//	stores/          the folders of further document stores, which are temporary
//	sockets          symbolic link to the folder of both sockets; not on Windows
//	postgres.password  of the server that listens on 127.0.0.1: on Windows
//	postgres.pg_ctl.log  what pg_ctl printed: on Windows
//
// On Unix both engines listen on sockets in a folder that only its owner may enter, and
// not on the network. They need no password: the owner of the folder can read the data
// files, too. Another program cannot occupy their ports, as there are none. On Windows
// both listen on 127.0.0.1. PostgreSQL asks for a password, which is generated for
// the data folder; FerretDB 1 has none to ask for.
//
// The server runs as the user of this process, or, since PostgreSQL refuses root and
// administrators, as one without privileges. It ends with us: cleanly after
// [Engines.Stop]; through a parent-death signal on Linux, or a job object on Windows,
// when we are killed; and at the latest when the next start on the same folder finds
// it. When it is killed itself it is started again under the same address, and pools
// only need to reconnect.
package engines

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"

	pg "esoz/internal/platform/postgres"
)

// Options tells Start what to run and where.
type Options struct {
	// Dir is the data folder. It is created when it is missing. Ignored when
	// Ephemeral is set.
	Dir string

	// Ephemeral uses a temporary folder, which Stop removes, and never waits
	// for the disk: a power failure loses the data, a killed process does not.
	Ephemeral bool

	// PostgresOnly leaves FerretDB out.
	PostgresOnly bool

	// Postgres is the folder that holds bin/ of the PostgreSQL to use. Empty: the
	// newest on the machine, or else one that is fetched.
	Postgres string

	// Loopback makes the engines listen on 127.0.0.1 rather than on Unix sockets,
	// as they always do on Windows. A data folder stays with the one or the other.
	Loopback bool

	// Logger is told about restarts and failures. Default: slog.Default().
	Logger *slog.Logger

	// Progress is told, in a few words, what Start is doing. It may be nil.
	Progress func(step string)

	// Fetched is told how much of PostgreSQL has been fetched, of how much: bytes. It
	// may be nil.
	Fetched func(done, total int64)
}

// Engines are running engines. The addresses stay the same until Stop, also
// when PostgreSQL had to be restarted.
type Engines struct {
	// Dir is the data folder.
	Dir string

	// PostgresDSN connects to the database "postgres" as a superuser. It suits
	// pgx and psql. See EnsureDatabase for databases of one's own.
	PostgresDSN string

	// Stores are further document stores, beside that of MongoURI.
	Stores *Stores

	// MongoURI connects to FerretDB; empty with PostgresOnly. It carries
	// maxPoolSize=1, and a database must be used through one client only:
	// findAndModify of FerretDB 1 is atomic only while no other command runs.
	MongoURI string

	ephemeral bool
	closers   []func(context.Context) error
	postgres  *postgres
}

// Start starts the engines and returns when they accept connections. The
// context bounds the start only. A folder that another process uses is refused
// with an *InUseError.
func Start(ctx context.Context, opts Options) (*Engines, error) {
	pg.IgnoreEnvironment()
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Progress == nil {
		opts.Progress = func(string) {}
	}
	if opts.Fetched == nil {
		opts.Fetched = func(int64, int64) {}
	}

	e := &Engines{ephemeral: opts.Ephemeral}
	if err := e.start(ctx, opts); err != nil {
		// The caller's context may be the reason; what runs must end all the same.
		return nil, errors.Join(err, e.Stop(context.WithoutCancel(ctx)))
	}
	return e, nil
}

func (e *Engines) start(ctx context.Context, opts Options) error {
	if err := e.claim(opts.Dir); err != nil {
		return err
	}
	if err := fitForDocuments(e.Dir); err != nil && !opts.PostgresOnly {
		return err
	}

	pg, err := newPostgres(e.Dir, e.ephemeral, opts.Logger)
	if err != nil {
		return err
	}
	if opts.Loopback || runtime.GOOS == "windows" {
		if pg.loopback, err = newLoopback(ctx, e.Dir, pg.cluster); err != nil {
			return err
		}
	}
	if err := pg.prepare(ctx, &opts); err != nil {
		return err
	}
	if pg.loopback == nil {
		if pg.sockets, err = e.makeSockets(pg.account); err != nil {
			return err
		}
	}
	e.Stores = &Stores{dir: filepath.Join(e.Dir, "stores"), sockets: pg.sockets, log: opts.Logger}

	opts.Progress("Starting PostgreSQL")
	e.closers = append(e.closers, pg.stop)
	if err := pg.start(ctx); err != nil {
		return err
	}
	e.postgres = pg
	e.PostgresDSN = e.DSN(adminDatabase)

	if opts.PostgresOnly {
		return nil
	}
	opts.Progress("Starting FerretDB")
	docs, err := startDocuments(e.Documents(), e.Stores.socket("mongodb"), e.ephemeral, opts.Logger)
	if err != nil {
		return err
	}
	e.closers = append(e.closers, docs.Stop)
	e.MongoURI = docs.URI
	return nil
}

// Documents is the folder of what MongoURI connects to.
func (e *Engines) Documents() string { return filepath.Join(e.Dir, "documents") }

// claim makes the data folder and takes its lock.
func (e *Engines) claim(dir string) error {
	if e.ephemeral {
		sweep()
		var err error
		if dir, err = os.MkdirTemp("", ephemeralPrefix); err != nil {
			return fmt.Errorf("make temporary data folder: %w", err)
		}
	}
	if dir == "" {
		return errors.New("no data folder given")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("resolve data folder: %w", err)
	}
	// The folder itself holds no secrets: what does is closed, except on Windows,
	// where the folder is, once and for all that comes into it.
	_, missing := os.Stat(dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	if missing != nil || e.ephemeral {
		if err := enclose(dir); err != nil {
			return fmt.Errorf("close data folder to others: %w", err)
		}
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return err
	}
	e.Dir = dir
	e.closers = append(e.closers, func(context.Context) error {
		err := lock.Close() // first: Windows removes no open file
		if e.ephemeral {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return err
	})
	return nil
}

// makeSockets makes the folder of both sockets, after removing the one that a
// killed process left.
func (e *Engines) makeSockets(owner account) (string, error) {
	link := filepath.Join(e.Dir, socketsLink)
	if err := removeSockets(link); err != nil {
		return "", err
	}
	dir, err := makeSockets(link, owner)
	if err != nil {
		return "", err
	}
	e.closers = append(e.closers, func(context.Context) error { return removeSockets(link) })
	return dir, nil
}

// Stop stops the engines in the reverse order of their start and gives the
// data folder free. Disconnect clients first: FerretDB gives those that are
// still connected three seconds. When ctx ends, PostgreSQL is killed and
// recovers on its next start. Stop may be called again.
func (e *Engines) Stop(ctx context.Context) error {
	var errs []error
	for len(e.closers) > 0 {
		last := len(e.closers) - 1
		errs = append(errs, e.closers[last](ctx))
		e.closers = e.closers[:last]
	}
	return errors.Join(errs...)
}
