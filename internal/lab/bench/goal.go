package bench

import (
	"errors"
	"slices"
	"strings"
)

// Goal is a figure to reach and what was measured.
type Goal struct {
	Text     string  `json:"text"`
	Want     float64 `json:"want"`
	AtLeast  bool    `json:"at_least"` // else: at most
	Unit     string  `json:"unit,omitempty"`
	Measured bool    `json:"measured"`
	Got      float64 `json:"got"`
}

// Verdicts of a goal.
const (
	Met         = "met"
	NotMet      = "not met"
	NotMeasured = "not measured"
)

// Verdict judges a goal.
func (g Goal) Verdict() string {
	switch {
	case !g.Measured:
		return NotMeasured
	case g.AtLeast && g.Got >= g.Want, !g.AtLeast && g.Got <= g.Want:
		return Met
	}
	return NotMet
}

// reach adds a goal that is met by at least so much.
func (b *Benchmark) reach(text string, want, got float64, measured bool) {
	b.Goals = append(b.Goals, Goal{Text: text, Want: want, AtLeast: true, Got: got, Measured: measured})
}

// keep adds a goal that is met by at most so much.
func (b *Benchmark) keep(text string, want, got float64, unit string, measured bool) {
	b.Goals = append(b.Goals, Goal{Text: text, Want: want, Got: got, Unit: unit, Measured: measured})
}

// reachRate adds the goal that one row's rate is at least so much of another's.
func (b *Benchmark) reachRate(text string, want float64, row, of string) {
	one, other := b.row(row), b.row(of)
	b.reach(text, want, ratio(one.Rate().Median, other.Rate().Median), len(one.Rounds) > 0 && len(other.Rounds) > 0)
}

func wanted(only []string, id string) bool {
	return len(only) == 0 || slices.ContainsFunc(only, func(name string) bool { return strings.EqualFold(name, id) })
}

// join is errors.Join that keeps a single error as it is.
func join(errs ...error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
