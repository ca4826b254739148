package bench

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"unicode/utf8"
)

//go:embed *.tmpl
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"goals": goalTable, "rows": rowTable, "figures": figureTable, "micro": microTable,
	"megabytes": megabytes,
}).ParseFS(files, "*.tmpl"))

// WriteTables prints what was found.
func (r *Results) WriteTables(w io.Writer) error {
	if err := templates.ExecuteTemplate(w, "tables.md.tmpl", r); err != nil {
		return fmt.Errorf("render the tables: %w", err)
	}
	return nil
}

// WriteDocument writes benchmarks.md into a folder, and into bench/ under it the
// charts and the figures.
func (r *Results) WriteDocument(folder string) error {
	charts := filepath.Join(folder, "bench")
	if err := errors.Join(os.RemoveAll(charts), os.MkdirAll(charts, 0o755)); err != nil {
		return fmt.Errorf("make the folder of the charts: %w", err)
	}
	figures, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the figures: %w", err)
	}
	if err := os.WriteFile(filepath.Join(charts, "results.json"), append(figures, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	for _, b := range r.Benchmarks {
		if err := b.draw(charts); err != nil {
			return err
		}
	}
	var text strings.Builder
	if err := templates.ExecuteTemplate(&text, "document.md.tmpl", r); err != nil {
		return fmt.Errorf("render the document: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "benchmarks.md"), []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}

// File is the name of the chart.
func (b Benchmark) File() string { return strings.ToLower(b.ID) + ".svg" }

// draw writes the chart of a benchmark that has rows into a folder.
func (b Benchmark) draw(folder string) (err error) {
	if len(b.Rows) == 0 {
		return nil
	}
	file, err := os.Create(filepath.Join(folder, b.File()))
	if err != nil {
		return fmt.Errorf("write a chart: %w", err)
	}
	defer func() { err = join(err, file.Close()) }()
	return b.chart(file)
}

// Goals are those of all benchmarks, each with the id of its own.
func (r *Results) Goals() []BenchmarkGoal {
	var all []BenchmarkGoal
	for _, b := range r.Benchmarks {
		for _, g := range b.Goals {
			all = append(all, BenchmarkGoal{b.ID, g})
		}
	}
	return all
}

// BenchmarkGoal is a goal of a benchmark.
type BenchmarkGoal struct {
	Benchmark string
	Goal
}

func goalTable(goals []BenchmarkGoal) string {
	t := table{{"", "goal", "wanted", "measured", ""}}
	for _, g := range goals {
		sign := "≤"
		if g.AtLeast {
			sign = "≥"
		}
		got := "-"
		if g.Measured {
			got = number(g.Got) + unit(g.Unit)
		}
		t = append(t, []string{g.Benchmark, g.Text, sign + " " + strconv.FormatFloat(g.Want, 'f', -1, 64) + unit(g.Unit), got, g.Verdict()})
	}
	return t.markdown()
}

func rowTable(rows []Measured) string {
	t := table{{"", "requests/s", "p50 ms", "p99 ms", "CPU µs", "databases' CPU µs", "peak MB", "wrong"}}
	for _, m := range rows {
		if m.Problem != "" {
			t = append(t, []string{m.Name, NotMeasured, "", "", "", "", "", ""})
			continue
		}
		t = append(t, []string{
			m.Name, spread(m.Rate()), known(m.P50()), known(m.P99()), known(m.CPU()), spread(m.Engines()),
			megabytes(m.Memory), strconv.Itoa(m.Wrong()),
		})
	}
	return t.markdown()
}

func figureTable(figures []Figure) string {
	t := table{{"", "measured", "unit"}}
	for _, f := range figures {
		t = append(t, []string{f.Name, spread(f.Stat()), f.Unit})
	}
	return t.markdown()
}

func microTable(micro []Micro) string {
	t := table{{"", "time", "bytes", "allocations"}}
	for _, m := range micro {
		t = append(t, []string{m.Name, spread(m.Stat()) + " ns", number(m.Bytes), number(m.Allocs)})
	}
	return t.markdown()
}

// table is rows of cells, the heading first.
type table [][]string

// markdown renders the table so that it can be read as it is, too.
func (t table) markdown() string {
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for n, row := range t {
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if isText(t[0][i]) {
				cell += gap
			} else {
				cell = gap + cell
			}
			b.WriteString("| " + cell + " ")
		}
		b.WriteString("|\n")
		if n == 0 {
			for i, width := range widths {
				b.WriteString("|" + strings.Repeat("-", width+1))
				if isText(t[0][i]) {
					b.WriteString("-")
				} else {
					b.WriteString(":")
				}
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}

// isText tells a column of words from one of numbers by its heading.
func isText(heading string) bool { return heading == "" || heading == "goal" || heading == "unit" }

// spread prints a median with the least and the most of the rounds.
func spread(s Stat) string {
	if s.Min == s.Max {
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", number(s.Median), number(s.Min), number(s.Max))
}

// known is spread of what is never 0 when it is measured.
func known(s Stat) string {
	if s.Max == 0 {
		return "-"
	}
	return spread(s)
}

// number prints three significant digits, and whole numbers whole.
func number(f float64) string {
	switch size := math.Abs(f); {
	case f == math.Trunc(f) && size < 1e6, size >= 100:
		return group(strconv.FormatFloat(f, 'f', 0, 64))
	case size >= 10:
		return strconv.FormatFloat(f, 'f', 1, 64)
	case size >= 1:
		return strconv.FormatFloat(f, 'f', 2, 64)
	case size >= 0.1:
		return strconv.FormatFloat(f, 'f', 3, 64)
	}
	return strconv.FormatFloat(f, 'g', 2, 64)
}

// group sets the thousands of a whole number apart.
func group(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}

func unit(u string) string {
	if u == "" {
		return ""
	}
	return " " + u
}

func megabytes(bytes uint64) string {
	if bytes == 0 {
		return "-"
	}
	return number(math.Round(float64(bytes) / (1 << 20)))
}

// Notes tell why rows are missing, and show an unexpected answer of each row
// that has some.
func (b Benchmark) Notes() []string {
	var found []string
	for _, m := range b.Rows {
		if m.Problem != "" {
			found = append(found, m.Name+": not measured: "+strings.Join(strings.Fields(m.Problem), " "))
		}
		i := slices.IndexFunc(m.Rounds, func(r Round) bool { return r.Example != "" })
		if i >= 0 {
			found = append(found, fmt.Sprintf("%s: %d unexpected, such as %s", m.Name, m.Wrong(), m.Rounds[i].Example))
		}
	}
	return found
}
