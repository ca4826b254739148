package engines

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	adminDatabase = "postgres"
	superuser     = "esoz"
	aliveFile     = "postgres.alive"
	logFile       = "postgres.log"

	startTimeout = time.Minute // recovery after a crash included
	evictTimeout = 5 * time.Second
	pollInterval = 10 * time.Millisecond

	minRestartDelay = 50 * time.Millisecond
	maxRestartDelay = 5 * time.Second
	settledAfter    = time.Second // of running: the next restart is prompt again
)

// postgres is a PostgreSQL server that runs as our child until stop.
type postgres struct {
	dir      string // the data folder
	cluster  string // PostgreSQL's part of it
	programs string // folder of initdb and postgres
	sockets  string // folder of its socket, unless it is reached by loopback
	loopback *loopback
	account  account
	fast     bool // data need not survive a power failure
	log      *slog.Logger

	life  context.Context // ended by stop
	end   context.CancelFunc
	ended chan error    // the first exits that nobody asked for
	done  chan struct{} // closed when the supervisor is gone

	mu      sync.Mutex
	process *os.Process
}

func newPostgres(dir string, fast bool, log *slog.Logger) (*postgres, error) {
	cluster := filepath.Join(dir, "postgres")
	account, err := accountFor(cluster)
	if err != nil {
		return nil, err
	}
	p := &postgres{
		dir: dir, cluster: cluster, account: account, fast: fast, log: log,
		ended: make(chan error, 1), done: make(chan struct{}),
	}
	p.life, p.end = context.WithCancel(context.Background())
	return p, nil
}

// start starts the server and its supervisor and returns when the server
// accepts connections.
func (p *postgres) start(ctx context.Context) error {
	go p.supervise()

	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := poll(ctx, pollInterval, func() (bool, error) {
		select {
		case err := <-p.ended:
			return false, err
		default:
			return p.accepts(ctx), nil
		}
	})
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w%s", err, p.lastWords())
	}
	return nil
}

// supervise keeps the server running until stop.
func (p *postgres) supervise() {
	defer close(p.done)
	runtime.LockOSThread() // see dieWithUs
	defer runtime.UnlockOSThread()

	delay := minRestartDelay
	for {
		settled := time.NewTimer(settledAfter)
		err := p.run()
		select {
		case <-settled.C:
			delay = minRestartDelay
		default:
			settled.Stop()
		}
		if p.life.Err() != nil {
			return
		}
		select {
		case p.ended <- err:
		default:
		}
		p.log.Warn("PostgreSQL ended by itself and is started again", "error", err, "delay", delay)
		select {
		case <-p.life.Done():
			return
		case <-time.After(delay):
		}
		delay = min(2*delay, maxRestartDelay)
	}
}

// run runs the server once, to its end.
func (p *postgres) run() error {
	wait, err := p.launch()
	if err != nil {
		return err
	}
	if err := wait(); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return errors.New("postgres: somebody stopped it")
}

// An ending is how a server is ended.
type ending int

const (
	endFast      ending = iota // its sessions end, and it writes a checkpoint
	endImmediate               // it recovers on its next start
	endKill
)

// stop stops the server: cleanly, or at once when its data are to be thrown
// away or ctx ends.
func (p *postgres) stop(ctx context.Context) error {
	p.end()
	first := endFast
	if p.fast {
		first = endImmediate
	}
	p.interrupt(first)
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	p.interrupt(endImmediate)
	select {
	case <-p.done:
	case <-time.After(evictTimeout):
		p.interrupt(endKill)
		<-p.done
	}
	return fmt.Errorf("stop PostgreSQL cleanly: %w", ctx.Err())
}

// acquire takes the lock that every process of the server inherits, and so
// waits until none is left. Unlike a pid in a file it cannot be stale, and no
// stranger can bear it.
func (p *postgres) acquire(ctx context.Context) (alive *os.File, err error) {
	err = poll(ctx, pollInterval, func() (bool, error) {
		alive, err = lockFile(filepath.Join(p.dir, aliveFile))
		if errors.Is(err, errHeld) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return nil, fmt.Errorf("wait for the end of the former PostgreSQL: %w", err)
	}
	return alive, nil
}

func (p *postgres) recordedPID() int {
	content, _ := os.ReadFile(filepath.Join(p.cluster, "postmaster.pid"))
	line, _, _ := strings.Cut(string(content), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	return pid
}

// settings are given at every start rather than written into the cluster, so
// that a new version of ours finds its own.
func (p *postgres) settings() []string {
	settings := []string{"listen_addresses=", "unix_socket_directories=" + p.sockets, "unix_socket_permissions=0700", "port=5432"} // the socket's name
	if p.loopback != nil {
		settings = []string{"listen_addresses=127.0.0.1", "unix_socket_directories=", "port=" + strconv.Itoa(p.loopback.port)}
	}
	settings = append(settings,
		"max_connections=500",
		"shared_buffers=32MB",
		"max_wal_size=256MB",
		"wal_level=minimal", // nobody replicates a sandbox
		"max_wal_senders=0",
		"max_logical_replication_workers=0",
		"max_parallel_workers_per_gather=0",
		"jit=off",
		"timezone=UTC",
		"log_timezone=UTC",
		// Values of patients must not reach a log: no statements, no "Key (phone)=(…)", and no
		// errors of statements at all, whose texts quote what they could not take. We log them ourselves.
		"log_min_messages=log",
		"log_min_error_statement=panic",
		"log_error_verbosity=terse",
	)
	if runtime.GOOS != "windows" {
		// Containers have little /dev/shm, and systemd empties it when a user logs out.
		settings = append(settings, "dynamic_shared_memory_type=mmap")
	}
	if p.fast {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	args := make([]string, 0, 2*len(settings))
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	return args
}

func (p *postgres) dsn(database string) string {
	if l := p.loopback; l != nil {
		host := net.JoinHostPort("127.0.0.1", strconv.Itoa(l.port))
		return (&url.URL{Scheme: "postgres", User: url.UserPassword(superuser, l.password), Host: host, Path: "/" + database, RawQuery: "sslmode=disable"}).String()
	}
	// Without its port, PGPORT of the environment would be taken.
	query := url.Values{"host": {p.sockets}, "port": {"5432"}}
	return (&url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/" + database, RawQuery: query.Encode()}).String()
}

func (p *postgres) accepts(ctx context.Context) bool {
	conn, err := pgx.Connect(ctx, p.dsn(adminDatabase))
	if err != nil {
		return false
	}
	_ = conn.Close(ctx)
	return true
}

func (p *postgres) logPath() string { return filepath.Join(p.dir, logFile) }

// lastWords is the end of the server's log, to be added to an error.
func (p *postgres) lastWords() string {
	const size = 800
	content, err := os.ReadFile(p.logPath())
	if err != nil || len(content) == 0 {
		return ""
	}
	return fmt.Sprintf("; %s ends with:\n%s", p.logPath(), content[max(0, len(content)-size):])
}

// poll calls check until it is true, fails, or ctx ends.
func poll(ctx context.Context, every time.Duration, check func() (bool, error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		ok, err := check()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
