// Package app puts the resources, the engines and the HTTP server together. It
// is the only package that knows them all.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/httpapi"
	"esoz/internal/platform/idempotency"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/media"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/redact"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/sms"
	"esoz/internal/platform/tracing"
	"esoz/internal/platform/validation"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/catalogues"
	"esoz/internal/resource/declarationrequests"
	"esoz/internal/resource/declarations"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/diagnosesgroups"
	"esoz/internal/resource/dictionaries"
	"esoz/internal/resource/divisions"
	"esoz/internal/resource/employees"
	"esoz/internal/resource/encounterpackages"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/events"
	"esoz/internal/resource/forbiddengroups"
	"esoz/internal/resource/healthcareservices"
	jobreads "esoz/internal/resource/jobs"
	"esoz/internal/resource/legalentities"
	"esoz/internal/resource/medicalrecords"
	"esoz/internal/resource/oauth"
	"esoz/internal/resource/oauth/signin"
	"esoz/internal/resource/personrequests"
	"esoz/internal/resource/persons"
	"esoz/internal/resource/references"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/resource/uaddresses"
	"esoz/internal/resource/verifications"
	"esoz/openapi"
)

// Options say how a server differs from the plain one.
type Options struct {
	Config   *config.Live
	Clock    *clock.Clock
	Logger   *slog.Logger          // told nothing that stood in a row, whatever fails
	Registry prometheus.Registerer // nil: metrics are kept and shown nowhere
	Tracer   trace.Tracer          // nil: that of OpenTelemetry's global provider
	Provider sms.Provider          // nil: sms.Log
	// ShowRules adds X-Sandbox-Rule to refusals.
	ShowRules bool
	// NotServed, when set, answers for operations that are documented and not served.
	NotServed func(method, path string) (refusal *fault.Error, hint string)
	// Observe, when set, is told of every answered request.
	Observe httpapi.Observer
	// JobRefused, when set, is told of every job that a refusal ends.
	JobRefused func(requestID string, refusal *fault.Error)
	// AfterHandler is jobs.Queue's test hook.
	AfterHandler func(jobID string)
	// Commands, when set, gets each command to the document store: a test looks at the plans.
	Commands func(command bson.Raw)
	// Fence, when set, runs each background job, so that the sandbox can hold
	// them up while it makes its world new.
	Fence func(work func() error) error
	// Memory, when set, is that of a server on tables of which this one's are a copy.
	Memory Memory
	// Jobs, Requests and Codes, when set, are dials of the sandbox.
	Jobs     jobs.Dial
	Requests httpapi.Dial
	Codes    func(phone string) int
}

// App is a server with its engines' connections.
type App struct {
	Pool    *pgxpool.Pool
	Replica *pgxpool.Pool // nil: none
	Mongo   *mongo.Database
	Keys    *seal.Keys
	Jobs    *jobs.Queue
	API     http.Handler // the operations of the contract
	Handler http.Handler // the API, the sign-in page and the scans

	Dictionaries *dictionaries.Cache
	Addresses    *uaddresses.Cache
	Services     *catalogues.Services

	opts     Options
	metrics  *metrics
	river    *river.Client[pgx.Tx]
	tasks    map[string]func(context.Context) error // what is done by schedule
	stop     context.CancelFunc
	stopping atomic.Bool // the process was asked to end
	ending   atomic.Bool // background work is being stopped

	overtaken atomic.Bool // the tables are newer than this program
}

