package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.26.0"
	"go.opentelemetry.io/otel/trace"

	"esoz/internal/platform/config"
	"esoz/internal/platform/tracing"
)

// NewLogger writes JSON lines, or text when w is a terminal.
func NewLogger(w io.Writer, cfg *config.Config) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.LogLevel.Level}
	file, isFile := w.(*os.File)
	terminal := isFile && isatty.IsTerminal(file.Fd())
	if cfg.LogFormat == config.LogText || cfg.LogFormat == config.LogAuto && terminal {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}

// StartTracing sends spans to the collector that OpenTelemetry's own variables
// name (OTEL_EXPORTER_OTLP_ENDPOINT or …_TRACES_ENDPOINT); without one tracing
// is off. The returned function sends what is left.
func StartTracing(ctx context.Context) (stop func(context.Context) error, err error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare trace exporter: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceName("esoz"))),
	)
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}

// traceparent is the key of a trace in the metadata of a River job.
const traceparent = "traceparent"

// rememberTrace stores with a job which request has caused it.
func rememberTrace() rivertype.Middleware {
	return river.JobInsertMiddlewareFunc(
		func(ctx context.Context, jobs []*rivertype.JobInsertParams, insert func(context.Context) ([]*rivertype.JobInsertResult, error)) ([]*rivertype.JobInsertResult, error) {
			parent := tracing.Parent(ctx)
			if parent == "" {
				return insert(ctx)
			}
			for _, job := range jobs {
				metadata := map[string]any{}
				if err := json.Unmarshal(job.Metadata, &metadata); err != nil {
					return nil, fmt.Errorf("read the metadata of a job: %w", err)
				}
				metadata[traceparent] = parent
				var err error
				if job.Metadata, err = json.Marshal(metadata); err != nil {
					return nil, fmt.Errorf("remember the trace of a job: %w", err)
				}
			}
			return insert(ctx)
		})
}

// traced gives each try of background work a trace of its own, which is linked to the
// request that has caused it: the work may come long after the answer.
func traced(tracer trace.Tracer) rivertype.Middleware {
	return river.WorkerMiddlewareFunc(
		func(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
			var metadata struct{ Traceparent string }
			if err := json.Unmarshal(job.Metadata, &metadata); err != nil {
				return fmt.Errorf("read the metadata of River job %d: %w", job.ID, err)
			}
			ctx, span := tracer.Start(ctx, job.Kind, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer),
				trace.WithLinks(tracing.Link(metadata.Traceparent)...), trace.WithAttributes(attribute.Int("attempt", job.Attempt)))
			defer span.End()
			err := work(ctx)
			span.SetAttributes(attribute.String("result", resultOf(err)))
			tracing.Status(span, err)
			return err
		})
}
