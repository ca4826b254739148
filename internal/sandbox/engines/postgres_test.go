//go:build unix

package engines

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

func TestKilledPostgresComesBack(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	e := start(t, Options{Dir: t.TempDir(), PostgresOnly: true})
	write(t, e.PostgresDSN)
	pool, err := pgxpool.New(ctx, e.PostgresDSN)
	require.NoError(t, err)
	defer pool.Close()

	for range 2 {
		require.NoError(t, pool.Ping(ctx))
		killed := e.postgres.pid()
		require.NoError(t, syscall.Kill(killed, syscall.SIGKILL))
		err := poll(ctx, pollInterval, func() (bool, error) {
			var text string
			// For a moment the session of the killed server still answers.
			return e.postgres.pid() != killed && pool.QueryRow(ctx, "SELECT text FROM note").Scan(&text) == nil, nil
		})
		require.NoError(t, err)
	}
}

// Without a parent-death signal (macOS) the server outlives a killed process.
func TestRunningServerIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, Options{Dir: dir, PostgresOnly: true})
	write(t, first.PostgresDSN)
	stop(t, first)
	orphan := startOrphan(t, dir)

	e := start(t, Options{Dir: dir, PostgresOnly: true})
	require.False(t, processExists(orphan))
	require.Equal(t, "київ", read(t, e.PostgresDSN))
}

// startOrphan starts a server on the cluster in dir that nobody supervises.
func startOrphan(t *testing.T, dir string) (pid int) {
	t.Helper()
	p, err := newPostgres(dir, false, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	found, err := findServer(testContext(t), p.account, 0)
	require.NoError(t, err)
	p.programs = found.programs
	p.sockets, err = makeSockets(filepath.Join(dir, socketsLink), p.account)
	require.NoError(t, err)
	alive, err := p.acquire(testContext(t))
	require.NoError(t, err)
	cmd, folder, err := p.command(context.Background(), "postgres", p.cluster, alive, p.settings()...)
	require.NoError(t, err)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: cmd.SysProcAttr.Credential}
	require.NoError(t, cmd.Start())
	require.NoError(t, folder.Close())
	require.NoError(t, alive.Close())
	go func() { _ = cmd.Wait() }() // or it would stay as a zombie
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	require.NoError(t, poll(testContext(t), pollInterval, func() (bool, error) { return p.accepts(testContext(t)), nil }))
	return cmd.Process.Pid
}

// After a crash of the machine the pid of the server may belong to another
// process of the same user, which PostgreSQL would take for a running server.
func TestStalePIDFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, Options{Dir: dir, PostgresOnly: true})
	write(t, first.PostgresDSN)
	account := first.postgres.account
	stop(t, first)

	bystander := exec.CommandContext(testContext(t), "tail", "-f", "/dev/null")
	account.become(bystander)
	require.NoError(t, bystander.Start())
	t.Cleanup(func() { _ = bystander.Process.Kill(); _ = bystander.Wait() })
	pidFile := filepath.Join(dir, "postgres", "postmaster.pid")
	content := strconv.Itoa(bystander.Process.Pid) + "\n" + filepath.Dir(pidFile) + "\n1\n5432\n/nowhere\n\n 1 1\nready\n"
	require.NoError(t, os.WriteFile(pidFile, []byte(content), 0o600))
	require.NoError(t, account.give(pidFile))

	e := start(t, Options{Dir: dir, PostgresOnly: true})
	require.Equal(t, "київ", read(t, e.PostgresDSN))
	require.True(t, processExists(bystander.Process.Pid))
}

// The data folder may lie where PostgreSQL's account cannot go: below /root.
// An ordinary user's server can go where its user can.
func TestClosedParent(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	require.NoError(t, os.Chmod(parent, 0o700))
	dir := filepath.Join(parent, "data")
	first := start(t, Options{Dir: dir})
	if os.Geteuid() == 0 {
		require.False(t, first.postgres.account.reaches(dir))
	}
	write(t, first.PostgresDSN)
	require.NoError(t, syscall.Kill(first.postgres.pid(), syscall.SIGKILL))
	stop(t, first)

	second := start(t, Options{Dir: dir})
	require.Equal(t, "київ", read(t, second.PostgresDSN))
}

func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	account, err := accountFor("/nonexistent")
	require.NoError(t, err)
	// The folder of go test is closed to others.
	home, err := os.MkdirTemp("", "esoz-user-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	binary := filepath.Join(home, "engines.test")
	content, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	writeProgram(t, binary, content)
	cmd := exec.CommandContext(testContext(t), binary)
	cmd.Dir = home
	if os.Geteuid() == 0 {
		require.NoError(t, account.give(home))
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: account.uid, Gid: account.gid}}
	}
	dsn, stdin := helper(t, cmd, filepath.Join(home, "data"))
	write(t, dsn)
	require.Equal(t, "київ", read(t, dsn))
	require.NoError(t, stdin.Close())
	require.NoError(t, cmd.Wait())
}

// A failed start says why and leaves no process and no lock.
func TestFailedStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, Options{Dir: dir, PostgresOnly: true})
	stop(t, first)
	conf := filepath.Join(dir, "postgres", "postgresql.conf")
	good, err := os.ReadFile(conf)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(conf, []byte("no_such_setting = 1\n"), 0o600))

	_, err = Start(testContext(t), Options{Dir: dir, PostgresOnly: true, Logger: slog.New(slog.DiscardHandler)})
	require.ErrorContains(t, err, "no_such_setting")

	require.NoError(t, os.WriteFile(conf, good, 0o600))
	start(t, Options{Dir: dir, PostgresOnly: true})
}
