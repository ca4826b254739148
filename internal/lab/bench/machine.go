package bench

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Machine is what the figures were measured on, and with.
type Machine struct {
	At       time.Time `json:"at"`
	CPU      string    `json:"cpu"`
	Cores    int       `json:"cores"`
	Memory   uint64    `json:"memory_bytes"`
	Kernel   string    `json:"kernel"`
	Versions []Version `json:"versions"`
	Settings []Version `json:"settings"` // of PostgreSQL
}

// Version is the version of a program, or the value of a setting.
type Version struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (l *lab) machine(ctx context.Context) (m Machine, err error) {
	m = Machine{At: l.clock.Now().Truncate(time.Second), Cores: runtime.NumCPU()}
	if m.CPU, m.Memory, err = hardware(); err != nil {
		return m, err
	}
	m.Kernel = firstLine(ctx, "uname", "-sr")
	for _, name := range []string{"server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size", "max_connections"} {
		var value string
		if err := l.admin.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return m, fmt.Errorf("ask PostgreSQL for %s: %w", name, err)
		}
		m.Settings = append(m.Settings, Version{name, value})
	}
	m.Versions = l.versions(ctx)
	return m, nil
}

// dependencies whose versions the figures depend on.
var dependencies = []string{
	"github.com/labstack/echo/v4", "github.com/jackc/pgx/v5", "go.mongodb.org/mongo-driver/v2", "github.com/FerretDB/FerretDB",
	"github.com/riverqueue/river", "github.com/getkin/kin-openapi", "github.com/tsenart/vegeta/v12",
}

func (l *lab) versions(ctx context.Context) []Version {
	found := []Version{
		{"esoz", firstLine(ctx, "git", "-C", l.root, "describe", "--always", "--dirty")},
		{"Go", runtime.Version()},
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, name := range dependencies {
			for _, module := range info.Deps {
				if module.Path == name {
					found = append(found, Version{module.Path, module.Version})
				}
			}
		}
	}
	if program, err := findPgbench(); err == nil {
		found = append(found, Version{"pgbench", firstLine(ctx, program, "--version")})
	}
	return append(found,
		Version{"Node", firstLine(ctx, "node", "--version")},
		Version{"Java", firstLine(ctx, "java", "-version")})
}

// firstLine is what a program prints first; a word when it cannot be run.
func firstLine(ctx context.Context, program string, args ...string) string {
	output, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		return "not installed"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	return line
}
