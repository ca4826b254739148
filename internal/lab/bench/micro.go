package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// Micro is what a part of the way of a request costs.
type Micro struct {
	Name   string    `json:"name"`
	Times  []float64 `json:"times_ns"`
	Bytes  float64   `json:"bytes"`
	Allocs float64   `json:"allocs"`
}

// Stat sums the times up, in nanoseconds.
func (m Micro) Stat() Stat { return statOf(m.Times) }

const aboutMicro = `Go benchmarks of what a request meets on its way, one at a time: the token check with its round trip, the decoding and schema validation of a Create Division body, the encoding of its answer, and the look-ups of one address.`

// parts are the packages whose benchmarks run.
var parts = []string{"./internal/platform/auth", "./internal/platform/validation", "./internal/platform/envelope", "./internal/resource/uaddresses"}

// micro runs the Go benchmarks.
func (l *lab) micro(ctx context.Context, b *Benchmark) error {
	b.About = about(aboutMicro)
	args := append([]string{
		"test", "-trimpath", "-p", "1", "-run", "^$", "-bench", ".", "-benchmem",
		"-benchtime", l.plan.Micro.String(), "-count", strconv.Itoa(l.plan.Rounds),
	}, parts...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = l.root
	var failed bytes.Buffer
	cmd.Stderr = &failed
	output, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go test -bench: %w: %s%s", err, output, failed.Bytes())
	}
	b.Micro, err = readMicro(bytes.NewReader(output))
	return err
}

// readMicro reads what go test -bench prints.
func readMicro(r io.Reader) (all []Micro, err error) {
	at := map[string]int{}
	reader := benchfmt.NewReader(r, "go test -bench")
	for reader.Scan() {
		result, ok := reader.Result().(*benchfmt.Result)
		if !ok {
			continue // what tests print in between
		}
		name, _, _ := strings.Cut(result.Name.String(), "-") // the number of cores follows
		name = path.Base(result.GetConfig("pkg")) + "." + name
		if _, known := at[name]; !known {
			at[name] = len(all)
			all = append(all, Micro{Name: name})
		}
		m := &all[at[name]]
		seconds, _ := result.Value("sec/op")
		m.Times = append(m.Times, seconds*1e9)
		m.Bytes, _ = result.Value("B/op")
		m.Allocs, _ = result.Value("allocs/op")
	}
	if err := reader.Err(); err != nil {
		return nil, fmt.Errorf("read benchmarks: %w", err)
	}
	if len(all) == 0 {
		return nil, errors.New("go test -bench measured nothing")
	}
	return all, nil
}
