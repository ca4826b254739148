package app

import (
	"log/slog"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// memoryShare is the part of the memory at which garbage is collected more often. The rest is for what Go does not count.
const memoryShare = 0.9

// LimitMemory sets the limit of the garbage collector to most of what the cgroup or the machine has, unless GOMEMLIMIT
// says otherwise.
func LimitMemory(logger *slog.Logger) {
	_, err := memlimit.Set(
		memlimit.WithRatio(memoryShare),
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)),
	)
	if err != nil {
		logger.Warn("no limit of memory is set", "error", err)
	}
}
