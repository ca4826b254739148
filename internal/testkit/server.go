package testkit

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/world"
)

// Server is a running server with a freshly seeded world. It is stopped and
// its databases are dropped when the test ends.
type Server struct {
	*app.App
	URL    string
	World  *world.World
	Clock  *clock.Clock
	Config *config.Live
	// Metrics is what ADMIN_ADDR would show.
	Metrics *prometheus.Registry
}

// Option changes how a Server is built.
type Option func(*options)

type options struct {
	vars     map[string]string
	provider sms.Provider
	hook     func(jobID string)
	commands func(command bson.Raw)
	idle     bool
	still    bool
	logger   *slog.Logger
	spans    sdktrace.SpanExporter
}

// With sets a variable of the configuration.
func With(name, value string) Option { return func(o *options) { o.vars[name] = value } }

// WithProvider delivers SMS through p.
func WithProvider(p sms.Provider) Option { return func(o *options) { o.provider = p } }

// WithHook runs hook between a job's handler and the transaction that ends the job.
func WithHook(hook func(jobID string)) Option { return func(o *options) { o.hook = hook } }

// WithCommands calls see with each command that the server sends to the document store.
func WithCommands(see func(command bson.Raw)) Option { return func(o *options) { o.commands = see } }

// WithLogger sends the server's log lines to l too.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.logger = l } }

// WithSpans sends the server's spans to e too.
func WithSpans(e sdktrace.SpanExporter) Option { return func(o *options) { o.spans = e } }

// Idle leaves background work off: jobs stay pending, SMS stay queued, until
// the test calls Start.
func Idle() Option { return func(o *options) { o.idle = true } }

// Still stops the server's clock until the test moves it: a test that looks at the second before a limit must not miss
// it on a busy machine.
func Still() Option { return func(o *options) { o.still = true } }

// New starts a server. The test fails when its log, its metrics or its spans
// tell something confidential: see Canary.
func New(t testing.TB, opts ...Option) *Server {
	t.Helper()
	engines, err := start()
	require.NoError(t, err)
	o := options{vars: map[string]string{}}
	for _, opt := range opts {
		opt(&o)
	}

	ctx := context.Background()
	name := fmt.Sprintf("%s_%d", engines.prefix, engines.count.Add(1))
	require.NoError(t, engines.create(ctx, name, engines.template()))

	uri, database, endDocuments, err := engines.documents(ctx, name)
	require.NoError(t, err)

	environ := []string{
		"DATABASE_URL=" + engines.dsn(name), "MONGO_URL=" + uri, "MONGO_DATABASE=" + database,
		"SERVER_KEY=" + serverKey, "PERSON_PK_KEYPHRASE=" + patientKey,
		"GATEWAY_API_KEY=when_sent", "DATABASE_MAX_CONNS=8",
		"OTP_PHONE_LIMIT=0", "OTP_RESOURCE_LIMIT=0", "OTP_LEGAL_ENTITY_DAILY_LIMIT=0", "DR_MAX_ATTEMPTS_COUNT=0",
		"SIGNATURE=auto", "SIGNATURE_TRUST=false",
	}
	for variable, value := range o.vars {
		environ = append(environ, variable+"="+value)
	}
	cfg, err := config.Load(environ)
	require.NoError(t, err)
	require.NoError(t, authority.TrustIn(cfg))

	s := &Server{World: World(), Clock: clock.New(), Config: config.NewLive(cfg), Metrics: prometheus.NewRegistry()}
	if o.still {
		s.Clock = clock.Stopped(s.Clock.Now())
	}
	heard := &watch{fail: t.Errorf}
	logger, tracer := o.listeners(t, heard)
	var memory app.Memory
	if known := engines.memory.Load(); known != nil {
		memory = *known
	}
	s.App, err = app.New(ctx, app.Options{
		Config: s.Config, Clock: s.Clock, Memory: memory, Logger: logger, Registry: s.Metrics, Tracer: tracer,
		Provider: o.provider, ShowRules: true, AfterHandler: o.hook, Commands: o.commands,
	})
	require.NoError(t, err)
	if memory == nil {
		memory = s.Memory()
		engines.memory.Store(&memory)
	}
	if engines.stores == nil {
		require.NoError(t, app.IndexDocuments(ctx, s.Mongo))
		require.NoError(t, s.World.SeedDocuments(ctx, s.Mongo))
	}
	if !o.idle {
		require.NoError(t, s.Start(ctx))
	}
	front := httptest.NewUnstartedServer(s.Handler)
	front.Config.ErrorLog = slog.NewLogLogger(logger.Handler(), slog.LevelDebug)
	front.Config.WriteTimeout = time.Minute // of each request: without it the deadline of one would stay for the next
	front.Start()
	s.URL = front.URL

	t.Cleanup(func() {
		front.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if !o.idle {
			require.NoError(t, s.Stop(ctx))
		}
		heard.metrics(s.App, s.Metrics)
		if engines.stores == nil {
			require.NoError(t, s.Mongo.Drop(ctx))
		}
		require.NoError(t, s.Close(ctx))
		require.NoError(t, endDocuments(ctx))
		require.NoError(t, engines.drop(ctx, name))
		heard.end()
	})
	return s
}

// listeners are where the server's lines and spans go. A benchmark has none: it
// measures the server, not who listens to it.
func (o *options) listeners(t testing.TB, heard *watch) (*slog.Logger, trace.Tracer) {
	if _, measured := t.(*testing.B); measured {
		return slog.New(slog.DiscardHandler), nil
	}
	handler := heard.handler()
	if o.logger != nil {
		handler = slog.NewMultiHandler(handler, o.logger.Handler())
	}
	return slog.New(handler), heard.tracer(o.spans)
}

// Set changes the configuration of the running server, as /_sandbox/config does.
func (s *Server) Set(t testing.TB, vars map[string]string) {
	t.Helper()
	cfg, err := s.Config.Get().With(vars)
	require.NoError(t, err)
	s.Config.Set(cfg)
}

// EmptyDatabase makes a database without tables, which is dropped when the test
// ends, and returns its connection string and its name.
func EmptyDatabase(t testing.TB) (dsn, name string) {
	t.Helper()
	engines, err := start()
	require.NoError(t, err)
	name = fmt.Sprintf("%s_%d", engines.prefix, engines.count.Add(1))
	require.NoError(t, engines.create(context.Background(), name, "template1"))
	t.Cleanup(func() { require.NoError(t, engines.drop(context.Background(), name)) })
	return engines.dsn(name), name
}
