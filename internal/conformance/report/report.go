// Package report writes the outcome of many checks for people and for CI: a
// page that can be read on a screen, on a phone and on paper, and JUnit XML.
package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// Report is what was checked, by suite.
type Report struct {
	Title    string
	Subtitle string
	Facts    []Fact // what the report is of: address, version, date
	Suites   []Suite
}

// Fact is one line above the results.
type Fact struct{ Name, Value string }

// Suite is a group of cases, as a rule those of one operation.
type Suite struct {
	Name  string // the operation's id
	Title string
	Call  string // its method and path
	Cases []Case
}

// Case is one check.
type Case struct {
	ID      string // the id of a rule or of a case of the world
	Title   string
	Outcome Outcome
	Detail  string // why it failed, or what was seen; several lines are kept
	Source  string // where the check is documented
	Took    time.Duration
}

// Outcome says how a case ended.
type Outcome string

// Outcomes. Missing is for what nobody has tried; it is a failure only to those
// who asked for it.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Missing Outcome = "missing"
	Skipped Outcome = "skipped"
)

// Outcomes in the order in which they are told.
var Outcomes = []Outcome{Passed, Failed, Missing, Skipped}

// Count tells how many cases ended in a way.
func (r *Report) Count(outcome Outcome) int {
	n := 0
	for _, s := range r.Suites {
		n += s.Count(outcome)
	}
	return n
}

// Total tells how many cases there are.
func (r *Report) Total() int {
	n := 0
	for _, s := range r.Suites {
		n += len(s.Cases)
	}
	return n
}

// Count tells how many cases of the suite ended in a way.
func (s Suite) Count(outcome Outcome) int {
	n := 0
	for _, c := range s.Cases {
		if c.Outcome == outcome {
			n++
		}
	}
	return n
}

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"outcomes": func() []Outcome { return Outcomes },
	"millis":   func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) },
}).Parse(page))

// WriteHTML writes one page that needs nothing beside it.
func (r *Report) WriteHTML(w io.Writer) error {
	if err := pageTemplate.Execute(w, r); err != nil {
		return fmt.Errorf("write HTML: %w", err)
	}
	return nil
}

// WriteJUnit writes the report as CI systems read it. A missing case is a
// skipped one there.
func (r *Report) WriteJUnit(w io.Writer) error {
	all := junit.Testsuites{Name: text(r.Title)}
	var took time.Duration
	for i, s := range r.Suites {
		suite := junit.Testsuite{Name: text(s.Name), ID: i}
		for _, fact := range r.Facts {
			suite.AddProperty(text(fact.Name), text(fact.Value))
		}
		var suiteTook time.Duration
		for _, c := range s.Cases {
			suiteTook += c.Took
			suite.AddTestcase(testcase(s, c))
		}
		suite.Time = seconds(suiteTook)
		took += suiteTook
		all.AddSuite(suite)
	}
	all.Time = seconds(took)
	if _, err := io.WriteString(w, xmlHeader); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	if err := all.WriteXML(w); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	return nil
}

const xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

func testcase(s Suite, c Case) junit.Testcase {
	name := c.ID
	if c.Title != "" {
		name += ": " + c.Title
	}
	tc := junit.Testcase{Name: text(name), Classname: text(s.Name), Time: seconds(c.Took)}
	result := &junit.Result{Message: text(firstLine(c.Detail)), Data: text(c.Detail)}
	switch c.Outcome {
	case Failed:
		tc.Failure = result
	case Missing, Skipped:
		tc.Skipped = result
	case Passed:
		if c.Detail != "" {
			tc.SystemOut = &junit.Output{Data: text(c.Detail)}
		}
	}
	return tc
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// text keeps what XML can hold: an answer may have any character.
func text(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r >= 0x20 && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd, r >= 0x10000:
			return r
		case r == '\r':
			return -1
		}
		return '\uFFFD'
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
