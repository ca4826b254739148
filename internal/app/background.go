package app

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/events"
	"esoz/internal/platform/idempotency"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/redact"
	"esoz/internal/platform/sms"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/servicerequests"
)

// riverSchema is where River keeps its tables.
const riverSchema = "river"

const (
	jobTimeout = 5 * time.Second
	// After a pause of the schedule much may be due.
	expiryTimeout = time.Minute
	// River's own default would leave the job of a killed process running for an hour.
	rescueAfter = 10 * time.Second
	// How soon idle workers look for more work. With River's own 100 ms eight workers carry out 80 jobs a second at most,
	// and codes wait in the queue behind each other.
	fetchCooldown = 5 * time.Millisecond
)

// worker prepares the River client that carries out jobs, sends SMS and runs
// the clean-up schedules.
func (a *App) worker(queue *jobs.Queue, codes *otp.Service, tokens *auth.Authenticator, answers *idempotency.Store, s *server) (*river.Client[pgx.Tx], error) {
	o, m := a.opts, a.metrics
	provider := o.Provider
	if provider == nil {
		provider = sms.Log{}
	}
	m.expect(maps.Keys(queue.Handlers), provider.Name())
	pool := river.NewWorkers()
	river.AddWorker(pool, &jobs.Worker{Queue: queue})
	river.AddWorker(pool, &sms.Sender{
		Pool: a.Pool, Keys: a.Keys, Clock: o.Clock, Config: o.Config, Logger: o.Logger, Provider: provider,
		Count: func(result string) { m.messages.WithLabelValues(provider.Name(), result).Inc() },
	})
	cleaner := &cleaner{tasks: map[string]func(context.Context) error{
		"expire_verifications":        codes.Expire,
		"delete_verifications":        codes.DeleteOld,
		"delete_jobs":                 queue.DeleteOld,
		"delete_approvals":            s.DeleteUnverified,
		"expire_declaration_requests": s.ExpireDeclarationRequests,
		"delete_events":               (&events.Cleaner{Pool: a.Pool, Clock: o.Clock, Config: o.Config}).Run,
		"delete_rate_limits":          tokens.DeletePassedLimits,
		"requeue_jobs":                queue.Requeue,
		"delete_tokens":               tokens.DeleteExpired,
		"delete_answers":              answers.DeleteExpired,
		"close_declarations":          s.Close,
		"clean_persons":               s.Clean,
	}, timeouts: map[string]time.Duration{}}
	for _, expiry := range s.schedules() {
		cleaner.tasks[expiry.ID] = expiry.Run
		cleaner.timeouts[expiry.ID] = expiryTimeout
	}
	a.tasks = cleaner.tasks
	river.AddWorker(pool, cleaner)

	client, err := river.NewClient(riverpgxv5.New(a.Pool), &river.Config{
		Schema: riverSchema, Logger: slog.New(untilEnd{o.Logger.Handler(), &a.ending}), Workers: pool, PollOnly: !o.Config.Get().DatabaseListen,
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: workers(a.Pool.Config().MaxConns)},
			jobs.QueueName:     {MaxWorkers: workers(a.Pool.Config().MaxConns)},
		},
		JobTimeout:           jobTimeout,
		FetchCooldown:        fetchCooldown,
		RescueStuckJobsAfter: rescueAfter,
		PeriodicJobs:         schedules(o.Config.Get()),
		Middleware:           append([]rivertype.Middleware{traced(a.tracer()), m.counted(o.Logger)}, append(fence(o.Fence), redacted())...),
	})
	if err != nil {
		return nil, fmt.Errorf("prepare background work: %w", err)
	}
	return client, nil
}

// workers of a queue use half of the connections at most. Those of both queues hold
// none while they wait for the SMS provider or for the document store.
func workers(connections int32) int { return min(20, max(1, int(connections)/2)) }

func fence(around func(work func() error) error) []rivertype.Middleware {
	if around == nil {
		return nil
	}
	return []rivertype.Middleware{river.WorkerMiddlewareFunc(
		func(ctx context.Context, _ *rivertype.JobRow, work func(context.Context) error) error {
			return around(func() error { return work(ctx) })
		})}
}

// redacted keeps values out of what River logs of a failed job and stores with
// it: they stay in the causes of the error, which nobody writes down.
func redacted() rivertype.Middleware {
	return river.WorkerMiddlewareFunc(
		func(ctx context.Context, _ *rivertype.JobRow, work func(context.Context) error) (err error) {
			defer func() {
				if v := recover(); v != nil {
					err = fmt.Errorf("panic: %s\n%s", redact.Panic(v), debug.Stack())
				}
			}()
			return redact.Wrap(work(ctx))
		})
}

