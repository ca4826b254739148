// Package postgres opens the connection pool and runs transactions. It knows
// no word of the domain; stores use it and translate its errors upwards.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/puddle/v2"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"esoz/internal/platform/fault"
)

// Open connects lazily: an engine that is away shows in the first query.
// maxConns 0 leaves the size to pgxpool (4, or the number of cores).
func Open(ctx context.Context, dsn string, maxConns int32) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("parse DATABASE_URL: not a PostgreSQL connection string") // the driver's text may quote the password
	}
	if maxConns > 0 {
		cfg.MaxConns = maxConns
	}
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	cfg.PingTimeout = time.Second // of a connection that was idle; without it a dead one would take a request's whole time
	cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		// timestamptz arrives in time.Local otherwise.
		conn.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		// Ids go as 16 bytes; as text, by way of database/sql's interfaces, otherwise.
		pgxuuid.Register(conn.TypeMap())
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL pool: %w", err)
	}
	return pool, nil
}

const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	maxTries             = 3
)

// Tx is a transaction that a caller passes on without looking into it.
type Tx = pgx.Tx

// rollbackTimeout bounds the wait for a rollback. The connection is given up
// past it, which rolls back as well, and the request is answered.
const rollbackTimeout = 500 * time.Millisecond

// InTx runs fn in a transaction and commits when it returns nil. After a
// serialization failure or a deadlock it runs fn again, so fn must have no
// effect outside its transaction. In a Unit fn joins the unit's transaction.
// When COMMIT was sent and its answer is lost, the error is
// fault.ErrUnconfirmed; after every other error nothing was written.
func InTx(ctx context.Context, pool *pgxpool.Pool, fn func(tx pgx.Tx) error) error {
	if u, ok := ctx.Value(unitKey{}).(*Unit); ok {
		return Error(u.run(ctx, fn))
	}
	return Error(again(func() error { return inTx(ctx, pool, fn) }))
}

// again tries what a serialization failure or a deadlock has undone.
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

// rollback undoes a transaction that has not ended yet. pgx does not roll back
// when a context ends, and rolling back on an ended context breaks the
// connection: it gets a short time of its own.
func rollback(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	if err := tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// Alone runs fn while no other process runs under the same key. It is for work that only must not overlap, such as
// migrations; state is never guarded by it. The lock goes with its connection, so a process that dies leaves none.
func Alone(ctx context.Context, pool *pgxpool.Pool, key int64, fn func() error) (err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("take turns: %w", Error(err))
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", key); err != nil {
		return fmt.Errorf("take turns: %w", Error(err))
	}
	defer func() {
		unlockCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, unlockErr := conn.Exec(unlockCtx, "SELECT pg_advisory_unlock($1)", key); unlockErr != nil {
			err = errors.Join(err, fmt.Errorf("let the next one go on: %w", Error(unlockErr)))
		}
	}()
	return fn()
}

// batch is how many rows one statement of a clean-up takes.
const batch = 5000

// InBatches calls fn, which deletes at most limit rows and returns how many it
// did, until there are no more: a clean-up that is interrupted has got
// somewhere, and no statement holds its locks for long.
func InBatches(ctx context.Context, fn func(ctx context.Context, limit int32) (int64, error)) error {
	for {
		n, err := fn(ctx, batch)
		if err != nil || n < batch {
			return Error(err)
		}
	}
}

// Error translates what the driver says into the sentinels of fault, keeping
// the driver's error as the cause.
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

// confirm sends a statement that commits, and marks its error when it leaves open
// whether PostgreSQL has carried the statement out.
func confirm(conn *pgx.Conn, send func() error) error {
	if conn.IsClosed() {
		return pgconn.ErrConnClosed
	}
	err := send()
	// An answer that breaks off is "conn closed" to pgx too, and safe to retry
	// (MultiResultReader.NextResult, which looks ahead); here it was open.
	if err == nil || pgconn.SafeToRetry(err) && !errors.Is(err, pgconn.ErrConnClosed) {
		return err
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		if pgErr.SeverityUnlocalized != "FATAL" && pgErr.SeverityUnlocalized != "PANIC" {
			return err // PostgreSQL, or a pooler before it, goes on and says no
		}
	} else if !isLost(err) {
		return err
	}
	return fmt.Errorf("%w: %w", fault.ErrUnconfirmed, err)
}

// isLost tells whether a connection broke, or the time was over, before the
// answer came.
func isLost(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) || pgconn.Timeout(err) || errors.Is(err, net.ErrClosed) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || // its process ended in the middle of an answer
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// isAway tells whether PostgreSQL could not be reached, went away meanwhile, or
// cannot work for reasons of its own. No request is to blame for that, and the
// same one may pass later.
func isAway(err error) bool {
	var connectErr *pgconn.ConnectError
	if errors.As(err, &connectErr) { // whatever it said: nobody may work there now
		return true
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return isStateOfAway(pgErr.Code)
	}
	return errors.Is(err, puddle.ErrClosedPool) || pgconn.SafeToRetry(err) || isLost(err)
}

// isStateOfAway tells whether an SQLSTATE speaks of PostgreSQL and its machine
// rather than of what it was asked for. Class 54 (too much of something in one
// statement) is ours, or the client's.
func isStateOfAway(code string) bool {
	switch code {
	case "25006", // read only: it is no longer the primary
		"55P03": // lock_timeout
		return true
	case "":
		return false
	}
	switch code[:min(2, len(code))] {
	case "08", // connection
		"40", // serialization failures and deadlocks, once InTx has tried often enough
		"53", // disk full, out of memory, too many connections
		"57", // shut down, starting up, cancelled
		"58", // files and the operating system
		"F0", // a broken configuration
		"XX": // failed writes that have no state of their own, damaged data
		return true
	}
	return false
}
