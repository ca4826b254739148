package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// process is a child of ours. It ends with us, whatever ends us.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string        // what it prints
	rude bool          // it is killed, not asked to stop
	done chan struct{} // closed when it has ended
	err  error         // how it ended; to be read after done
}

const stopPatience = 20 * time.Second

// launch starts a program in a process group of its own: Ctrl-C is for us, and
// we stop our children in order. What it prints goes to the file log.
func launch(name, log string, cmd *exec.Cmd) (*process, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer output.Close() // the child has it from here
	if cmd.Stdout == nil {
		cmd.Stdout = output
	}
	cmd.Stderr = output
	p := &process{name: name, cmd: cmd, log: log, done: make(chan struct{})}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithUs(cmd.SysProcAttr)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the parent-death signal comes when this thread ends
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// stop ends the process politely, and then not.
func (p *process) stop() error {
	if p.rude {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended already
		<-p.done
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // the same
	select {
	case <-p.done:
		return nil
	case <-time.After(stopPatience):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
		return fmt.Errorf("%s did not stop within %s and was killed", p.name, stopPatience)
	}
}

// await calls ready until it is true. It fails when the process ends before.
func (p *process) await(ctx context.Context, patience time.Duration, ready func(ctx context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !ready(ctx) {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it was ready: %w%s", p.name, p.err, p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w%s", p.name, ctx.Err(), p.lastWords())
		case <-ticker.C:
		}
	}
	return nil
}

// exists tells whether a file is there.
func exists(file string) func(context.Context) bool {
	return func(context.Context) bool {
		_, err := os.Stat(file)
		return err == nil
	}
}

// cpu is what the process and its descendants have used, those included that
// have ended.
func (p *process) cpu() (time.Duration, error) {
	var total time.Duration
	err := p.each(func(one procfs.Proc, stat procfs.ProcStat) error {
		total += ticks(stat)
		return nil
	})
	return total, err
}

// userHZ is the unit of the times in /proc, on every Linux that Go knows.
const userHZ = 100

// ticks is the time of a process and of the children that it has waited for.
func ticks(s procfs.ProcStat) time.Duration {
	n := time.Duration(s.UTime+s.STime) + time.Duration(s.CUTime+s.CSTime) //nolint:gosec // hundredths of a second
	return n * time.Second / userHZ
}

// peakMemory is the most that the process and its descendants have held, in bytes.
func (p *process) peakMemory() (uint64, error) {
	return p.memory(func(s procfs.ProcStatus) uint64 { return s.VmHWM })
}

// residentMemory is what they hold now, in bytes.
func (p *process) residentMemory() (uint64, error) {
	return p.memory(func(s procfs.ProcStatus) uint64 { return s.VmRSS })
}

func (p *process) memory(of func(procfs.ProcStatus) uint64) (total uint64, err error) {
	err = p.each(func(one procfs.Proc, _ procfs.ProcStat) error {
		status, err := one.NewStatus()
		if err != nil {
			return err
		}
		total += of(status)
		return nil
	})
	return total, err
}

// each visits the process and its descendants. Those that end meanwhile are
// passed over.
func (p *process) each(visit func(procfs.Proc, procfs.ProcStat) error) error {
	all, err := procfs.AllProcs()
	if err != nil {
		return fmt.Errorf("read /proc: %w", err)
	}
	children, found := map[int][]int{}, map[int]procfs.Proc{}
	stats := map[int]procfs.ProcStat{}
	for _, one := range all {
		stat, err := one.Stat()
		if err != nil {
			continue
		}
		children[stat.PPID] = append(children[stat.PPID], one.PID)
		found[one.PID], stats[one.PID] = one, stat
	}
	for _, pid := range tree(p.cmd.Process.Pid, children) {
		if _, alive := found[pid]; !alive {
			continue
		}
		if err := visit(found[pid], stats[pid]); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("read /proc of %s: %w", p.name, err)
		}
	}
	return nil
}

// tree lists a process and its descendants.
func tree(root int, children map[int][]int) []int {
	pids := []int{root}
	for i := 0; i < len(pids); i++ {
		pids = append(pids, children[pids[i]]...)
	}
	return pids
}

// lastWords is the end of what the process has printed, to be added to an error.
func (p *process) lastWords() string {
	const most = 2000
	text, err := os.ReadFile(p.log)
	if err != nil || len(text) == 0 {
		return ""
	}
	return "; it said:\n" + string(text[max(0, len(text)-most):])
}
