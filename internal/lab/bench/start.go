package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const aboutStart = `The time from starting a program to its first answer with a 2xx, GET /api/divisions/{id}, read from the database.
The server starts on engines that run already. The sandbox starts its engines too: on an empty folder, where it makes the databases and the world first, and on a folder of an earlier run, which is the usual case.
Memory is what the server holds resident when it has answered once and then nothing for a while.`

// start starts the programs again and again.
func (l *lab) start(ctx context.Context, b *Benchmark) error {
	b.About = about(aboutStart)
	if err := l.createDatabase(ctx, "start", original); err != nil {
		return err
	}
	var server, memory, sandbox []float64
	for range l.plan.Starts {
		s, err := l.server(ctx, "starting server", "start")
		if err != nil {
			return err
		}
		server = append(server, s.started.Seconds())
		if err := pause(ctx, l.plan.WarmUp); err != nil {
			return err
		}
		held, err := s.residentMemory()
		if err != nil {
			return err
		}
		memory = append(memory, float64(held)/(1<<20))
		if err := s.stop(); err != nil {
			return err
		}
	}
	empty, err := l.startSandbox(ctx)
	if err != nil {
		return err
	}
	for range l.plan.Starts {
		took, err := l.startSandbox(ctx)
		if err != nil {
			return err
		}
		sandbox = append(sandbox, took.Seconds())
	}
	b.figure("server: start to first answer", "s", server...)
	b.figure("server: memory when idle", "MB", memory...)
	b.figure("sandbox on an empty folder: start to first answer", "s", empty.Seconds())
	b.figure("sandbox: start to first answer", "s", sandbox...)
	for _, name := range []string{"esoz", "esoz-sandbox"} {
		info, err := os.Stat(l.program(name))
		if err != nil {
			return fmt.Errorf("size of %s: %w", name, err)
		}
		b.figure("size of the program "+name, "MB", float64(info.Size())/(1<<20))
	}
	b.keep("server: start to first answer", 0.3, statOf(server).Median, "s", true)
	b.keep("sandbox: start to first answer", 3, statOf(sandbox).Median, "s", true)
	b.keep("server: memory when idle", 64, statOf(memory).Median, "MB", true)
	return nil
}

// startSandbox starts the sandbox on the folder of the run, and stops it.
func (l *lab) startSandbox(ctx context.Context) (time.Duration, error) {
	probe, err := l.passing("getDivision")
	if err != nil {
		return 0, err
	}
	listen, _, err := twoAddresses(ctx)
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(l.program("esoz-sandbox"), "--data", filepath.Join(l.Dir, "sandbox"), "--listen", listen) //nolint:noctx // launch ends it
	s, err := l.service(ctx, "sandbox", cmd, listen, probe)
	if err != nil {
		return 0, err
	}
	return s.started, s.stop()
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
