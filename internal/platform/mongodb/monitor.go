package mongodb

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.opentelemetry.io/otel/attribute"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/tracing"
)

// Monitor traces commands and reports each to ended, which may be nil. It needs no
// event of a command's start, for which the driver would copy the command.
func Monitor(ended func(command string, took time.Duration, failed bool)) *event.CommandMonitor {
	machine := clock.New()
	end := func(ctx context.Context, e event.CommandFinishedEvent, failed bool) {
		if ended != nil {
			ended(e.CommandName, e.Duration, failed)
		}
		tracing.Called(ctx, "document store "+e.CommandName, machine.Now(), e.Duration, failed, attribute.String("db.system", "mongodb"))
	}
	return &event.CommandMonitor{
		Succeeded: func(ctx context.Context, e *event.CommandSucceededEvent) { end(ctx, e.CommandFinishedEvent, false) },
		Failed:    func(ctx context.Context, e *event.CommandFailedEvent) { end(ctx, e.CommandFinishedEvent, true) },
	}
}
