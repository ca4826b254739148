package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Round is what one round of one contender came to.
type Round struct {
	Requests int           `json:"requests"`
	Wrong    int           `json:"wrong"` // answers other than the expected ones
	Time     time.Duration `json:"time_ns"`
	P50      time.Duration `json:"p50_ns,omitempty"` // 0: not known
	P99      time.Duration `json:"p99_ns,omitempty"`
	CPU      time.Duration `json:"cpu_ns,omitempty"`         // of the contender's own processes
	Engines  time.Duration `json:"engines_cpu_ns,omitempty"` // of the databases meanwhile
	Example  string        `json:"example,omitempty"`        // of a wrong answer
}

// Measured is a contender with its rounds.
type Measured struct {
	Name    string  `json:"name"`
	Problem string  `json:"problem,omitempty"` // why it has no rounds
	Rounds  []Round `json:"rounds"`
	Memory  uint64  `json:"peak_memory_bytes,omitempty"`
}

// Stat sums rounds up.
type Stat struct{ Median, Min, Max float64 }

func statOf(values []float64) Stat {
	if len(values) == 0 {
		return Stat{}
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return Stat{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Min: sorted[0], Max: sorted[n-1]}
}

func (m Measured) stat(of func(Round) float64) Stat {
	values := make([]float64, len(m.Rounds))
	for i, r := range m.Rounds {
		values[i] = of(r)
	}
	return statOf(values)
}

// Rate is how many expected answers came in a second.
func (m Measured) Rate() Stat {
	return m.stat(func(r Round) float64 { return ratio(float64(r.Requests-r.Wrong), r.Time.Seconds()) })
}

// P50 is the median latency, in milliseconds.
func (m Measured) P50() Stat { return m.stat(func(r Round) float64 { return milliseconds(r.P50) }) }

// P99 is the latency that one request in a hundred exceeds, in milliseconds.
func (m Measured) P99() Stat { return m.stat(func(r Round) float64 { return milliseconds(r.P99) }) }

// CPU is what a request costs the contender, in microseconds.
func (m Measured) CPU() Stat { return m.stat(func(r Round) float64 { return perRequest(r.CPU, r) }) }

// Engines is what a request costs the databases, in microseconds.
func (m Measured) Engines() Stat {
	return m.stat(func(r Round) float64 { return perRequest(r.Engines, r) })
}

// Wrong counts the unexpected answers of all rounds.
func (m Measured) Wrong() (n int) {
	for _, r := range m.Rounds {
		n += r.Wrong
	}
	return n
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func perRequest(d time.Duration, r Round) float64 {
	return ratio(float64(d)/float64(time.Microsecond), float64(r.Requests))
}

// ratio is 0 when there is nothing to divide by.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// contender is who takes part in a benchmark.
type contender struct {
	name string
	// problem tells why it cannot take part; the tables show it.
	problem error
	process *process // whose CPU and memory count; nil: not measured
	// prepare makes ready for a round, unmeasured. It may be nil.
	prepare func(ctx context.Context) error
	// round works for as long as d.
	round func(ctx context.Context, d time.Duration) (Round, error)
}

// interleave warms every contender up and then lets them run in turns, so that
// what happens to the machine happens to all of them.
func (l *lab) interleave(ctx context.Context, contenders ...contender) ([]Measured, error) {
	all := make([]Measured, len(contenders))
	for i, c := range contenders {
		all[i] = Measured{Name: c.name}
		if c.problem != nil {
			all[i].Problem = c.problem.Error()
		}
	}
	for n := range l.plan.Rounds + 1 {
		for i, c := range contenders {
			if c.problem != nil {
				continue
			}
			d := cmp.Or(l.plan.Round, time.Second)
			if n == 0 {
				d = l.plan.WarmUp
			}
			r, err := l.round(ctx, c, d)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if n > 0 {
				all[i].Rounds = append(all[i].Rounds, r)
			}
		}
	}
	var errs []error
	for i, c := range contenders {
		if c.problem == nil && c.process != nil {
			var err error
			all[i].Memory, err = c.process.peakMemory()
			errs = append(errs, err)
		}
	}
	return all, errors.Join(errs...)
}

// round runs one round with the databases' dirty pages written before it, and
// accounts for the CPU.
func (l *lab) round(ctx context.Context, c contender, d time.Duration) (Round, error) {
	if c.prepare != nil {
		if err := c.prepare(ctx); err != nil {
			return Round{}, err
		}
	}
	if _, err := l.admin.Exec(ctx, "CHECKPOINT"); err != nil {
		return Round{}, fmt.Errorf("checkpoint: %w", err)
	}
	before, enginesBefore, err := l.cpu(c)
	if err != nil {
		return Round{}, err
	}
	r, err := c.round(ctx, d)
	if err != nil {
		return Round{}, err
	}
	after, enginesAfter, err := l.cpu(c)
	if err != nil {
		return Round{}, err
	}
	r.Engines = enginesAfter - enginesBefore
	if c.process != nil {
		r.CPU = after - before
	}
	return r, ctx.Err()
}

func (l *lab) cpu(c contender) (own, engines time.Duration, err error) {
	if engines, err = l.engines.cpu(); err != nil {
		return 0, 0, err
	}
	if c.process != nil {
		own, err = c.process.cpu()
	}
	return own, engines, err
}
