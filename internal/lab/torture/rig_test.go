package torture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/engines"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// rig is a PostgreSQL and a document store of a test's own, migrated and seeded
// with the sandbox's world, and the servers that run on them as processes. What
// the servers acknowledge must survive whatever is done to them, so nothing of
// it is held back from the disk.
type rig struct {
	t       *testing.T
	engines *engines.Engines
	dir     string // of PostgreSQL and FerretDB
	logs    string // of the servers

	dsn       string        // of the database "esoz"
	mongo     string        // URI of the document store
	documents string        // name of the database in it
	pool      *pgxpool.Pool // named "audit", so that it can be told from the servers' connections
	world     *world.World
	keys      *seal.Keys

	mu      sync.Mutex
	servers []*server
}

type rigOptions struct {
	// Documents is the URI of a document store that is there already; empty: the
	// sandbox's FerretDB, on which there may be one server.
	Documents string
	// Dir is the data folder; empty: a temporary one.
	Dir string
	// DSN is that of an empty database in a PostgreSQL that is there already; empty: one is started.
	DSN string
}

// Keys of every rig.
const (
	rigServerKey  = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
	rigPatientKey = "606162636465666768696a6b6c6d6e6f"
)

// rigWorkers is how many jobs and messages a server of a rig works on at a time:
// they have half of its connections.
const rigWorkers = 4

// rigPatience is how long a rig waits for anything that must come.
const rigPatience = time.Minute

// newRig starts the engines and seeds the world. They stop when the test ends.
func newRig(t *testing.T, o rigOptions) *rig {
	t.Helper()
	r := &rig{t: t, dir: cmp.Or(o.Dir, t.TempDir()), logs: t.TempDir(), documents: "esoz"}
	ctx, cancel := context.WithTimeout(t.Context(), 2*rigPatience)
	defer cancel()
	var err error
	if o.Documents == "" || o.DSN == "" {
		r.engines, err = engines.Start(ctx, engines.Options{
			Dir: r.dir, PostgresOnly: o.Documents != "", Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), rigPatience)
			defer cancel()
			require.NoError(t, r.engines.Stop(ctx))
		})
		r.mongo = r.engines.MongoURI
	}
	if o.Documents != "" {
		r.mongo, r.documents = o.Documents, "torture_"+uuid.NewString()[:8]
		t.Cleanup(r.dropDocuments)
	}
	if r.dsn = o.DSN; r.dsn == "" {
		r.dsn, err = r.engines.EnsureDatabase(ctx, "esoz")
		require.NoError(t, err)
	}
	r.pool, err = postgres.Open(ctx, r.dsn+"&application_name=audit", 4)
	require.NoError(t, err)
	t.Cleanup(r.pool.Close)
	require.NoError(t, r.seed(ctx))
	t.Cleanup(r.killServers)
	return r
}

// seed migrates both databases and fills them with the world.
func (r *rig) seed(ctx context.Context) (err error) {
	if r.keys, err = app.NewKeys(&config.Config{ServerKey: rigServerKey, PersonPKKey: rigPatientKey}); err != nil {
		return err
	}
	now := clock.New().Now()
	r.world = world.New(r.keys, now)
	return r.withDocuments(ctx, func(store *mongo.Database) error {
		if err := app.Migrate(ctx, r.pool, store, now, world.SystemUser); err != nil {
			return err
		}
		return r.world.Seed(ctx, r.pool, store)
	})
}

// withDocuments works in the document store. FerretDB suffers no second client:
// no server may be at work meanwhile.
func (r *rig) withDocuments(ctx context.Context, work func(store *mongo.Database) error) (err error) {
	store, err := mongodb.Open(r.mongo, r.documents, rigPatience)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mongodb.Close(context.WithoutCancel(ctx), store)) }()
	return work(store)
}

func (r *rig) dropDocuments() {
	ctx, cancel := context.WithTimeout(context.Background(), rigPatience)
	defer cancel()
	require.NoError(r.t, r.withDocuments(ctx, func(store *mongo.Database) error { return store.Drop(ctx) }))
}

