package engines

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// exe is what the names of programs end with.
const exe = ".exe"

// usualPlaces are where installers put the server programs.
func usualPlaces() []string {
	var places []string
	for _, variable := range []string{"ProgramFiles", "ProgramW6432"} { // the latter names it to programs of other processors
		if folder := os.Getenv(variable); folder != "" {
			places = append(places, filepath.Join(folder, "PostgreSQL", "*", "bin"))
		}
	}
	if home, err := os.UserHomeDir(); err == nil {
		places = append(places, filepath.Join(home, "scoop", "apps", "postgresql*", "current", "bin"))
	}
	return places
}

// launch starts the server and returns when it is ready. pg_ctl takes the rights of
// an administrator from it, with which PostgreSQL refuses to run.
func (p *postgres) launch() (wait func() error, err error) {
	cmd, _, err := p.command(context.Background(), "pg_ctl", p.cluster, nil,
		"start", "-w", "-t", strconv.Itoa(int(startTimeout.Seconds())), "-l", short(p.dir)+`\`+logFile,
		"-o", strings.Join(p.settings(), " ")) // none has a space
	if err != nil {
		return nil, err
	}
	// The server inherits this file, for which a pipe would be waited for as long as it runs.
	output, err := os.Create(filepath.Join(p.dir, "postgres.pg_ctl.log"))
	if err != nil {
		return nil, fmt.Errorf("open log of pg_ctl: %w", err)
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(output.Name())
		return nil, fmt.Errorf("pg_ctl: %w: %s", err, strings.TrimSpace(string(said)))
	}

	process, err := os.FindProcess(p.recordedPID())
	if err != nil {
		return nil, fmt.Errorf("find the PostgreSQL that has started: %w", err)
	}
	p.mu.Lock()
	p.process = process
	p.mu.Unlock()
	if p.life.Err() != nil { // stop came meanwhile, and had nothing to stop
		p.interrupt(endImmediate)
	}
	return func() error {
		state, err := process.Wait()
		if err == nil && !state.Success() {
			err = errors.New(state.String())
		}
		return err
	}, nil
}

func (p *postgres) interrupt(how ending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process == nil {
		return
	}
	if how == endKill {
		_ = p.process.Kill() // it may have ended already
		return
	}
	mode := "fast"
	if how == endImmediate {
		mode = "immediate"
	}
	ctx, cancel := context.WithTimeout(context.Background(), evictTimeout)
	defer cancel()
	cmd, _, err := p.command(ctx, "pg_ctl", p.cluster, nil, "stop", "-W", "-m", mode)
	if err == nil {
		err = cmd.Run()
	}
	if err != nil && p.process.Signal(windows.Signal(0)) == nil {
		p.log.Warn("PostgreSQL could not be asked to stop", "error", err)
	}
}

// evict ends a server that a killed predecessor of ours may have left running, which
// its job object prevents where there are job objects.
func (p *postgres) evict(ctx context.Context) (*os.File, error) {
	if process, ok := p.recorded(); ok {
		defer windows.CloseHandle(process) //nolint:errcheck // read, not written
		p.log.Info("Stopping the PostgreSQL of a former run", "pid", p.recordedPID())
		if err := windows.TerminateProcess(process, 1); err != nil {
			return nil, fmt.Errorf("stop the PostgreSQL of a former run: %w", err)
		}
		if event, err := windows.WaitForSingleObject(process, evictMilliseconds); err != nil || event != windows.WAIT_OBJECT_0 {
			return nil, fmt.Errorf("the PostgreSQL of a former run does not end: %w", errors.Join(err, context.DeadlineExceeded))
		}
	}
	return p.acquire(ctx)
}

const evictMilliseconds = uint32(evictTimeout / time.Millisecond)

// recorded is the server that postmaster.pid names: a postgres.exe that was started
// when the file says, so that no stranger is meant who got its number.
func (p *postgres) recorded() (windows.Handle, bool) {
	content, _ := os.ReadFile(filepath.Join(p.cluster, "postmaster.pid"))
	lines := strings.Split(string(content), "\n") // its number, folder, time of start, …
	if len(lines) < 3 {
		return 0, false
	}
	pid, noNumber := strconv.ParseUint(strings.TrimSpace(lines[0]), 10, 32)
	seconds, noTime := strconv.ParseInt(strings.TrimSpace(lines[2]), 10, 64)
	if noNumber != nil || noTime != nil {
		return 0, false
	}
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.PROCESS_TERMINATE|windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return 0, false
	}
	var created, exited, kernel, user windows.Filetime
	name, size := make([]uint16, windows.MAX_LONG_PATH), uint32(windows.MAX_LONG_PATH)
	if windows.GetProcessTimes(process, &created, &exited, &kernel, &user) == nil &&
		windows.QueryFullProcessImageName(process, 0, &name[0], &size) == nil &&
		strings.EqualFold(filepath.Base(windows.UTF16ToString(name[:size])), "postgres.exe") &&
		time.Unix(seconds, 0).Sub(time.Unix(0, created.Nanoseconds())).Abs() < time.Minute {
		return process, true
	}
	_ = windows.CloseHandle(process)
	return 0, false
}

func processExists(pid int) bool {
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	_ = process.Release()
	return true
}

// command prepares a server program that works in a cluster. It has no console of
// ours, whose Ctrl-C is for us, and ends with us at the latest.
func (p *postgres) command(ctx context.Context, program, cluster string, _ *os.File, args ...string) (cmd *exec.Cmd, folder io.Closer, err error) {
	if err := dieWithUs(); err != nil {
		return nil, nil, err
	}
	cmd = exec.CommandContext(ctx, filepath.Join(short(p.programs), program+exe), append([]string{"-D", short(cluster)}, args...)...)
	p.account.become(cmd)
	return cmd, io.NopCloser(nil), nil
}

// dieWithUs puts this process into a job whose processes end with the last handle of
// it, which is ours: children belong to the job from their start.
var dieWithUs = sync.OnceValue(func() error {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return fmt.Errorf("make a job object: %w", err)
	}
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits))); err != nil { //nolint:gosec // what the call takes
		return fmt.Errorf("make a job object: %w", err)
	}
	if err := windows.AssignProcessToJobObject(job, windows.CurrentProcess()); err != nil {
		return fmt.Errorf("join a job object: %w", err)
	}
	return nil
})

// short is a name of the path without letters that PostgreSQL's programs may miss:
// they know those of the system's code page alone. Where there is none it is the path.
func short(path string) string {
	if strings.IndexFunc(path, func(r rune) bool { return r > '~' }) < 0 {
		return path
	}
	from, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return path
	}
	to := make([]uint16, windows.MAX_LONG_PATH)
	n, err := windows.GetShortPathName(from, &to[0], windows.MAX_LONG_PATH)
	if err != nil || n == 0 || n > windows.MAX_LONG_PATH {
		return path
	}
	return windows.UTF16ToString(to[:n])
}
