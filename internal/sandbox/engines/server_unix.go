//go:build unix

package engines

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// exe is what the names of programs end with.
const exe = ""

// usualPlaces are where distributions put the server programs, which most keep
// out of PATH.
func usualPlaces() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",                      // Debian, Ubuntu
		"/usr/pgsql-*/bin",                               // packages of postgresql.org for Red Hat
		"/usr/lib/postgresql*/bin",                       // SUSE
		"/usr/libexec/postgresql*",                       // Alpine
		"/usr/lib64/postgresql-*/bin",                    // Gentoo
		"/usr/local/pgsql/bin",                           // built from source
		"/opt/homebrew/opt/postgresql*/bin",              // Homebrew, Apple silicon
		"/usr/local/opt/postgresql*/bin",                 // Homebrew, Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin", // Homebrew, Linux
		"/opt/local/lib/postgresql*/bin",                 // MacPorts
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	}
}

// launch starts the server process unless stop came first.
func (p *postgres) launch() (wait func() error, err error) {
	// After a kill -9 of the server its backends need a moment to notice.
	alive, err := p.acquire(p.life)
	if err != nil {
		return nil, err
	}
	defer alive.Close() // the child holds it from here
	if p.sockets != "" {
		removeServerSockets(p.sockets)
	}

	output, err := os.OpenFile(p.logPath(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of PostgreSQL: %w", err)
	}
	defer output.Close()
	cmd, folder, err := p.command(context.Background(), "postgres", p.cluster, alive, p.settings()...)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	cmd.Stdout, cmd.Stderr = output, output

	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.life.Err(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run postgres: %w", err)
	}
	p.process = cmd.Process
	return cmd.Wait, nil
}

// signal of an ending: SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one.
func (how ending) signal() syscall.Signal {
	return [...]syscall.Signal{endFast: syscall.SIGINT, endImmediate: syscall.SIGQUIT, endKill: syscall.SIGKILL}[how]
}

func (p *postgres) interrupt(how ending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process != nil {
		_ = p.process.Signal(how.signal()) // it may have ended already
	}
}

// evict is acquire for a server that a killed predecessor of ours may have left
// running: it is stopped, ever less politely.
func (p *postgres) evict(ctx context.Context) (*os.File, error) {
	alive, err := p.acquireWithin(ctx, pollInterval)
	for how := endFast; how <= endKill; how++ {
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			break
		}
		// The held lock has proved that the recorded server, or a child of its own, lives.
		if pid := p.recordedPID(); pid > 1 {
			p.log.Info("Stopping the PostgreSQL of a former run", "pid", pid, "signal", how.signal().String())
			_ = syscall.Kill(pid, how.signal())
		}
		alive, err = p.acquireWithin(ctx, evictTimeout)
	}
	return alive, err
}

func (p *postgres) acquireWithin(ctx context.Context, d time.Duration) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return p.acquire(ctx)
}

func processExists(pid int) bool { return syscall.Kill(pid, 0) == nil }

// command prepares a server program that works in a cluster and keeps alive locked
// as long as it runs. The folder must stay open until it has been started.
func (p *postgres) command(ctx context.Context, program, cluster string, alive *os.File, args ...string) (cmd *exec.Cmd, folder io.Closer, err error) {
	opened, err := os.Open(cluster)
	if err != nil {
		return nil, nil, fmt.Errorf("open cluster: %w", err)
	}
	path := cluster
	if !p.account.reaches(path) {
		var ok bool
		if path, ok = inheritedFolder(); !ok {
			_ = opened.Close()
			return nil, nil, fmt.Errorf("user %d, who runs PostgreSQL because root may not, cannot enter %s: choose a data folder that every user can reach", p.account.uid, p.dir)
		}
	}
	cmd = exec.CommandContext(ctx, filepath.Join(p.programs, program), append([]string{"-D", path}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.ExtraFiles = []*os.File{opened, alive} // descriptors 3 and 4
	p.account.become(cmd)
	return cmd, opened, nil
}