// environ are the settings of a server; more come after them and win.
func (r *rig) environ(listen, admin string, more ...string) []string {
	return append([]string{
		"DATABASE_URL=" + r.dsn, fmt.Sprintf("DATABASE_MAX_CONNS=%d", 2*rigWorkers),
		"MONGO_URL=" + r.mongo, "MONGO_DATABASE=" + r.documents, "FERRETDB1=" + string(config.FerretDB1SingleProcess),
		"SERVER_KEY=" + rigServerKey, "PERSON_PK_KEYPHRASE=" + rigPatientKey,
		"LISTEN_ADDR=" + listen, "ADMIN_ADDR=" + admin, "PUBLIC_BASE_URL=http://" + listen, "SHUTDOWN_DELAY=0s",
		"GATEWAY_API_KEY=when_sent", "LOG_LEVEL=debug", "LOG_FORMAT=text",
		"OTP_PHONE_LIMIT=0", "OTP_RESOURCE_LIMIT=0", "OTP_LEGAL_ENTITY_DAILY_LIMIT=0", "DR_MAX_ATTEMPTS_COUNT=0", // loads send more than anybody may
		"FAMILY_DOCTOR_DECLARATION_LIMIT=1000000", "SIGNATURE_ROOTS_FILE=" + r.roots(),
	}, more...)
}

// roots names a file with the certificates of the authority that signs in the world.
func (r *rig) roots() string {
	file := filepath.Join(r.logs, "roots.pem")
	require.NoError(r.t, os.WriteFile(file, authority.New().Trusted(), 0o600))
	return file
}

// serve starts a server and waits until it is ready.
func (r *rig) serve(more ...string) *server {
	r.t.Helper()
	listen, admin := freeAddress(r.t), freeAddress(r.t)
	r.mu.Lock()
	s := &server{
		rig: r, url: "http://" + listen, admin: "http://" + admin, environ: r.environ(listen, admin, more...),
		file: filepath.Join(r.logs, fmt.Sprintf("server-%d.log", len(r.servers)+1)),
	}
	r.servers = append(r.servers, s)
	r.mu.Unlock()
	s.start()
	return s
}

// killServers ends what a test has left running, and judges what all servers
// have told.
func (r *rig) killServers() {
	for _, s := range r.all() {
		if metrics, err := s.metrics(); err == nil { // it may have ended
			s.overhear("a metric", metrics)
		}
		s.end(syscall.SIGKILL)
		s.overhear("the log", s.told())
	}
}

// overhear fails the test when a text tells what nobody may read (T19).
func (s *server) overhear(where, text string) {
	for line := range strings.Lines(text) {
		word := testkit.Canary(line)
		for _, key := range []string{rigServerKey, rigPatientKey} {
			if strings.Contains(strings.ToLower(line), key) {
				word = key
			}
		}
		if word != "" {
			s.rig.t.Errorf("%s tells %q: %s", where, word, line)
		}
	}
}

// stopServers lets all servers finish what they do.
func (r *rig) stopServers() {
	r.t.Helper()
	for _, s := range r.all() {
		s.stop()
	}
}

func (r *rig) all() []*server {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.servers)
}

// server is `esoz serve` in a process of its own.
type server struct {
	url, admin string

	rig     *rig
	environ []string
	file    string // what all runs of it print
	process *os.Process
	done    chan struct{} // closed when the process has ended
	err     error         // how it ended; to be read after done
}

// start starts the process, for the first time or again under the same
// addresses, and waits until it is ready.
func (s *server) start() {
	t := s.rig.t
	t.Helper()
	s.launch()
	ctx, cancel := context.WithTimeout(t.Context(), rigPatience)
	defer cancel()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for !s.ready(ctx) {
		select {
		case <-s.done:
			require.NoError(t, s.err, "the server ended before it was ready: %s", s.log())
			t.Fatalf("the server ended before it was ready: %s", s.log())
		case <-ctx.Done():
			t.Fatalf("the server is not ready: %s", s.log())
		case <-ticker.C:
		}
	}
}

