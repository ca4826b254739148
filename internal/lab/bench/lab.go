package bench

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/engines"
	"esoz/internal/sandbox/world"
)

// lab is where the benchmarks run: the engines, the programs under test and the
// databases that each of them gets a copy of.
type lab struct {
	Options
	plan   Plan
	root   string // of the repository
	clock  *clock.Clock
	world  *world.World
	keys   *seal.Keys
	secret []string // settings with the keys

	engines   *process
	addresses addresses
	admin     *pgxpool.Pool
	stores    []string   // databases of documents that were opened
	children  []*process // of the benchmark that runs
}

// addresses of the engines, as the process that runs them writes them down.
type addresses struct {
	Postgres string `json:"postgres"` // of the database "postgres"
	Mongo    string `json:"mongo"`
}

const (
	original  = "original_of_benchmarks" // a migrated and seeded database
	documents = "esoz_benchmarks"        // the document database of every server
	patience  = time.Minute
)

func newLab(ctx context.Context, o Options) (_ *lab, err error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("only Linux tells in /proc what a process costs")
	}
	l := &lab{Options: o, plan: o.Plan, clock: clock.New()}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.root, err = repository(ctx); err != nil {
		return nil, err
	}
	if l.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("resolve %s: %w", o.Dir, err)
	}
	if err := errors.Join(os.RemoveAll(l.Dir), os.MkdirAll(filepath.Join(l.Dir, "logs"), 0o755)); err != nil {
		return nil, fmt.Errorf("empty the folder of the run: %w", err)
	}
	fmt.Fprintln(o.Progress, "Starting the engines …")
	if err := l.startEngines(ctx); err != nil {
		return nil, err
	}
	fmt.Fprintln(o.Progress, "Making the world …")
	return l, l.makeTemplate(ctx)
}

func repository(ctx context.Context) (string, error) {
	output, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "esoz").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository (run this inside of it): %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}

func (l *lab) program(name string) string { return filepath.Join(l.Dir, "bin", name) }

// build makes the programs under test, as make build does.
func (l *lab) build(ctx context.Context) error {
	fmt.Fprintln(l.Progress, "Building …")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", l.program("")+string(filepath.Separator), "./cmd/esoz", "./cmd/esoz-sandbox")
	cmd.Dir = l.root
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, output)
	}
	return nil
}

// Engines runs the databases until ctx ends, durable as in production, and
// writes their addresses to a file. A process of its own does it, so that what
// they cost can be told from what the load costs.
func Engines(ctx context.Context, dir, file string, postgresOnly bool) (err error) {
	e, err := engines.Start(ctx, engines.Options{Dir: dir, PostgresOnly: postgresOnly})
	if err != nil {
		return fmt.Errorf("start the engines: %w", err)
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience/2)
		defer cancel()
		err = errors.Join(err, e.Stop(stopping))
	}()
	text, err := json.Marshal(addresses{Postgres: e.PostgresDSN, Mongo: e.MongoURI})
	if err != nil {
		return fmt.Errorf("encode addresses: %w", err)
	}
	if err := errors.Join(os.WriteFile(file+".new", text, 0o600), os.Rename(file+".new", file)); err != nil {
		return fmt.Errorf("tell the addresses: %w", err)
	}
	<-ctx.Done()
	return nil
}

func (l *lab) startEngines(ctx context.Context) (err error) {
	file := filepath.Join(l.Dir, "engines.json")
	args := []string{"engines", "--data", filepath.Join(l.Dir, "data"), "--addresses", file}
	if l.MongoURI != "" {
		args = append(args, "--postgres-only")
	}
	cmd := exec.Command(l.Self, args...) //nolint:noctx // launch ends it
	if l.engines, err = launch("engines", l.logOf("engines"), cmd); err != nil {
		return err
	}
	if err := l.engines.await(ctx, patience, exists(file)); err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the addresses of the engines: %w", err)
	}
	if err := json.Unmarshal(text, &l.addresses); err != nil {
		return fmt.Errorf("read the addresses of the engines: %w", err)
	}
	l.addresses.Mongo = cmp.Or(l.MongoURI, l.addresses.Mongo)
	l.admin, err = postgres.Open(ctx, l.addresses.Postgres, 2)
	return err
}

func (l *lab) logOf(name string) string {
	return filepath.Join(l.Dir, "logs", strings.ReplaceAll(name, " ", "-")+".log")
}

// dsn connects to a database.
func (l *lab) dsn(database string) string {
	u, err := url.Parse(l.addresses.Postgres)
	if err != nil {
		panic(err) // it has just been used
	}
	u.Path = "/" + database
	return u.String()
}

func (l *lab) makeTemplate(ctx context.Context) (err error) {
	server, patient := randomKey(32), randomKey(16)
	l.secret = []string{"SERVER_KEY=" + server, "PERSON_PK_KEYPHRASE=" + patient}
	if l.keys, err = app.NewKeys(&config.Config{ServerKey: config.Secret(server), PersonPKKey: config.Secret(patient)}); err != nil {
		return err
	}
	l.world = world.New(l.keys, l.clock.Now())
	if err := l.createDatabase(ctx, original, "template1"); err != nil {
		return err
	}
	pool, err := postgres.Open(ctx, l.dsn(original), 4)
	if err != nil {
		return err
	}
	defer pool.Close()
	store, err := l.openDocuments(documents)
	if err != nil {
		return err
	}
	defer func() { err = join(err, mongodb.Close(context.WithoutCancel(ctx), store)) }()
	if err := app.Migrate(ctx, pool, store, l.clock.Now(), world.SystemUser); err != nil {
		return err
	}
	if err := l.world.Seed(ctx, pool, store); err != nil {
		return err
	}
	return analyze(ctx, pool)
}

