package conformance

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"esoz/gen/rules"
	"esoz/internal/conformance/report"
)

// Where the cases of a run are from.
const (
	FromFile   = "from a file"
	FromServer = "the server's own"
	FromHere   = "the sandbox's, built in"
)

// Results of a run.
type Results struct {
	BaseURL string
	Version string // of the contract
	World   string // where the cases are from: FromFile, FromServer or FromHere
	Renewed bool   // the server was given new worlds and other settings
	At      time.Time
	Took    time.Duration
	Results []Result
	Rules   []rules.Rule // that were asked for
}

// Verdict on a documented check.
type Verdict struct {
	rules.Rule
	Outcome report.Outcome
	// How many requests it answered as documented, and did not.
	Passed, Failed, Skipped int
}

// Verdicts on the documented checks, in the order of the contract. A check is
// met when every request that it should have answered was answered by it.
func (r *Results) Verdicts() []Verdict {
	places := map[rules.ID]int{}
	verdicts := make([]Verdict, len(r.Rules))
	for i, rule := range r.Rules {
		places[rule.ID], verdicts[i] = i, Verdict{Rule: rule}
	}
	for _, result := range r.Results {
		for _, id := range result.Rules {
			i, chosen := places[id]
			if !chosen {
				continue
			}
			switch result.Outcome {
			case report.Passed:
				verdicts[i].Passed++
			case report.Failed:
				verdicts[i].Failed++
			default:
				verdicts[i].Skipped++
			}
		}
	}
	for i, v := range verdicts {
		switch {
		case v.Failed > 0:
			verdicts[i].Outcome = report.Failed
		case v.Passed > 0:
			verdicts[i].Outcome = report.Passed
		case v.Skipped > 0:
			verdicts[i].Outcome = report.Skipped
		default:
			verdicts[i].Outcome = report.Missing
		}
	}
	return verdicts
}

// Met counts the documented checks that were met.
func (r *Results) Met() int {
	n := 0
	for _, v := range r.Verdicts() {
		if v.Outcome == report.Passed {
			n++
		}
	}
	return n
}

// Unasked are the documented checks that no case of the world names.
func (r *Results) Unasked() []rules.Rule {
	var unasked []rules.Rule
	for _, v := range r.Verdicts() {
		if v.Outcome == report.Missing {
			unasked = append(unasked, v.Rule)
		}
	}
	return unasked
}

// Conforms tells whether nothing was missed. A world that the server tells of
// itself must ask for every check: it would be easy to pass by asking for few.
func (r *Results) Conforms() bool {
	return r.Count(report.Failed) == 0 && (r.World == FromFile || len(r.Unasked()) == 0)
}

// Count tells how many requests ended in a way.
func (r *Results) Count(outcome report.Outcome) int {
	n := 0
	for _, result := range r.Results {
		if result.Outcome == outcome {
			n++
		}
	}
	return n
}

// Orders counts the requests that break two rules.
func (r *Results) Orders() int {
	n := 0
	for _, result := range r.Results {
		if len(result.Before) > 0 {
			n++
		}
	}
	return n
}

// Summary is one line.
func (r *Results) Summary() string {
	line := fmt.Sprintf("%d of %d documented checks: %d of %d requests answered as documented (%d for the order of checks)",
		r.Met(), len(r.Rules), r.Count(report.Passed), len(r.Results), r.Orders())
	if failed := r.Count(report.Failed); failed > 0 {
		line += fmt.Sprintf("; %d missed", failed)
	}
	if skipped := r.Count(report.Skipped); skipped > 0 {
		line += fmt.Sprintf("; %d skipped", skipped)
	}
	if unasked := r.Unasked(); len(unasked) > 0 {
		line += fmt.Sprintf("; %d checks without a case", len(unasked))
	}
	return line
}

// operations are the results by operation, the gateway's own first.
func (r *Results) operations() [][]Result {
	sorted := slices.Clone(r.Results)
	slices.SortStableFunc(sorted, func(a, b Result) int { return cmp.Compare(a.OperationID, b.OperationID) })
	var groups [][]Result
	for i, result := range sorted {
		if i == 0 || result.OperationID != sorted[i-1].OperationID {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], result)
	}
	return groups
}

func nameOf(operation string) string { return cmp.Or(operation, "(unknown paths)") }

// shownMisses are told in full on a terminal, unless all are wanted.
const shownMisses = 20

