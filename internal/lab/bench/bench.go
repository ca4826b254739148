// Package bench measures the server beside what it can be compared with: a bare
// server that does the same statements, pgbench, and the mock servers that
// people use in its place. A run starts everything itself,
// judges the goals and renders what it has found.
package bench

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"esoz/internal/platform/clock"
)

// Plan tells how much is measured.
type Plan struct {
	Name    string        `json:"name"`
	WarmUp  time.Duration `json:"warm_up_ns"`
	Round   time.Duration `json:"round_ns"`
	Rounds  int           `json:"rounds"`
	Clients int           `json:"clients"` // of a closed loop

	Documents int           `json:"documents"` // B3: changed in a round
	Armings   int           `json:"armings"`   // B3: of the hot document
	Callers   int           `json:"callers"`   // B3: who want a document at the same time
	Phones    int           `json:"phones"`    // B4
	Codes     float64       `json:"codes"`     // B4: a second, in the open loop
	Mixed     time.Duration `json:"mixed_ns"`  // B5: at each rate
	Sizes     []int         `json:"sizes"`     // growth: divisions
	Records   []int         `json:"records"`   // records: encounters of a patient
	Referrals []int         `json:"referrals"` // referrals: service requests, in a store that uses its indexes
	Steady    float64       `json:"steady"`    // B1, growth: requests a second of the open loop
	Starts    int           `json:"starts"`
	Workers   int           `json:"workers"`  // worlds: of parallel tests
	Worlds    int           `json:"worlds"`   // worlds: of each of them
	Micro     time.Duration `json:"micro_ns"` // of a Go benchmark
}

// Full is the plan of the published figures.
func Full() Plan {
	return Plan{
		Name: "full", WarmUp: 5 * time.Second, Round: 20 * time.Second, Rounds: 5, Clients: 16,
		Documents: 100, Armings: 200, Callers: 64, Phones: 20_000, Codes: 500, Mixed: 5 * time.Minute,
		Sizes: []int{1000, 100_000, 1_000_000}, Records: []int{1000, 100_000}, Referrals: []int{1000, 1_000_000}, Steady: 300, Starts: 7, Workers: 8, Worlds: 50, Micro: 2 * time.Second,
	}
}

// Quick is a look at the same figures in less than three minutes.
func Quick() Plan {
	return Plan{
		Name: "quick", WarmUp: 500 * time.Millisecond, Round: time.Second, Rounds: 2, Clients: 16,
		Documents: 20, Armings: 3, Callers: 64, Phones: 2000, Codes: 500, Mixed: 2 * time.Second,
		Sizes: []int{1000, 20_000}, Records: []int{100, 1000}, Referrals: []int{1000, 20_000}, Steady: 300, Starts: 3, Workers: 8, Worlds: 5, Micro: 200 * time.Millisecond,
	}
}

// Options of a run.
type Options struct {
	Plan     Plan
	Only     []string // ids of the benchmarks that run; empty: all
	Dir      string   // where the run keeps its files; it is emptied
	Codifier string   // file of the national codifier of settlements; empty: none
	MongoURI string   // a document store in place of the sandbox's
	NoPeers  bool     // B1 without the mock servers
	Self     string   // the program that runs Engines and the floor: ourselves
	Progress io.Writer
}

// Results is everything that a run has found.
type Results struct {
	Machine    Machine     `json:"machine"`
	Plan       Plan        `json:"plan"`
	Benchmarks []Benchmark `json:"benchmarks"`
}

// Benchmark is what one benchmark has found.
type Benchmark struct {
	ID      string     `json:"id"`
	Title   string     `json:"title"`
	About   string     `json:"about"`
	Problem string     `json:"problem,omitempty"` // why it came to nothing
	Steady  bool       `json:"steady,omitempty"`  // the rates are given, and the latencies are what counts
	Rows    []Measured `json:"rows,omitempty"`
	Figures []Figure   `json:"figures,omitempty"`
	Micro   []Micro    `json:"micro,omitempty"`
	Goals   []Goal     `json:"goals,omitempty"`
}

// Figure is a value that is no rate of requests.
type Figure struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Values []float64 `json:"values"`
}

// Stat sums the values up.
func (f Figure) Stat() Stat { return statOf(f.Values) }

// row is the row of a name; one without rounds when there is none.
func (b *Benchmark) row(name string) Measured {
	for _, row := range b.Rows {
		if row.Name == name {
			return row
		}
	}
	return Measured{Name: name}
}

func (b *Benchmark) figure(name, unit string, values ...float64) {
	b.Figures = append(b.Figures, Figure{Name: name, Unit: unit, Values: values})
}

// all benchmarks, in the order of the tables.
var all = []struct {
	id, title string
	run       func(*lab, context.Context, *Benchmark) error
}{
	{"B1", "Create Division", (*lab).b1},
	{"B2", "Refusals", (*lab).b2},
	{"B3", "Contended transitions", (*lab).b3},
	{"B4", "One-time codes", (*lab).b4},
	{"B5", "Mixed flow", (*lab).b5},
	{"B6", "Declarations", (*lab).b6},
	{"B7", "Encounter packages", (*lab).b7},
	{"growth", "Growing data", (*lab).growth},
	{"records", "Growing records of a patient", (*lab).records},
	{"referrals", "Growing referrals", (*lab).referrals},
	{"start", "Starting up", (*lab).start},
	{"worlds", "A world for every test", (*lab).worlds},
	{"parts", "Parts of a request", (*lab).micro},
}

// IDs names the benchmarks.
func IDs() string {
	ids := make([]string, len(all))
	for i, b := range all {
		ids[i] = b.id
	}
	return strings.Join(ids, ", ")
}

// Run measures. A benchmark that fails is told of in the results and does not
// keep the others from running; only the end of ctx does.
func Run(ctx context.Context, o Options) (_ *Results, err error) {
	l, err := newLab(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = join(err, l.close()) }()
	if err := l.build(ctx); err != nil {
		return nil, err
	}
	results := &Results{Plan: o.Plan}
	if results.Machine, err = l.machine(ctx); err != nil {
		return nil, err
	}
	for _, one := range all {
		if !wanted(o.Only, one.id) {
			continue
		}
		fmt.Fprintf(o.Progress, "%s %s …", one.id, one.title)
		took := clock.Stopwatch()
		b := Benchmark{ID: one.id, Title: one.title}
		err := one.run(l, ctx, &b)
		fmt.Fprintf(o.Progress, " %s\n", took().Round(time.Second))
		if err := l.stopChildren(); err != nil { // the figures are there
			fmt.Fprintf(o.Progress, "after %s: %s\n", one.id, err)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			b.Problem = err.Error()
			fmt.Fprintf(o.Progress, "%s failed: %s\n", one.id, err)
		}
		results.Benchmarks = append(results.Benchmarks, b)
	}
	return results, nil
}
