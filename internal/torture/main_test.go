package torture

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/clock"
	"esoz/internal/testkit"
)

var (
	full     = flag.Bool("full", false, "do as much as docs/reliability.md tells of")
	reportTo = flag.String("report", "", "file that a run writes what it did to")
	seed     = flag.Uint64("seed", rand.Uint64(), "what made-up input starts from; a failure tells its own")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := drawAsMany(amount(100, 5_000)); err != nil {
		fmt.Fprintln(os.Stderr, "rapid:", err)
		os.Exit(2)
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

// trial is a line of docs/reliability.md.
type trial struct {
	ID     string // of the test in PRODUCT D2: T7
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

// Did lists what was done: 1 000 rounds, 64 000 requests.
func (tr *trial) Did() string {
	texts := make([]string, len(tr.figures))
	for i, f := range tr.figures {
		texts[i] = grouped(f.n) + " " + f.what
	}
	return strings.Join(texts, ", ")
}

// Verdict is what the table says of the trial.
func (tr *trial) Verdict() string {
	if tr.Failed {
		return "failed"
	}
	return "held"
}

// grouped writes a number with its thousands apart.
func grouped(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}

var page = template.Must(template.New("report").Parse(`<!-- Written by make torture; nothing here is typed by hand. -->
# Reliability

What a run of ` + "`make torture`" + ` on {{.Date}} did, in {{.Took}}, on {{.CPUs}} cores that the server, its databases and its tormentors shared. [docs/security.md](security.md) tells what is promised.

|  | what must hold | what was done | took |  |
|---|---|---|---|---|
{{range .Trials}}| {{.ID}} | {{.Proves}} | {{.Did}} | {{.Took}} | {{.Verdict}} |
{{end}}`))

func writeReport(file string, took time.Duration) error {
	all := slices.Clone(trials.all)
	slices.SortStableFunc(all, func(a, b *trial) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Proves, b.Proves))
	})
	for _, tr := range all {
		tr.Took = tr.Took.Round(time.Second)
	}
	var text strings.Builder
	err := page.Execute(&text, map[string]any{
		"Date": clock.New().Now().Format(time.DateOnly), "Took": took.Round(time.Second), "CPUs": runtime.NumCPU(), "Trials": all,
	})
	if err != nil {
		return fmt.Errorf("render: %w", err)
	}
	return os.WriteFile(file, []byte(text.String()), 0o644)
}

func TestGrouped(t *testing.T) {
	t.Parallel()
	for n, text := range map[int]string{0: "0", 999: "999", 1000: "1 000", 1234567: "1 234 567"} {
		require.Equal(t, text, grouped(n))
	}
}
