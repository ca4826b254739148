package mongodb

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.opentelemetry.io/otel/attribute"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/tracing"
)

// Monitor traces commands and reports each to ended. When sent is set, it gets each
// command before the store does; the driver makes a copy for it.
func Monitor(ended func(command string, took time.Duration, failed bool), sent func(command bson.Raw)) *event.CommandMonitor {
	machine := clock.New()
	end := func(ctx context.Context, e event.CommandFinishedEvent, failed bool) {
		ended(e.CommandName, e.Duration, failed)
		tracing.Called(ctx, "document store "+e.CommandName, machine.Now(), e.Duration, failed, attribute.String("db.system", "mongodb"))
	}
	monitor := &event.CommandMonitor{
		Succeeded: func(ctx context.Context, e *event.CommandSucceededEvent) { end(ctx, e.CommandFinishedEvent, false) },
		Failed:    func(ctx context.Context, e *event.CommandFailedEvent) { end(ctx, e.CommandFinishedEvent, true) },
	}
	if sent != nil {
		monitor.Started = func(_ context.Context, e *event.CommandStartedEvent) { sent(e.Command) }
	}
	return monitor
}
