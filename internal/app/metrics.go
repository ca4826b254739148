package app

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"esoz/internal/platform/jobs"
	"esoz/internal/platform/sms"
)

// metrics of what a server does behind its answers. Labels are operation ids and words of ours, never data.
type metrics struct {
	jobs, runs, messages *prometheus.CounterVec
	commands             *prometheus.HistogramVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		jobs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "esoz_jobs_total", Help: "Jobs of asynchronous operations by result: processed, failed (refused with a documented error), failed_with_error; and waits, for each try that found a database away.",
		}, []string{"operation", "result"}),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "esoz_background_runs_total", Help: "Tries of background work by kind (carry_out, send_sms, clean_up) and result: done, failed, snoozed or cancelled.",
		}, []string{"kind", "result"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "esoz_sms_total", Help: "Calls of the SMS provider by result: accepted, refused (tried again), unclear (no answer); and messages not sent: terminated (their code is dead) or unknown (two unclear tries).",
		}, []string{"provider", "result"}),
		commands: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "esoz_documents_command_duration_seconds", Help: "Commands of the document store by name and result: done or failed.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"command", "result"}),
	}
	registry.MustRegister(m.jobs, m.runs, m.messages, m.commands)
	return m
}

// expect begins each counter at zero: the first failure is a rise that an alert sees.
func (m *metrics) expect(operations iter.Seq[string], provider string) {
	for operation := range operations {
		for _, result := range []string{"processed", "failed", "failed_with_error", "waits"} {
			m.jobs.WithLabelValues(operation, result)
		}
	}
	for _, kind := range kinds {
		for _, result := range []string{"done", "failed", "snoozed", "cancelled"} {
			m.runs.WithLabelValues(kind, result)
		}
	}
	for _, result := range []string{"accepted", "refused", "unclear", "terminated", "unknown"} {
		m.messages.WithLabelValues(provider, result)
	}
}

// kinds of background work.
var kinds = []string{jobs.Args{}.Kind(), sms.Args{}.Kind(), cleanUpArgs{}.Kind()}

// command counts a command of the document store.
func (m *metrics) command(name string, took time.Duration, failed bool) {
	result := "done"
	if failed {
		result = "failed"
	}
	m.commands.WithLabelValues(name, result).Observe(took.Seconds())
}

// counted counts tries of background work, and logs those that fail: River logs them
// below WARN. A try that was snoozed has been logged by who snoozed it.
func (m *metrics) counted(logger *slog.Logger) rivertype.Middleware {
	return river.WorkerMiddlewareFunc(
		func(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
			err := work(ctx)
			result := resultOf(err)
			m.runs.WithLabelValues(job.Kind, result).Inc()
			if result == "failed" {
				logger.WarnContext(ctx, "background work failed", "kind", job.Kind, "river_job_id", job.ID, "attempt", job.Attempt, "error", err)
			}
			return err
		})
}

func resultOf(err error) string {
	var snoozed *river.JobSnoozeError
	var cancelled *river.JobCancelError
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &snoozed):
		return "snoozed"
	case errors.As(err, &cancelled):
		return "cancelled"
	}
	return "failed"
}
