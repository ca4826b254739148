// Package tracing continues the trace of a caller through everything that a request
// causes: calls of the databases and of the SMS provider, and jobs. A span names what
// was called and how it ended, never with what.
package tracing

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const name = "esoz"

var propagator propagation.TraceContext

// Continue puts the trace of a traceparent into a context.
func Continue(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	return propagator.Extract(ctx, carrier)
}

// Parent is the traceparent of a context, "" without a trace.
func Parent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagator.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// Link is that to the span of a traceparent; none when there is no such span.
func Link(parent string) []trace.Link {
	from := trace.SpanContextFromContext(propagator.Extract(context.Background(), propagation.MapCarrier{"traceparent": parent}))
	if !from.IsValid() {
		return nil
	}
	return []trace.Link{{SpanContext: from}}
}

// Recording returns whether calls in a context are traced.
func Recording(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

// Call begins the span of a call to another system, when the caller has a span. end
// must be called with the call's error, whose text the span does not get.
func Call(ctx context.Context, what string, attributes ...attribute.KeyValue) (_ context.Context, end func(err error)) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, func(error) {}
	}
	ctx, span := parent.TracerProvider().Tracer(name).Start(ctx, what, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	return ctx, func(err error) {
		Status(span, err)
		span.End()
	}
}

// Called is Call for a call that has ended.
func Called(ctx context.Context, what string, ended time.Time, took time.Duration, failed bool, attributes ...attribute.KeyValue) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return
	}
	_, span := parent.TracerProvider().Tracer(name).Start(ctx, what, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attributes...), trace.WithTimestamp(ended.Add(-took)))
	if failed {
		span.SetStatus(codes.Error, "")
	}
	span.End(trace.WithTimestamp(ended))
}

// Status marks the span of something that failed. The text of the error stays out: it
// may quote data.
func Status(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, "")
	}
}

// Logger adds the id of the trace to lines whose context has one.
func Logger(l *slog.Logger) *slog.Logger { return slog.New(handler{l.Handler()}) }

type handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, line slog.Record) error {
	if of := trace.SpanContextFromContext(ctx); of.HasTraceID() {
		line.AddAttrs(slog.String("trace_id", of.TraceID().String()))
	}
	return h.Handler.Handle(ctx, line) //nolint:wrapcheck // adds nothing of its own
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
