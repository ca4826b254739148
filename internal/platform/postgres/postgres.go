// Package postgres opens the connection pool and runs transactions. It knows
// nothing of the domain.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/puddle/v2"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"esoz/internal/platform/fault"
)

// Open makes a pool that connects with the first query. maxConns 0 means the
// default of pgxpool (4, or the number of cores).
func Open(ctx context.Context, dsn string, maxConns int32) (*pgxpool.Pool, error) {
	IgnoreEnvironment()
	cfg, err := pgxpool.ParseConfig(dsn)
	if unreadable := (*fs.PathError)(nil); errors.As(err, &unreadable) { // of sslrootcert, sslcert or sslkey
		return nil, fmt.Errorf("parse DATABASE_URL: %w", unreadable)
	}
	if err != nil {
		return nil, errors.New("parse DATABASE_URL: not a PostgreSQL connection string") // the driver's text may quote the password
	}
	if maxConns > 0 {
		cfg.MaxConns = maxConns
	}
	if cfg.ConnConfig.ConnectTimeout == 0 { // connect_timeout in dsn; it bounds each of several hosts
		cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	cfg.PingTimeout = time.Second // of idle connections; without it a dead one would use up a request's deadline
	cfg.ConnConfig.Tracer = spans{}
	cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		// The default is time.Local.
		conn.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		// Ids are sent as 16 bytes. The default is text, through the interfaces of database/sql.
		pgxuuid.Register(conn.TypeMap())
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL pool: %w", err)
	}
	return pool, nil
}

// IgnoreEnvironment takes the variables of libpq (PGSERVICE, PGOPTIONS, PGPASSWORD, …)
// from the environment of the process: they are about connections that the user
// makes with other programs, and the driver reads them for every connection.
func IgnoreEnvironment() {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "PG") {
			_ = os.Unsetenv(name) // the name has come from the environment
		}
	}
}

const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	maxTries             = 3
)

// Tx is a transaction, for code that passes it on and must not import pgx.
type Tx = pgx.Tx

// rollbackTimeout bounds a rollback. After it the connection is closed, which
// rolls back too.
const rollbackTimeout = 500 * time.Millisecond

// InTx runs fn in a transaction and commits when fn returns nil. After a
// serialization failure or a deadlock it runs fn again, so fn must have no
// effect outside its transaction. When COMMIT was sent and its answer is lost,
// the error is fault.ErrUnconfirmed. After every other error nothing was written.
//
// If ctx has a Unit, fn runs in the unit's transaction instead: InTx returning
// nil then does not mean committed.
func InTx(ctx context.Context, pool *pgxpool.Pool, fn func(tx pgx.Tx) error) error {
	if u, ok := ctx.Value(unitKey{}).(*Unit); ok {
		return Error(u.run(ctx, fn))
	}
	return Error(again(func() error { return inTx(ctx, pool, fn) }))
}

// again retries after serialization failures and deadlocks.
func again(try func() error) error {
	var err error
	for range maxTries {
		err = try()
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || (pgErr.Code != serializationFailure && pgErr.Code != deadlockDetected) {
			break
		}
	}
	return err
}

