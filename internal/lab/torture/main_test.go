package torture

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/testkit"
)

var (
	full     = flag.Bool("full", false, "do as much as docs/reliability.md tells of")
	manifold = flag.Int("times", 1, "send so many times as much made-up input, without -full")
	reportTo = flag.String("report", "", "file that a run writes what it did to")
	seed     = flag.Uint64("seed", rand.Uint64(), "what made-up input starts from; a failure tells its own")
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(runChild(dir))
	}
	flag.Parse()
	if err := drawAsMany(draws()); err != nil {
		fmt.Fprintln(os.Stderr, "rapid:", err)
		os.Exit(2)
	}
	for _, op := range app.Operations() {
		if op.Points != nil {
			op.Points.Between = interrupt
		}
	}
	took := clock.Stopwatch()
	code := testkit.Run(m)
	if err := removeProgram(); err != nil {
		fmt.Fprintln(os.Stderr, "remove the server:", err)
		code = max(code, 1)
	}
	if *reportTo != "" {
		if err := writeReport(*reportTo, took()); err != nil {
			fmt.Fprintln(os.Stderr, "write the report:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// amount is how much a run does of something.
func amount(inTests, inFull int) int {
	if *full {
		return inFull
	}
	return inTests
}

// each is the part of one of several in how much a run does of something: the
// total does not grow with the contract.
func each(totalInTests, totalInFull, several int) int {
	return max(1, amount(totalInTests, totalInFull)/several)
}

// draws is how many requests a check of rapid sends. -times sends more made-up
// input: the race detector, which makes that ten times as slow, finds little in
// more of the same.
func draws() int { return amount(*manifold*100, 1_000) }

// trial is a test that docs/reliability.md has a line of.
type trial struct {
	ID     string // T7
	Proves string
	Failed bool
	Took   time.Duration

	mu      sync.Mutex
	figures []figure
}

type figure struct {
	what string
	n    int
}

var trials struct {
	mu  sync.Mutex
	all []*trial
}

// begin notes what a test proves. It ends with the test.
func begin(t *testing.T, id, proves string) *trial {
	t.Helper()
	took := clock.Stopwatch()
	tr := &trial{ID: id, Proves: proves}
	t.Cleanup(func() {
		tr.Failed, tr.Took = t.Failed(), took()
		trials.mu.Lock()
		defer trials.mu.Unlock()
		trials.all = append(trials.all, tr)
	})
	return tr
}

// add counts what the test has done. Goroutines may share the trial.
func (tr *trial) add(what string, n int) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for i := range tr.figures {
		if tr.figures[i].what == what {
			tr.figures[i].n += n
			return
		}
	}
	tr.figures = append(tr.figures, figure{what, n})
}

// outcome is a line of the report.
func (tr *trial) outcome(source string) reported {
	did := make([]string, len(tr.figures))
	for i, f := range tr.figures {
		did[i] = grouped(f.n) + " " + f.what
	}
	return reported{
		ID: tr.ID, Proves: tr.Proves, Did: strings.Join(did, ", "), Held: !tr.Failed,
		Took: tr.Took.Round(time.Second).String(), Date: clock.New().Now().Format(time.DateOnly), Source: source,
	}
}

// grouped writes a number with its thousands apart.
func grouped(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}

// account is what is known of the last runs.
type account struct {
	Took   string // of the last run of everything
	CPUs   int
	Trials []reported
}

type reported struct {
	ID, Proves, Did string
	Held            bool
	Took            string
	Date, Source    string // when, and of which source: git describe
}

// Verdict is what the table says.
func (r reported) Verdict() string {
	if r.Held {
		return "held"
	}
	return "failed"
}

var page = template.Must(template.New("report").Parse(`<!-- Written by make torture; nothing here is typed by hand. -->
# Reliability

What ` + "`make torture`" + ` did on {{.CPUs}} cores that the server, its databases and its tormentors shared. A run of everything took {{.Took}}; a line of another source than the rest comes from a later run of its test alone. [docs/security.md](security.md) tells what is promised.

|  | what must hold | what was done | took | of |  |
|---|---|---|---|---|---|
{{range .Trials}}| {{.ID}} | {{.Proves}} | {{.Did}} | {{.Took}} | {{.Date}}, {{.Source}} | {{.Verdict}} |
{{end}}`))

// writeReport writes what the run did, as JSON and for readers. A run of some
// tests (-run) leaves the lines of the others as they are.
func writeReport(file string, took time.Duration) error {
	var known account
	data := strings.TrimSuffix(file, filepath.Ext(file)) + ".json"
	if flag.Lookup("test.run").Value.String() != "" {
		raw, err := os.ReadFile(data)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(raw, &known); err != nil {
			return fmt.Errorf("read %s: %w", data, err)
		}
	} else {
		known.Took, known.CPUs = took.Round(time.Second).String(), runtime.NumCPU()
	}
	source, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return fmt.Errorf("ask git for the source: %w", err)
	}
	for _, tr := range trials.all {
		now := tr.outcome(string(bytes.TrimSpace(source)))
		known.Trials = slices.DeleteFunc(known.Trials, func(r reported) bool { return r.ID == now.ID && r.Proves == now.Proves })
		known.Trials = append(known.Trials, now)
	}
	slices.SortStableFunc(known.Trials, func(a, b reported) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Proves, b.Proves))
	})
	raw, err := json.MarshalIndent(known, "", "  ")
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := page.Execute(&text, known); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	return errors.Join(os.WriteFile(data, append(raw, '\n'), 0o644), os.WriteFile(file, []byte(text.String()), 0o644))
}

func TestGrouped(t *testing.T) {
	t.Parallel()
	for n, text := range map[int]string{0: "0", 999: "999", 1000: "1 000", 1234567: "1 234 567"} {
		require.Equal(t, text, grouped(n))
	}
}
