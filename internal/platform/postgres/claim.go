package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Claim is a name that one process holds and no other can have. It lives as
// long as its connection, which is none of the pool's: a process that dies
// leaves no claim.
type Claim struct{ conn *pgx.Conn }

// ErrClaimed: another process holds the name.
var ErrClaimed = errors.New("another process holds it")

const lockNotAvailable = "55P03"

// Take claims a name, waiting for as long as patience for another process to
// give it free. The holder is a name that only this process has (63 characters
// at most): a claim whose connection broke may live on at the other end, and is
// ended by it.
func Take(ctx context.Context, pool *pgxpool.Pool, name, holder string, patience time.Duration) (*Claim, error) {
	cfg := pool.Config().ConnConfig
	cfg.RuntimeParams["application_name"] = holder
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("claim %s: %w", name, Error(err))
	}
	c := &Claim{conn}
	if err := c.take(ctx, name, holder, patience); err != nil {
		c.Close(ctx)
		return nil, fmt.Errorf("claim %s: %w", name, err)
	}
	return c, nil
}

func (c *Claim) take(ctx context.Context, name, holder string, patience time.Duration) error {
	_, err := c.conn.Exec(ctx,
		"SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()", holder)
	if err != nil {
		return Error(err)
	}
	wait := strconv.FormatInt(max(patience.Milliseconds(), 1), 10) // 0 would be for ever
	if _, err := c.conn.Exec(ctx, "SELECT set_config('lock_timeout', $1, false)", wait); err != nil {
		return Error(err)
	}
	_, err = c.conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", name)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == lockNotAvailable {
		return ErrClaimed
	}
	return Error(err)
}

// Wait returns when the claim is lost with its connection, or ctx ends.
func (c *Claim) Wait(ctx context.Context) {
	for !c.conn.IsClosed() {
		if _, err := c.conn.WaitForNotification(ctx); err != nil { // nobody notifies
			return
		}
	}
}

// Close gives the name free.
func (c *Claim) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = c.conn.Close(ctx) // what cannot be told goodbye is gone all the same
}