// WriteTable writes the counts of each operation and, of each of its rules that
// was not met or when all is set, those of the rule; then the misses.
func (r *Results) WriteTable(out io.Writer, all bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "passed\tfailed\tskipped\torder\t  operation, rule")
	for _, results := range r.operations() {
		total, byRule, ids := tally{}, map[rules.ID]tally{}, []rules.ID{}
		for _, result := range results {
			total = total.add(result)
			for _, id := range result.Rules {
				if _, seen := byRule[id]; !seen {
					ids = append(ids, id)
				}
				byRule[id] = byRule[id].add(result)
			}
		}
		fmt.Fprintf(w, "%s\t  %s\n", total, nameOf(results[0].OperationID))
		for _, id := range ids {
			if t := byRule[id]; all || t.failed > 0 || t.passed == 0 {
				fmt.Fprintf(w, "%s\t    %s\n", t, id)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	shown := 0
	for _, result := range r.Results {
		if result.Outcome != report.Failed {
			continue
		}
		if shown == shownMisses && !all {
			fmt.Fprintf(out, "\n… and %d more misses: --verbose prints them all, --html and --junit write them\n", r.Count(report.Failed)-shown)
			break
		}
		fmt.Fprintf(out, "\nMISS %s: %s\n%s\n", result.ID, result.Title, indented(result.detail()))
		shown++
	}
	if r.World != FromFile {
		for _, rule := range r.Unasked() {
			fmt.Fprintf(out, "\nMISS %s: the world has no case for it\n", rule.ID)
		}
	}
	fmt.Fprintf(out, "\n%s\n", r.Summary())
	return nil
}

type tally struct{ passed, failed, skipped, order int }

func (t tally) add(r Result) tally {
	switch r.Outcome {
	case report.Passed:
		t.passed++
	case report.Failed:
		t.failed++
	default:
		t.skipped++
	}
	if len(r.Before) > 0 {
		t.order++
	}
	return t
}

func (t tally) String() string {
	return fmt.Sprintf("%d\t%d\t%d\t%d", t.passed, t.failed, t.skipped, t.order)
}

func (r Result) detail() string {
	lines := slices.Clone(r.Misses)
	if len(r.Before) > 0 {
		lines = append(lines, "The request also breaks "+joined(r.Before)+", which is checked later.")
	}
	if r.RequestID != "" {
		lines = append(lines, "X-Request-ID: "+r.RequestID)
	}
	return strings.Join(append(lines, r.Curl), "\n")
}

func indented(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// Report is the run as a page or for CI. Requests that break two rules are told
// together, one line for each rule that must answer first.
func (r *Results) Report() *report.Report {
	rep := &report.Report{
		Title: "Conformance with the ESOZ API", Subtitle: r.Summary(),
		Facts: []report.Fact{
			{Name: "Server", Value: r.BaseURL},
			{Name: "Contract", Value: "esoz " + r.Version},
			{Name: "Cases", Value: r.World},
			{Name: "Date", Value: r.At.Format("2006-01-02 15:04 MST")},
			{Name: "Took", Value: r.Took.Round(100 * time.Millisecond).String()},
			{Name: "Lines below", Value: "one for each case, and one for each rule that must answer before others, with all its requests"},
		},
	}
	contract, err := Contract()
	suites := map[string]report.Suite{}
	if err == nil {
		for path, item := range contract.Paths.Map() {
			for method, op := range item.Operations() {
				suites[op.OperationID] = report.Suite{Title: op.Summary, Call: method + " " + path}
			}
		}
	}
	for _, results := range r.operations() {
		operation := results[0].OperationID
		suite := suites[operation]
		suite.Name = nameOf(operation)
		var orders []*order
		for _, result := range results {
			if len(result.Before) == 0 {
				suite.Cases = append(suite.Cases, result.reported())
				continue
			}
			i := slices.IndexFunc(orders, func(o *order) bool { return o.rule == result.Rules[0] })
			if i < 0 {
				i = len(orders)
				orders = append(orders, &order{rule: result.Rules[0], source: source(result)})
			}
			orders[i].results = append(orders[i].results, result)
		}
		for _, o := range orders {
			suite.Cases = append(suite.Cases, o.reported())
		}
		slices.SortStableFunc(suite.Cases, func(a, b report.Case) int { return cmp.Compare(rank(a), rank(b)) })
		rep.Suites = append(rep.Suites, suite)
	}
	if unasked := r.Unasked(); len(unasked) > 0 {
		suite := report.Suite{Name: "(without a case)", Title: "Documented checks that the world does not ask for"}
		for _, rule := range unasked {
			c := report.Case{ID: string(rule.ID), Title: rule.Check, Outcome: report.Failed, Source: rule.Source, Detail: "The world has no case for it."}
			if r.World == FromFile {
				c.Outcome = report.Missing
			}
			suite.Cases = append(suite.Cases, c)
		}
		rep.Suites = append(rep.Suites, suite)
	}
	return rep
}

// rank puts what failed first.
func rank(c report.Case) int {
	if c.Outcome == report.Failed {
		return 0
	}
	return 1
}

func (r Result) reported() report.Case {
	c := report.Case{ID: r.ID, Title: r.Title, Outcome: r.Outcome, Source: source(r), Took: r.Took}
	switch r.Outcome {
	case report.Failed:
		c.Detail = r.detail()
	case report.Skipped:
		c.Detail = r.Reason
	}
	return c
}

// order is what was found out about one rule that must answer before others.
type order struct {
	rule    rules.ID
	source  string
	results []Result
}

func (o *order) reported() report.Case {
	c := report.Case{ID: string(o.rule) + " first", Outcome: report.Passed, Source: o.source}
	var failed []string
	var later []rules.ID
	for _, r := range o.results {
		c.Took += r.Took
		if r.Outcome == report.Failed {
			failed = append(failed, r.ID+": "+r.Title+"\n"+indented(r.detail()))
		}
		if !slices.Contains(later, r.Before[0]) {
			later = append(later, r.Before[0])
		}
	}
	c.Title = fmt.Sprintf("answers where a later check is broken, too: requests %d, later checks %d", len(o.results), len(later))
	if len(failed) > 0 {
		c.Outcome, c.Detail = report.Failed, strings.Join(failed, "\n")
	}
	return c
}

func source(r Result) string {
	var sources []string
	for _, id := range r.Rules {
		if rule, known := rules.Get(id); known && !slices.Contains(sources, rule.Source) {
			sources = append(sources, rule.Source)
		}
	}
	return strings.Join(sources, "; ")
}