// analyze tidies up after bulk work, before the planner and the measuring see it.
func analyze(ctx context.Context, pool *pgxpool.Pool) error {
	if _, err := pool.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	return nil
}

func randomKey(bytes int) string {
	key := make([]byte, bytes)
	rand.Read(key) // never fails
	return hex.EncodeToString(key)
}

// createDatabase makes a database new, as a copy of another.
func (l *lab) createDatabase(ctx context.Context, name, from string) error {
	quoted := pgx.Identifier{name}.Sanitize()
	for _, statement := range []string{
		"DROP DATABASE IF EXISTS " + quoted + " WITH (FORCE)",
		"CREATE DATABASE " + quoted + " TEMPLATE " + pgx.Identifier{from}.Sanitize(),
	} {
		if _, err := l.admin.Exec(ctx, statement); err != nil {
			return fmt.Errorf("make database %s: %w", name, err)
		}
	}
	return nil
}

// database copies the original and opens a connection to the copy.
func (l *lab) database(ctx context.Context, name string) (*pgxpool.Pool, error) {
	if err := l.createDatabase(ctx, name, original); err != nil {
		return nil, err
	}
	return postgres.Open(ctx, l.dsn(name), 2)
}

// connections is the size of the pools of the server and of the floor.
func connections() int { return 8 * runtime.NumCPU() }

// service is a child that answers requests.
type service struct {
	*process
	url, admin string
	started    time.Duration // from its start to the first expected answer
}

// environ are the settings of the server and of the floor on a database.
func (l *lab) environ(database, listen, admin string) []string {
	return append([]string{
		"DATABASE_URL=" + l.dsn(database), fmt.Sprintf("DATABASE_MAX_CONNS=%d", connections()),
		"MONGO_URL=" + l.addresses.Mongo, "MONGO_DATABASE=" + documents, "FERRETDB1=" + string(config.FerretDB1SingleProcess),
		"LISTEN_ADDR=" + listen, "ADMIN_ADDR=" + admin, "PUBLIC_BASE_URL=http://" + listen, "LOG_LEVEL=warn", "SHUTDOWN_DELAY=0s",
		"OTP_PHONE_LIMIT=0", "OTP_RESOURCE_LIMIT=0", "OTP_LEGAL_ENTITY_DAILY_LIMIT=0", "DR_MAX_ATTEMPTS_COUNT=0", // one legal entity sends all codes
	}, l.secret...)
}

// server starts the server on a database; more are settings besides the usual ones.
func (l *lab) server(ctx context.Context, name, database string, more ...string) (*service, error) {
	probe, err := l.passing("getDivision")
	if err != nil {
		return nil, err
	}
	listen, admin, err := twoAddresses(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(l.program("esoz"), "serve") //nolint:noctx // launch ends it
	cmd.Env = append(l.environ(database, listen, admin), more...)
	s, err := l.service(ctx, name, cmd, listen, probe)
	if err != nil {
		return nil, err
	}
	s.admin = "http://" + admin
	return s, nil
}

// floor starts the bare server on a database.
func (l *lab) floor(ctx context.Context, name, database string) (*service, error) {
	return l.floorWith(ctx, name, database)
}

// floorWith takes settings besides the usual ones.
func (l *lab) floorWith(ctx context.Context, name, database string, more ...string) (*service, error) {
	listen, _, err := twoAddresses(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(l.Self, "floor") //nolint:noctx // launch ends it
	cmd.Env = append(l.environ(database, listen, config.AdminOff), more...)
	return l.service(ctx, name, cmd, listen, request{Request: world.Request{Method: http.MethodGet, Path: "/"}, right: []int{http.StatusNoContent}})
}

// service starts a program and waits until it answers the probe as expected.
func (l *lab) service(ctx context.Context, name string, cmd *exec.Cmd, listen string, probe request) (*service, error) {
	s := &service{url: "http://" + listen}
	t, err := target(s.url, probe)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: answerTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	took := clock.Stopwatch()
	if s.process, err = launch(name, l.logOf(name), cmd); err != nil {
		return nil, err
	}
	l.children = append(l.children, s.process)
	err = s.await(ctx, patience, func(ctx context.Context) bool {
		r, err := t.Request()
		if err != nil {
			return false
		}
		response, err := client.Do(r.WithContext(ctx))
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, response.Body) // an answer that breaks off is one
		return response.Body.Close() == nil && slices.Contains(probe.right, response.StatusCode)
	})
	s.started = took()
	return s, err
}

// twoAddresses are free ones.
func twoAddresses(ctx context.Context) (one, other string, err error) {
	var found [2]string
	for i := range found {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", fmt.Errorf("find a free port: %w", err)
		}
		defer listener.Close()
		found[i] = listener.Addr().String()
	}
	return found[0], found[1], nil
}

// stopChildren ends what a benchmark has started.
func (l *lab) stopChildren() error {
	var errs []error
	for _, p := range l.children {
		errs = append(errs, p.stop())
	}
	l.children = nil
	return errors.Join(errs...)
}

// close ends everything and leaves the logs.
func (l *lab) close() error {
	errs := []error{l.stopChildren(), l.dropDocuments()}
	if l.admin != nil {
		l.admin.Close()
	}
	if l.engines != nil {
		errs = append(errs, l.engines.stop())
	}
	for _, folder := range []string{"data", "bin", "sandbox", "wiremock", "build", "create_division.pgbench", "engines.json"} {
		errs = append(errs, os.RemoveAll(filepath.Join(l.Dir, folder)))
	}
	return errors.Join(errs...)
}
