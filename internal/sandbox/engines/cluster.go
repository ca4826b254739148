package engines

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

const maxLog = 10 << 20

// prepare brings the cluster to where the server can be started on it: no
// former server left, programs found, cluster made.
func (p *postgres) prepare(ctx context.Context, opts *Options) error {
	alive, err := p.evict(ctx)
	if err != nil {
		return err
	}
	defer alive.Close()

	if err := p.removeStalePID(); err != nil {
		return err
	}
	if info, err := os.Stat(p.logPath()); err == nil && info.Size() > maxLog {
		_ = os.Rename(p.logPath(), p.logPath()+".1")
	}

	major, err := clusterMajor(p.cluster)
	if err != nil {
		return err
	}
	opts.Progress("Looking for PostgreSQL")
	server, err := chooseServer(ctx, p.account, major, opts)
	if err != nil {
		return err
	}
	p.programs = server.programs

	if major != 0 {
		return p.account.give(p.cluster) // a copy made by root belongs to root
	}
	opts.Progress("Creating a database cluster")
	return p.initialize(ctx, server.major, alive)
}

// removeStalePID removes the pid file of a killed server when its pid has a
// new bearer, which PostgreSQL would take for a running server and refuse to
// start. Any other pid file is left to PostgreSQL, which knows best.
func (p *postgres) removeStalePID() error {
	pid := p.recordedPID()
	if pid == 0 || !processExists(pid) {
		return nil
	}
	if err := os.Remove(filepath.Join(p.cluster, "postmaster.pid")); err != nil {
		return fmt.Errorf("remove stale pid file: %w", err)
	}
	return nil
}

// clusterMajor is the major version that a cluster was made with; 0 when there
// is none yet.
func clusterMajor(cluster string) (int, error) {
	content, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read version of the cluster: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, fmt.Errorf("read version of the cluster: %w", err)
	}
	return major, nil
}

// initialize makes the cluster under another name first, so that a killed
// initdb leaves nothing that looks like one.
func (p *postgres) initialize(ctx context.Context, major int, alive *os.File) error {
	unfinished := p.cluster + ".new"
	var err error
	for _, locale := range locales(major) {
		if err = os.RemoveAll(unfinished); err != nil {
			return fmt.Errorf("remove unfinished cluster: %w", err)
		}
		if err = errors.Join(os.Mkdir(unfinished, 0o700), p.account.give(unfinished)); err != nil {
			return fmt.Errorf("make folder for the cluster: %w", err)
		}
		if err = p.initdb(ctx, unfinished, alive, locale); err == nil || !strings.Contains(err.Error(), "locale") {
			break
		}
	}
	if err != nil {
		return err
	}
	if err := os.Rename(unfinished, p.cluster); err != nil {
		return fmt.Errorf("put cluster in its place: %w", err)
	}
	return nil
}

func (p *postgres) initdb(ctx context.Context, cluster string, alive *os.File, locale []string) error {
	args := append([]string{"--username=" + superuser, "--encoding=UTF8", "--auth-local=trust", "--no-instructions"}, locale...)
	if p.fast {
		args = append(args, "--no-sync")
	}
	if p.loopback == nil {
		args = append(args, "--auth-host=reject")
	} else {
		password, err := p.passwordForInitdb()
		if err != nil {
			return err
		}
		defer func() { _ = os.Remove(password) }() // out of the temporary folder
		args = append(args, "--auth-host=scram-sha-256", "--pwfile="+password)
	}
	cmd, folder, err := p.command(ctx, "initdb", cluster, alive, args...)
	if err != nil {
		return err
	}
	defer folder.Close()
	cmd.WaitDelay = evictTimeout

	nameless := p.account.nameless()
	if nameless {
		named(cmd)
	}

	runtime.LockOSThread() // see dieWithUs
	defer runtime.UnlockOSThread()
	output, err := cmd.CombinedOutput()
	if err != nil && nameless {
		return fmt.Errorf("user %d has no name, which PostgreSQL's initdb needs: add a line to /etc/passwd (esoz:x:%[1]d:%d::/tmp:/bin/false) or run as a user with a name: %w: %s",
			os.Geteuid(), os.Getegid(), err, firstLine(output))
	}
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}

// passwordForInitdb writes the password where the server's user can read it.
func (p *postgres) passwordForInitdb() (path string, err error) {
	f, err := os.CreateTemp("", "esoz-")
	if err != nil {
		return "", fmt.Errorf("hand password to initdb: %w", err)
	}
	_, err = f.WriteString(p.loopback.password + "\n")
	if err = errors.Join(err, f.Close(), p.account.give(f.Name())); err != nil {
		_ = os.Remove(f.Name())
		return "", fmt.Errorf("hand password to initdb: %w", err)
	}
	return f.Name(), nil
}

func firstLine(output []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	return line
}

// locales are options of initdb, best first: byte order for sorting, which is
// the same on every machine, and character classes that know Ukrainian, so
// that lower('Київ') works.
func locales(major int) [][]string {
	var options [][]string
	if major >= 17 {
		options = append(options, []string{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"})
	}
	return append(options,
		[]string{"--locale=C", "--lc-ctype=C.UTF-8"},
		[]string{"--locale=C", "--lc-ctype=en_US.UTF-8"},
		[]string{"--locale=C", "--lc-ctype=English_United States.1252"}, // of Windows, and good for all letters there
		[]string{"--locale=C"},
	)
}
