package postgres

import (
	"context"
	"regexp"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"

	"esoz/internal/platform/tracing"
)

// spans traces statements. A span has the name that sqlc gives the statement, or its
// first word, and never its text or arguments.
type spans struct{}

type endOfSpan struct{}

var (
	named = regexp.MustCompile(`^-- name: (\w+) `)
	verb  = regexp.MustCompile(`^\s*(\w+)`)
)

// TraceQueryStart implements pgx.QueryTracer.
func (spans) TraceQueryStart(ctx context.Context, _ *pgx.Conn, query pgx.TraceQueryStartData) context.Context {
	if !tracing.Recording(ctx) {
		return ctx
	}
	what := "statement"
	for _, form := range []*regexp.Regexp{named, verb} {
		if found := form.FindStringSubmatch(query.SQL); found != nil {
			what = found[1]
			break
		}
	}
	ctx, end := tracing.Call(ctx, "PostgreSQL "+what, attribute.String("db.system", "postgresql"))
	return context.WithValue(ctx, endOfSpan{}, end)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (spans) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, query pgx.TraceQueryEndData) {
	if end, ok := ctx.Value(endOfSpan{}).(func(error)); ok {
		end(query.Err)
	}
}
