package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"esoz/internal/platform/jobs"
	"esoz/internal/platform/postgres"
)

// noticed is how long servers may take to stop fetching jobs: River reads the state of its
// queues every two seconds, and a fetch may be under way.
const noticed = 3 * time.Second

// errNotHeld means that a document may have changed while Hold's work ran.
var errNotHeld = errors.New("a server carried out a job during the hold, so that what was copied meanwhile may not fit together: run it again")

// Hold runs work while no server changes documents, for at most jobs.MaxHold: requests are
// answered and their jobs wait. Copies of both databases that work makes fit together: no
// document has changed whose job and event are missing.
func Hold(ctx context.Context, pool *pgxpool.Pool, work func(ctx context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, jobs.MaxHold)
	defer cancel()
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: riverSchema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("prepare the hold: %w", err)
	}
	// A queue that no server has made has no jobs.
	if err := client.QueuePause(ctx, jobs.QueueName, nil); err != nil && !errors.Is(err, rivertype.ErrNotFound) {
		return fmt.Errorf("hold jobs: %w", postgres.Error(err))
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startStopTimeout)
		defer cancel()
		if resumeErr := client.QueueResume(ctx, jobs.QueueName, nil); resumeErr != nil && !errors.Is(resumeErr, rivertype.ErrNotFound) {
			err = errors.Join(err, fmt.Errorf("resume jobs (they are resumed %s after the hold began): %w", jobs.MaxHold, postgres.Error(resumeErr)))
		}
	}()
	began, err := idle(ctx, pool)
	if err != nil {
		return fmt.Errorf("wait for jobs under way: %w", err)
	}
	if err := work(ctx); err != nil {
		return err
	}
	if running, err := jobsSince(ctx, pool, began); err != nil || running > 0 {
		return errors.Join(err, errNotHeld)
	}
	return nil
}

const startStopTimeout = 10 * time.Second

// idle waits until servers have noticed the hold and no job is under way, and returns the
// time of PostgreSQL.
func idle(ctx context.Context, pool *pgxpool.Pool) (at time.Time, err error) {
	for wait := noticed; ; wait = noticed / 30 {
		select {
		case <-ctx.Done():
			return at, ctx.Err()
		case <-time.After(wait):
		}
		if err := pool.QueryRow(ctx, "SELECT now()").Scan(&at); err != nil {
			return at, postgres.Error(err)
		}
		if running, err := jobsSince(ctx, pool, at); err != nil || running == 0 {
			return at, err
		}
	}
}

// jobsSince counts jobs that are under way or were begun since.
func jobsSince(ctx context.Context, pool *pgxpool.Pool, since time.Time) (n int, err error) {
	err = pool.QueryRow(ctx, "SELECT (SELECT count(*) FROM "+riverSchema+".river_job WHERE queue = $1 AND (state = 'running' OR attempted_at >= $2)) + "+
		"(SELECT count(*) FROM jobs.jobs WHERE carried_at >= $2 OR "+
		"status = 0 AND carried_at > now() - interval '2 minutes')", // longer than a request may take
		jobs.QueueName, since).Scan(&n)
	return n, postgres.Error(err)
}