// New opens the engines' connections and builds the server. The databases must
// have been migrated.
func New(ctx context.Context, opts Options) (_ *App, err error) {
	cfg := opts.Config.Get()
	opts.Logger = tracing.Logger(redact.Logger(opts.Logger))
	if opts.Registry == nil {
		opts.Registry = prometheus.NewRegistry()
	}
	a := &App{opts: opts, metrics: newMetrics(opts.Registry)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close(context.WithoutCancel(ctx)))
		}
	}()
	if a.Keys, err = NewKeys(cfg); err != nil {
		return nil, err
	}
	if a.Pool, err = postgres.Open(ctx, string(cfg.DatabaseURL), poolSize(cfg)); err != nil {
		return nil, err
	}
	if cfg.ReplicaURL != "" {
		if a.Replica, err = postgres.Open(ctx, string(cfg.ReplicaURL), poolSize(cfg)); err != nil {
			return nil, fmt.Errorf("DATABASE_REPLICA_URL: %w", err)
		}
	}
	if err = checkTables(ctx, a.Pool); err != nil {
		return nil, err
	}
	if a.Mongo, err = mongodb.Open(string(cfg.MongoURL), cfg.MongoDatabase, cfg.EngineTimeout, mongodb.Monitor(a.metrics.command, opts.Commands)); err != nil {
		return nil, err
	}
	if err = CheckKeys(ctx, a.Pool, a.Mongo, a.Keys, opts.Clock.Now()); err != nil {
		return nil, err
	}
	a.Dictionaries = dictionaries.NewCache(a.Pool)
	a.Addresses = uaddresses.NewCache(a.Pool)
	a.Services = catalogues.NewServices(a.Pool)
	if opts.Memory != nil {
		opts.Memory(a)
	}
	if err = a.Refresh(ctx); err != nil {
		return nil, err
	}
	opts.Registry.MustRegister(collector{a})
	return a, a.build()
}

// Refresh loads what is served from memory and has changed.
func (a *App) Refresh(ctx context.Context) error {
	return errors.Join(a.Dictionaries.Refresh(ctx), a.Addresses.Refresh(ctx), a.Services.Refresh(ctx))
}

// Memory gives a server what another one has read from its tables.
type Memory func(to *App)

// Memory is what is served from memory, as it is now.
func (a *App) Memory() Memory {
	dictionaries, addresses, services := a.Dictionaries.Held(), a.Addresses.Held(), a.Services.Held()
	return func(to *App) {
		to.Dictionaries.Hold(dictionaries)
		to.Addresses.Hold(addresses)
		to.Services.Hold(services)
	}
}

// Start begins to carry out background work.
func (a *App) Start(ctx context.Context) error {
	ctx, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := a.river.Start(ctx); err != nil {
		return fmt.Errorf("start background work: %w", err)
	}
	go a.refreshCaches(ctx)
	return nil
}

// Stop ends background work; what is under way may finish until ctx ends.
func (a *App) Stop(ctx context.Context) error {
	a.ending.Store(true)
	if a.stop != nil {
		defer a.stop()
	}
	if err := a.river.Stop(ctx); err != nil {
		return fmt.Errorf("stop background work: %w", err)
	}
	return nil
}

// Close ends the engines' connections.
func (a *App) Close(ctx context.Context) error {
	if a.Pool != nil {
		a.Pool.Close()
	}
	if a.Replica != nil {
		a.Replica.Close()
	}
	if a.Mongo != nil {
		return mongodb.Close(ctx, a.Mongo)
	}
	return nil
}

// Ready returns why the server cannot work: an engine does not answer, or its
// tables are too old. Newer ones, which the next version has made ahead of its own
// start, are only reported.
func (a *App) Ready(ctx context.Context) error {
	tables := checkTables(ctx, a.Pool)
	if errors.Is(tables, ErrNewTables) {
		if !a.overtaken.Swap(true) {
			a.opts.Logger.WarnContext(ctx, "this server runs on tables of a newer version and cannot be started again", "error", tables)
		}
		tables = nil
	}
	if err := a.Mongo.Client().Ping(ctx, nil); err != nil {
		return errors.Join(tables, fmt.Errorf("MongoDB does not answer: %w", err))
	}
	return tables
}