// launch starts the process and does not wait until it is ready.
func (s *server) launch() {
	t := s.rig.t
	t.Helper()
	cmd := exec.Command(program(t), "serve")
	cmd.Env = s.environ
	log, err := os.OpenFile(s.file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	require.NoError(t, err)
	defer log.Close() // the child has it from here
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithUs(cmd.SysProcAttr)
	done, started := make(chan struct{}), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the parent-death signal comes when this thread ends
		defer runtime.UnlockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			s.err = cmd.Wait()
		}
	}()
	require.NoError(t, <-started)
	s.process, s.done = cmd.Process, done
}

// ready tells whether the server says that it and its engines are there.
func (s *server) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.admin+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := probes.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusNoContent
}

// probes asks servers that may be gone: no connection outlives its answer.
var probes = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// kill ends the process as kill -9 and the kernel's out-of-memory killer do.
func (s *server) kill() {
	s.rig.t.Helper()
	require.True(s.rig.t, s.end(syscall.SIGKILL), "the server did not end")
}

// stop asks the process to end; requests and jobs under way may finish.
func (s *server) stop() {
	s.rig.t.Helper()
	metrics, err := s.metrics()
	require.NoError(s.rig.t, err)
	s.overhear("a metric", metrics)
	require.True(s.rig.t, s.end(syscall.SIGTERM), "the server did not stop: %s", s.log())
}

func (s *server) end(signal syscall.Signal) bool {
	if s.process == nil {
		return true
	}
	_ = s.process.Signal(signal) // it may have ended already
	select {
	case <-s.done:
		return true
	case <-time.After(rigPatience):
		return false
	}
}

// metrics is the page of the running server.
func (s *server) metrics() (string, error) {
	response, err := probes.Get(s.admin + "/metrics")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	return string(page), err
}

// log is what the server has complained of since its first start.
func (s *server) log() string {
	var found strings.Builder
	for line := range strings.Lines(s.told()) {
		if !strings.Contains(line, " level=INFO ") && !strings.Contains(line, " level=DEBUG ") {
			found.WriteString(line)
		}
	}
	return found.String()
}

// told is all that the server has printed since its first start.
func (s *server) told() string {
	text, err := os.ReadFile(s.file)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// logOf is what the server has printed about one request.
func (s *server) logOf(requestID string) string {
	var found []string
	for line := range strings.Lines(s.log()) {
		if strings.Contains(line, requestID) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

// program is the server, built once per test process.
func program(t *testing.T) string {
	t.Helper()
	built, err := buildProgram()
	require.NoError(t, err)
	return built.file
}

type builtProgram struct{ folder, file string }

var buildProgram = sync.OnceValues(func() (builtProgram, error) {
	folder, err := os.MkdirTemp("", "esoz-torture-")
	if err != nil {
		return builtProgram{}, fmt.Errorf("make a folder for the server: %w", err)
	}
	b := builtProgram{folder: folder, file: filepath.Join(folder, "esoz")}
	wasBuilt.Store(true)
	build := exec.Command("go", "build", "-trimpath", "-o", b.file, "./cmd/esoz")
	build.Dir = repository // with the server's own versions, not the laboratory's
	if output, err := build.CombinedOutput(); err != nil {
		return b, fmt.Errorf("build the server: %w: %s", err, output)
	}
	return b, nil
})

var wasBuilt atomic.Bool

// removeProgram removes what program has built; TestMain calls it.
func removeProgram() error {
	if !wasBuilt.Load() {
		return nil
	}
	built, _ := buildProgram()
	return os.RemoveAll(built.folder)
}

// Ports of servers lie below those that the kernel gives to clients: a server
// that is started again must find its own free.
const (
	firstPort = 12_000
	lastPort  = 32_000
)

var nextPort atomic.Int64

func init() { nextPort.Store(firstPort + rand.Int64N(lastPort-firstPort)) }

// freeAddress is one that nobody listens at and nobody else here is given.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range lastPort - firstPort {
		port := firstPort + nextPort.Add(1)%(lastPort-firstPort)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		address := listener.Addr().String()
		require.NoError(t, listener.Close())
		return address
	}
	t.Fatal("no port is free")
	return ""
}
