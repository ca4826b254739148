package torture

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// mostToTakeOver is how soon servers write again after a standby was promoted.
const mostToTakeOver = 10 * time.Second

// T28: the primary of PostgreSQL is killed under load and its synchronous standby takes over.
func TestFailover(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T28", "PostgreSQL's primary is killed under load and its synchronous standby promoted: all acknowledged is there, nothing is doubled, and all servers write again within 10 s")
	promotions := amount(2, 20)
	p := newPair(t)
	r := newRig(t, rigOptions{Documents: documentsOfTests(), DSN: p.dsn("read-write")})
	l := newLoad(t, r, flock{rows: amount(600, 12_000), documents: amount(40, 1200)})
	servers := []*server{l.serve("DATABASE_REPLICA_URL=" + p.dsn("prefer-standby"))}
	for range 2 {
		if documentsOfTests() != "" { // FerretDB 1 has room for one
			servers = append(servers, l.serve("DATABASE_REPLICA_URL="+p.dsn("prefer-standby")))
		}
	}
	l.start(8, servers...)
	var slowest time.Duration
	for range promotions {
		wait(time.Second, 2*time.Second)
		p.failOver()
		for _, s := range servers {
			slowest = max(slowest, l.recovers(s))
		}
		p.rebuild()
	}
	wait(time.Second, 2*time.Second)
	require.Less(t, slowest, mostToTakeOver)
	r.pool.Reset()
	marked := l.audit(true)
	tr.add("promotions", promotions)
	tr.add("servers", len(servers))
	l.report(tr)
	tr.add("messages marked as possibly sent twice", marked)
	tr.add("ms of the slowest recovery", int(slowest.Milliseconds()))
}

// pair is a primary of PostgreSQL and its synchronous standby.
type pair struct {
	t                *testing.T
	primary, standby *node
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t, primary: newNode(t), standby: newNode(t)}
	p.primary.run("initdb", "-D", p.primary.dir, "-U", "esoz", "-A", "trust", "-E", "UTF8", "--no-locale")
	p.primary.start()
	p.primary.exec("CREATE DATABASE esoz")
	p.rebuild()
	return p
}

// dsn connects to the one of both that target_session_attrs names.
func (p *pair) dsn(attributes string) string {
	hosts := []string{p.primary.address, p.standby.address}
	slices.Sort(hosts)
	return "postgres://esoz@" + strings.Join(hosts, ",") + "/esoz?sslmode=disable&target_session_attrs=" + attributes
}

// failOver kills the primary and promotes the standby.
func (p *pair) failOver() {
	p.t.Helper()
	p.primary.kill()
	p.primary, p.standby = p.standby, p.primary
	p.primary.exec("SELECT pg_promote(true, 30)")
}

// rebuild makes a standby from the primary and waits until each commit waits for it.
func (p *pair) rebuild() {
	p.t.Helper()
	require.NoError(p.t, os.RemoveAll(p.standby.dir))
	host, port, err := net.SplitHostPort(p.primary.address)
	require.NoError(p.t, err)
	p.standby.run("pg_basebackup", "-h", host, "-p", port, "-U", "esoz", "-D", p.standby.dir, "-R", "-X", "stream", "-c", "fast")
	// A standby that is promoted must not wait for one of its own, before it has one.
	settings, err := os.OpenFile(filepath.Join(p.standby.dir, "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(p.t, err)
	_, err = settings.WriteString("synchronous_standby_names = ''\n")
	require.NoError(p.t, err)
	require.NoError(p.t, settings.Close())
	p.standby.start()
	p.primary.exec("ALTER SYSTEM SET synchronous_standby_names = '*'")
	p.primary.exec("SELECT pg_reload_conf()")
	require.Eventually(p.t, func() bool {
		return p.primary.exec("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'") == 1
	}, rigPatience, 20*time.Millisecond, "the standby does not follow")
}

// node is a PostgreSQL of a pair.
type node struct {
	t       *testing.T
	dir     string
	address string
	process *os.Process
	done    chan struct{} // closed when the process has ended
}

func newNode(t *testing.T) *node {
	t.Helper()
	folder, err := os.MkdirTemp("", "esoz-node-") // t.TempDir is closed to other users
	require.NoError(t, err)
	n := &node{t: t, dir: filepath.Join(folder, "data"), address: freeAddress(t)}
	t.Cleanup(func() {
		n.kill()
		require.NoError(t, os.RemoveAll(folder))
	})
	if attr := n.account(); attr.Credential != nil {
		require.NoError(t, os.Chown(folder, int(attr.Credential.Uid), int(attr.Credential.Gid)))
	}
	return n
}

// account lets PostgreSQL run as another user where we are root.
func (n *node) account() *syscall.SysProcAttr {
	n.t.Helper()
	attr := &syscall.SysProcAttr{Setpgid: true}
	dieWithUs(attr)
	if os.Geteuid() == 0 {
		account, err := user.Lookup("postgres")
		require.NoError(n.t, err)
		uid, err := strconv.ParseUint(account.Uid, 10, 32)
		require.NoError(n.t, err)
		gid, err := strconv.ParseUint(account.Gid, 10, 32)
		require.NoError(n.t, err)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return attr
}

// command is a program of the newest PostgreSQL.
func (n *node) command(program string, args ...string) *exec.Cmd {
	n.t.Helper()
	path, err := exec.LookPath(program)
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program); len(found) > 0 {
		path, err = found[len(found)-1], nil
	}
	require.NoError(n.t, err)
	cmd := exec.Command(path, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = n.account()
	return cmd
}

func (n *node) run(program string, args ...string) {
	n.t.Helper()
	output, err := n.command(program, args...).CombinedOutput()
	require.NoError(n.t, err, "%s: %s", program, output)
}

// start starts the server and waits until it accepts connections.
func (n *node) start() {
	n.t.Helper()
	host, port, err := net.SplitHostPort(n.address)
	require.NoError(n.t, err)
	cmd := n.command("postgres", "-D", n.dir, "-p", port, "-h", host, "-c", "unix_socket_directories=", "-c", "max_connections=100",
		"-c", "shared_buffers=32MB", "-c", "hot_standby=on", "-c", "log_min_messages=fatal", "-c", "dynamic_shared_memory_type=mmap")
	done, started := make(chan struct{}), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // see server.launch
		defer runtime.UnlockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it is killed
		}
	}()
	require.NoError(n.t, <-started)
	n.process, n.done = cmd.Process, done
	require.Eventually(n.t, n.accepts, rigPatience, 20*time.Millisecond, "PostgreSQL does not start")
}

func (n *node) accepts() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, n.dsn())
	return err == nil && conn.Close(ctx) == nil
}

func (n *node) dsn() string {
	return fmt.Sprintf("postgres://esoz@%s/postgres?sslmode=disable", n.address)
}

// kill ends the server and waits until its processes have noticed.
func (n *node) kill() {
	n.t.Helper()
	if n.process == nil {
		return
	}
	_ = n.process.Kill() // it may have ended
	<-n.done
	require.Eventually(n.t, func() bool { return !n.accepts() }, rigPatience, 10*time.Millisecond)
	n.process = nil
}

// exec runs a statement and returns the number of its rows.
func (n *node) exec(statement string) int64 {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), rigPatience)
	defer cancel()
	conn, err := pgx.Connect(ctx, n.dsn())
	require.NoError(n.t, err)
	defer conn.Close(ctx)
	tag, err := conn.Exec(ctx, statement)
	require.NoError(n.t, err, statement)
	return tag.RowsAffected()
}
