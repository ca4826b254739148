package app

import (
	"context"
	"errors"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// metrics of background work. Labels are operation ids and words of ours, never data.
type metrics struct {
	jobs, runs, messages *prometheus.CounterVec
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
	}
	registry.MustRegister(m.jobs, m.runs, m.messages)
	return m
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