func (a *App) build() error {
	o := a.opts
	inserter, err := river.NewClient(riverpgxv5.New(a.Pool), &river.Config{
		Schema: riverSchema, Logger: o.Logger,
		FetchCooldown: time.Millisecond, // minimum: River does not notify workers of jobs inserted within this interval of the last
		Middleware:    []rivertype.Middleware{rememberTrace()},
	})
	if err != nil {
		return fmt.Errorf("prepare background work: %w", err)
	}
	queue := &jobs.Queue{
		Pool: a.Pool, River: inserter, Keys: a.Keys, Clock: o.Clock, Config: o.Config, Logger: o.Logger,
		AfterHandler: o.AfterHandler, Dial: o.Jobs, Refused: o.JobRefused,
		Count: func(operation, result string) { a.metrics.jobs.WithLabelValues(operation, result).Inc() },
	}
	a.Jobs = queue
	codes := &otp.Service{
		Pool: a.Pool, Keys: a.Keys, Clock: o.Clock, Config: o.Config, Fixed: o.Codes,
		Outbox: &sms.Outbox{River: inserter, Keys: a.Keys, Clock: o.Clock},
	}
	authenticator := &auth.Authenticator{Pool: a.Pool, Clock: o.Clock, Config: o.Config}
	answers := &idempotency.Store{Pool: a.Pool, Keys: a.Keys, Clock: o.Clock, Config: o.Config}
	people := &persons.Store{Pool: a.Pool, Documents: a.Mongo, Keys: a.Keys, Clock: o.Clock}

	files := &media.Store{Pool: a.Pool, Keys: a.Keys, Clock: o.Clock, Config: o.Config, Logger: o.Logger}

	engine := &operation.Engine{
		Documents: a.Mongo, Queue: queue, Keys: a.Keys, Clock: o.Clock, Config: o.Config, People: people,
		Referents: references.Store{Pool: a.Pool, Documents: a.Mongo},
	}
	doc, err := Document()
	if err != nil {
		return err
	}
	engine.Contents = &validation.Contents{Schemas: doc.Components.Schemas, Formats: validation.NewFormats(validation.DictionaryNames(doc), a.Dictionaries)}

	lists := &postgres.Lists{Primary: a.Pool, Replica: a.Replica}
	signed := declarations.Store{Pool: a.Pool, Lists: lists, Clock: o.Clock}
	groups := diagnosesgroups.Store{Pool: a.Pool, Lists: lists}
	s := &server{
		approvalsAPI:  &approvals.API{Engine: engine, Codes: codes, People: people},
		cataloguesAPI: &catalogues.API{Engine: engine, Store: catalogues.Store{Pool: a.Pool, Lists: lists}, Services: a.Services},
		declarationsAPI: &declarationrequests.API{
			Engine: engine, Store: declarationrequests.Store{Pool: a.Pool, Lists: lists}, Codes: codes, Media: files,
		},
		personsAPI: &persons.API{Engine: engine, People: people},
		deviceDispensesAPI: &devicedispenses.API{
			Engine: engine, Programs: devicerequests.Programs{Pool: a.Pool}, People: people, Dictionaries: a.Dictionaries, Media: files,
		},
		deviceRequestsAPI: &devicerequests.API{
			Engine: engine, Pool: a.Pool, People: people, Outbox: codes.Outbox, Dictionaries: a.Dictionaries, Media: files,
		},
		diagnosesGroupsAPI: &diagnosesgroups.API{Engine: engine, Store: groups},
		forbiddenGroupsAPI: &forbiddengroups.API{Engine: engine, Store: forbiddengroups.Store{Pool: a.Pool, Lists: lists}},
		dictionariesAPI:    &dictionaries.API{Engine: engine, Cache: a.Dictionaries},
		divisionsAPI:       &divisions.API{Engine: engine, Store: divisions.Store{Pool: a.Pool, Lists: lists}, Addresses: addresses{a.Addresses}},
		healthcareAPI:      &healthcareservices.API{Engine: engine, Store: healthcareservices.Store{Pool: a.Pool, Lists: lists}},
		legalEntitiesAPI:   &legalentities.API{Engine: engine, Store: legalentities.Store{Pool: a.Pool, Lists: lists}},
		medicalRecordsAPI:  &medicalrecords.API{Engine: engine, Groups: medicalrecords.ServiceGroups{Pool: a.Pool}},
		employeesAPI:       &employees.API{Engine: engine, Store: employees.Store{Pool: a.Pool, Lists: lists, Declarations: signed}},
		packagesAPI:        &encounterpackages.API{Engine: engine, Dictionaries: a.Dictionaries, People: people, Media: files},
		episodesAPI:        &episodes.API{Engine: engine, Dictionaries: a.Dictionaries, Employees: people, Groups: groups},
		eventsAPI:          &events.API{Engine: engine, Store: events.Store{Lists: lists}},
		jobsAPI:            &jobreads.API{Engine: engine},
		oauthAPI:           &oauth.API{Engine: engine, Pool: a.Pool},
		personRequestsAPI: &personrequests.API{
			Engine: engine, Store: personrequests.Store{Pool: a.Pool}, Addresses: addresses{a.Addresses}, Codes: codes, Media: files,
			People: people,
		},
		serviceRequestsAPI: &servicerequests.API{
			Engine: engine, Pool: a.Pool, People: people, Dictionaries: a.Dictionaries, Media: files, Outbox: codes.Outbox,
			Records: medicalrecords.Referrals{Documents: a.Mongo},
		},
		signedAPI:        &declarations.API{Engine: engine, Store: signed},
		uaddressesAPI:    &uaddresses.API{Engine: engine, Cache: a.Addresses},
		verificationsAPI: &verifications.API{Engine: engine, Codes: codes},
	}
	hooks, err := register(doc, s.operations())
	if err != nil {
		return err
	}
	queue.Handlers = hooks.handlers
	for _, expiry := range s.schedules() {
		queue.Handlers[expiry.ID] = expiry.Handler
	}
	if a.river, err = a.worker(queue, codes, authenticator, answers, s); err != nil {
		return err
	}

	front := &httpapi.Server{
		Document: doc, Auth: authenticator, Answers: answers, Config: o.Config, Clock: o.Clock, Logger: o.Logger,
		Formats: engine.Contents.Formats,
		Guards:  hooks.guards, Bodies: hooks.bodies,
		Metrics: httpapi.NewMetrics(o.Registry), Tracer: a.tracer(), ShowRules: o.ShowRules, NotServed: o.NotServed, Observe: o.Observe, Dial: o.Requests,
	}
	if a.API, err = front.Handler(s); err != nil {
		return err
	}
	page := &signin.Page{API: a.API, Pool: a.Pool, Config: o.Config, Logger: o.Logger}
	a.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case signin.IsFor(r):
			page.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, media.Prefix):
			files.ServeHTTP(w, r)
		default:
			a.API.ServeHTTP(w, r)
		}
	})
	return nil
}

// Document is what the contract says of requests. It is read once, and nobody changes it.
var Document = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Requests)
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	return doc, nil
})

func (a *App) tracer() trace.Tracer {
	if a.opts.Tracer != nil {
		return a.opts.Tracer
	}
	return otel.Tracer("esoz")
}

// NewKeys reads the keys of a configuration.
func NewKeys(cfg *config.Config) (*seal.Keys, error) {
	server, err := cfg.ServerKey.Keys()
	if err != nil {
		return nil, fmt.Errorf("SERVER_KEY: %w", err)
	}
	patient, err := cfg.PersonPKKey.Keys()
	if err != nil {
		return nil, fmt.Errorf("PERSON_PK_KEYPHRASE: %w", err)
	}
	return seal.New(server, patient)
}

// poolSize is bounded by the cores: past a few connections per core PostgreSQL
// only queues.
func poolSize(cfg *config.Config) int32 {
	if cfg.DatabaseMaxConns > 0 {
		return cfg.DatabaseMaxConns
	}
	return int32(8 * runtime.GOMAXPROCS(0)) //nolint:gosec // a number of cores
}
