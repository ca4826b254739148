package bench

import (
	"fmt"
	"syscall"

	"github.com/prometheus/procfs"
)

// dieWithUs has the kernel stop a child when we end.
func dieWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }

// hardware is the model of the processor and the memory in bytes.
func hardware() (cpu string, memory uint64, err error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return "", 0, fmt.Errorf("read /proc: %w", err)
	}
	cpus, err := fs.CPUInfo()
	if err != nil {
		return "", 0, fmt.Errorf("read /proc/cpuinfo: %w", err)
	}
	if len(cpus) > 0 {
		cpu = cpus[0].ModelName
	}
	info, err := fs.Meminfo()
	if err != nil {
		return "", 0, fmt.Errorf("read /proc/meminfo: %w", err)
	}
	if info.MemTotalBytes != nil {
		memory = *info.MemTotalBytes
	}
	return cpu, memory, nil
}
