package torture

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// T27: servers behind PgBouncer in transaction mode, with the settings of docs/operating.md.
func TestPooler(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T27", "behind PgBouncer in transaction mode every request is answered, jobs and SMS are carried out, and nothing is lost or doubled")
	r := newRig(t, rigOptions{Documents: documentsOfTests()})
	dsn := r.pooler()
	l := newLoad(t, r, flock{rows: amount(500, 4000), documents: amount(30, 400)})
	l.deadline = 25 * time.Second
	s := l.serve("DATABASE_URL="+dsn, "DATABASE_LISTEN=false", "ENGINE_TIMEOUT=20s")
	l.start(8, s)
	length := time.Duration(amount(2, 60)) * time.Second
	wait(length, length+time.Second)
	l.audit(false)
	var direct int
	require.NoError(t, r.pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE "+ofServers).Scan(&direct))
	require.LessOrEqual(t, direct, poolerConnections)
	l.report(tr)
}

// poolerConnections are fewer than a server has.
const poolerConnections = 5

// pooler starts PgBouncer in front of the rig's PostgreSQL, and returns the connection string.
func (r *rig) pooler() string {
	t := r.t
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
	}
	require.FileExists(t, program, "PgBouncer is missing: apt install pgbouncer")
	to, err := pgx.ParseConfig(r.dsn)
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	settings, err := os.CreateTemp("", "pgbouncer-*.ini") // t.TempDir is closed to other users
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.Remove(settings.Name())) })
	_, err = fmt.Fprintf(settings, `[databases]
esoz = host=%s port=%d dbname=esoz user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
`, to.Host, to.Port, to.User, port, poolerConnections)
	require.NoError(t, errors.Join(err, settings.Chmod(0o644), settings.Close()))
	cmd := exec.Command(program, settings.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithUs(cmd.SysProcAttr)
	if os.Geteuid() == 0 { // it refuses root, and must enter the folder of PostgreSQL's socket
		owner, err := os.Stat(filepath.Join(r.dir, "postgres"))
		require.NoError(t, err)
		stat, ok := owner.Sys().(*syscall.Stat_t)
		require.True(t, ok)
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}
	}
	log, err := os.Create(filepath.Join(r.logs, "pgbouncer.log"))
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = "/"
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // see server.launch
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it is killed
		}
	}()
	require.NoError(t, <-started)
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Kill())
		<-ended
	})
	dsn := fmt.Sprintf("postgres://esoz@127.0.0.1:%s/esoz?sslmode=disable&default_query_exec_mode=cache_describe", port)
	require.Eventually(t, func() bool {
		conn, err := pgx.Connect(t.Context(), dsn)
		return err == nil && conn.Close(t.Context()) == nil
	}, rigPatience, 20*time.Millisecond, "PgBouncer does not answer")
	return dsn
}