func inTx(ctx context.Context, pool *pgxpool.Pool, fn func(tx pgx.Tx) error) (err error) {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer func() {
		if rollbackErr := rollback(ctx, tx); rollbackErr != nil {
			err = errors.Join(err, rollbackErr)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	return commit(ctx, tx)
}

func commit(ctx context.Context, tx pgx.Tx) error {
	if err := confirm(tx.Conn(), func() error { return tx.Commit(ctx) }); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// rollback rolls a transaction back unless it has ended. It has a timeout of its
// own: pgx does not roll back when a context ends, and a rollback with an ended
// context breaks the connection.
func rollback(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	if err := tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// lockPause is how long Alone waits before it tries again.
const lockPause = 100 * time.Millisecond

// Alone runs fn while no other process runs with the same key. Use it for work that must not overlap, such as
// migrations, never to guard state. The lock ends with its connection, so a process that dies leaves no lock.
func Alone(ctx context.Context, pool *pgxpool.Pool, key int64, fn func() error) (err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("take a connection: %w", Error(err))
	}
	defer conn.Release()
	// Whoever waited in pg_advisory_lock would hold a snapshot meanwhile, and what fn makes CONCURRENTLY waits for
	// all snapshots.
	for {
		var locked bool
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&locked); err != nil {
			return fmt.Errorf("take lock %d: %w", key, Error(err))
		}
		if locked {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("take lock %d: %w", key, ctx.Err())
		case <-time.After(lockPause):
		}
	}
	defer func() {
		unlockCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, unlockErr := conn.Exec(unlockCtx, "SELECT pg_advisory_unlock($1)", key); unlockErr != nil {
			err = errors.Join(err, fmt.Errorf("release lock %d: %w", key, Error(unlockErr)))
		}
	}()
	return fn()
}

// batch is how many rows one statement of a clean-up deletes.
const batch = 5000

// InBatches calls fn until no rows are left. fn deletes at most limit rows and
// returns their number. So an interrupted clean-up has deleted some rows, and no
// statement holds locks for long.
func InBatches(ctx context.Context, fn func(ctx context.Context, limit int32) (int64, error)) error {
	for {
		n, err := fn(ctx, batch)
		if err != nil || n < batch {
			return Error(err)
		}
	}
}

// Error translates the driver's error to the sentinels of fault and keeps it as
// the cause.
func Error(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fault.ErrNotFound), errors.Is(err, fault.ErrStale),
		errors.Is(err, fault.ErrUnavailable), errors.Is(err, fault.ErrUnconfirmed):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("%w: %w", fault.ErrNotFound, err)
	case isAway(err):
		return fmt.Errorf("%w: %w", fault.ErrUnavailable, err)
	}
	return err
}

// confirm sends a committing statement. It returns fault.ErrUnconfirmed when the
// error does not show whether PostgreSQL has executed the statement.
func confirm(conn *pgx.Conn, send func() error) error {
	if conn.IsClosed() {
		return pgconn.ErrConnClosed
	}
	err := send()
	// pgx also reports an answer that breaks off as "conn closed" and safe to retry
	// (MultiResultReader.NextResult reads ahead). Here the connection was open before.
	if err == nil || pgconn.SafeToRetry(err) && !errors.Is(err, pgconn.ErrConnClosed) {
		return err
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		if pgErr.SeverityUnlocalized != "FATAL" && pgErr.SeverityUnlocalized != "PANIC" {
			return err // PostgreSQL, or a pooler before it, has refused the statement
		}
	} else if !isLost(err) {
		return err
	}
	return fmt.Errorf("%w: %w", fault.ErrUnconfirmed, err)
}

// isLost returns whether the connection broke, or the deadline passed, before the
// answer came.
func isLost(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) || pgconn.Timeout(err) || errors.Is(err, net.ErrClosed) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || // the backend ended in the middle of an answer
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// isAway returns whether PostgreSQL could not be reached, closed the connection or
// cannot work at the moment. The request did not cause the error, and may pass
// later.
func isAway(err error) bool {
	var connectErr *pgconn.ConnectError
	if errors.As(err, &connectErr) { // with any SQLSTATE
		return true
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return isStateOfAway(pgErr.Code)
	}
	return errors.Is(err, puddle.ErrClosedPool) || pgconn.SafeToRetry(err) || isLost(err)
}

// isStateOfAway returns whether an SQLSTATE is about PostgreSQL and its machine,
// not about the statement. Class 54 (a statement exceeds a limit) is about the
// statement.
func isStateOfAway(code string) bool {
	switch code {
	case "25006", // read only: the server is no longer the primary
		"55P03": // lock_timeout
		return true
	case "":
		return false
	}
	switch code[:min(2, len(code))] {
	case "08", // connection
		"40", // serialization failures and deadlocks, after InTx has retried
		"53", // disk full, out of memory, too many connections
		"57", // shut down, starting up, cancelled
		"58", // files and the operating system
		"F0", // broken configuration
		"XX": // internal errors, failed writes without a class of their own, corruption
		return true
	}
	return false
}