func schedules(cfg *config.Config) []*river.PeriodicJob {
	hourly, everyMinute := mustSchedule("7 * * * *"), mustSchedule("* * * * *")
	var all []*river.PeriodicJob
	for task, schedule := range map[string]config.Schedule{
		"expire_verifications":        cfg.DeactivatorSchedule,
		"delete_verifications":        cfg.TerminatorSchedule,
		"delete_jobs":                 cfg.JobsCleanupSchedule,
		"delete_approvals":            cfg.ApprovalsCleanupSchedule,
		"expire_declaration_requests": cfg.DeclarationRequestSchedule,
		"delete_events":               cfg.EventsCleanupSchedule,
		"delete_rate_limits":          hourly,
		"requeue_jobs":                everyMinute,
		"delete_tokens":               hourly,
		"delete_answers":              hourly,
		"close_declarations":          cfg.DeclarationsSchedule,
		"clean_persons":               cfg.PersonRequestsSchedule,
		devicedispenses.Expire.ID:     cfg.DeviceDispenseSchedule,
		servicerequests.Expire.ID:     cfg.ServiceRequestSchedule,
	} {
		all = append(all, river.NewPeriodicJob(schedule, func() (river.JobArgs, *river.InsertOpts) {
			return cleanUpArgs{Task: task}, &river.InsertOpts{MaxAttempts: 1}
		}, &river.PeriodicJobOpts{ID: task}))
	}
	return all
}

func mustSchedule(cron string) (s config.Schedule) {
	if err := s.UnmarshalText([]byte(cron)); err != nil {
		panic(err) // a constant
	}
	return s
}

// untilEnd drops River's errors about queries that Stop has cancelled.
type untilEnd struct {
	slog.Handler
	ending *atomic.Bool
}

// Handle implements slog.Handler.
func (h untilEnd) Handle(ctx context.Context, r slog.Record) error {
	if h.ending.Load() && cutShort(r) {
		return nil
	}
	return h.Handler.Handle(ctx, r) //nolint:wrapcheck // of the handler in place of which it stands
}

func cutShort(r slog.Record) (is bool) {
	r.Attrs(func(a slog.Attr) bool {
		is = a.Key == "error" && strings.HasSuffix(a.Value.String(), context.Canceled.Error())
		return !is
	})
	return is
}

// WithAttrs implements slog.Handler.
func (h untilEnd) WithAttrs(attrs []slog.Attr) slog.Handler {
	return untilEnd{h.Handler.WithAttrs(attrs), h.ending}
}

// WithGroup implements slog.Handler.
func (h untilEnd) WithGroup(name string) slog.Handler {
	return untilEnd{h.Handler.WithGroup(name), h.ending}
}

// refreshEvery is how soon a process notices that another one has changed a
// dictionary or imported addresses.
const refreshEvery = 5 * time.Second

// refreshCaches keeps the in-memory data of this process fresh until ctx ends.
func (a *App) refreshCaches(ctx context.Context) {
	ticker := time.NewTicker(refreshEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := a.Refresh(ctx); err != nil && ctx.Err() == nil {
				a.opts.Logger.WarnContext(ctx, "dictionaries, addresses and services stay as they are", "error", err)
			}
		}
	}
}

// cleanUpArgs names a scheduled task.
type cleanUpArgs struct {
	Task string `json:"task"`
}

// Kind implements river.JobArgs.
func (cleanUpArgs) Kind() string { return "clean_up" }

// cleaner runs the scheduled tasks.
type cleaner struct {
	river.WorkerDefaults[cleanUpArgs]
	tasks    map[string]func(context.Context) error
	timeouts map[string]time.Duration // of those that need more than jobTimeout
}

// Timeout implements river.Worker.
func (c *cleaner) Timeout(job *river.Job[cleanUpArgs]) time.Duration {
	return c.timeouts[job.Args.Task]
}

// Work runs one task; a failed one waits for its next turn.
func (c *cleaner) Work(ctx context.Context, job *river.Job[cleanUpArgs]) error {
	if c.tasks[job.Args.Task] == nil {
		return river.JobCancel(fmt.Errorf("no scheduled task %q", job.Args.Task))
	}
	return run(ctx, c.tasks, job.Args.Task)
}

func run(ctx context.Context, tasks map[string]func(context.Context) error, task string) error {
	if err := tasks[task](ctx); err != nil {
		return fmt.Errorf("scheduled task %s: %w", task, err)
	}
	return nil
}

// RunTask runs a scheduled task now, for tests.
func (a *App) RunTask(ctx context.Context, task string) error { return run(ctx, a.tasks, task) }
