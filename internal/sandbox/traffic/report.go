package traffic

import (
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"esoz/gen/rules"
	"esoz/internal/conformance/report"
)

// Report makes a case of every operation and every check: passed when it was
// met, missing when it was not, skipped when it is off. What required names
// must have been met: an operation must have succeeded, a check refused. A name
// is an operationId or the id of a rule, * stands for any part of it.
func (c *Coverage) Report(baseURL string, required []string) (*report.Report, error) {
	if err := c.checkNames(required); err != nil {
		return nil, err
	}
	t := c.Totals
	r := &report.Report{
		Title:    "Coverage of the ESOZ API",
		Subtitle: "Which operations and documented checks a client's traffic has met",
		Facts: []report.Fact{
			{Name: "Server", Value: baseURL},
			{Name: "Since", Value: c.Since.Format("2006-01-02 15:04 MST")},
			{Name: "Requests", Value: fmt.Sprintf("%d: %d succeeded, %d refused, %d failed", t.Requests, t.Succeeded, t.Refused, t.Failed)},
			{Name: "Operations seen", Value: fmt.Sprintf("%d of %d", t.Operations.Met, t.Operations.Of)},
			{Name: "Checks of them met", Value: t.RulesOfSeen.String()},
			{Name: "All checks met", Value: t.Rules.String()},
			{Name: "Requests that broke the schema", Value: fmt.Sprint(t.BrokeSchema)},
			{Name: "Headers missing", Value: fmt.Sprint(t.HeadersMissing)},
			{Name: "Repeated without need", Value: fmt.Sprint(t.Repeats)},
			{Name: "Unknown paths, methods", Value: fmt.Sprintf("%d, %d", c.Unknown.Paths, c.Unknown.Methods)},
			{Name: "Lines below", Value: "passed: met; missing: never met; skipped: switched off; failed: required, and never met"},
		},
	}
	for _, op := range c.Operations {
		suite := report.Suite{Name: op.ID, Title: op.Summary, Call: op.Method + " " + op.Path}
		suite.Cases = append(suite.Cases, op.reportCase(named(required, op.ID)))
		for _, rule := range op.Rules {
			if !isGateways(rule.ID) {
				suite.Cases = append(suite.Cases, rule.reportCase(named(required, string(rule.ID))))
			}
		}
		r.Suites = append(r.Suites, suite)
	}
	gateway := report.Suite{Name: "gateway", Title: "Before all operations"}
	for _, rule := range c.gateway() {
		gateway.Cases = append(gateway.Cases, rule.reportCase(named(required, string(rule.ID))))
	}
	r.Suites = append(r.Suites, gateway)
	return r, nil
}

func (p Progress) String() string {
	return fmt.Sprintf("%d of %d (%.0f %%)", p.Met, p.Of, p.Percent())
}

func isGateways(id rules.ID) bool {
	rule, known := rules.Get(id)
	return known && rule.Operation == ""
}

// gateway adds up the gateway's and the router's checks over all operations.
func (c *Coverage) gateway() []RuleCoverage {
	sum := map[rules.ID]RuleCoverage{}
	for _, op := range c.Operations {
		for _, rule := range op.Rules {
			if before, ok := sum[rule.ID]; ok {
				rule.Count += before.Count
				if before.State == Met {
					rule.State = Met
				}
			}
			sum[rule.ID] = rule
		}
	}
	var listed []RuleCoverage
	for _, rule := range rules.OfOperation("") {
		shown, ok := sum[rule.ID]
		if !ok {
			shown = RuleCoverage{ID: rule.ID, Check: rule.Check, Source: rule.Source, Status: rule.Status, State: Never}
			shown.Count = map[rules.ID]int{rules.GatewayPath: c.Unknown.Paths, rules.GatewayMethod: c.Unknown.Methods}[rule.ID]
			if shown.Count > 0 {
				shown.State = Met
			}
		}
		listed = append(listed, shown)
	}
	return listed
}

func (o *OperationCoverage) reportCase(required bool) report.Case {
	c := report.Case{ID: o.ID, Title: "has succeeded", Outcome: report.Missing}
	if o.Succeeded > 0 {
		c.Outcome = report.Passed
	} else if required {
		c.Outcome = report.Failed
	}
	if o.Seen == 0 {
		c.Detail = "Never called."
		return c
	}
	detail := []string{fmt.Sprintf("Called %s: %d succeeded, %d refused, %d failed.", times(o.Seen), o.Succeeded, o.Refused, o.Failed)}
	if n := o.BrokeSchema.Requests; n > 0 {
		var ids []string
		for _, id := range slices.Sorted(maps.Keys(o.BrokeSchema.Rules)) {
			ids = append(ids, string(id))
		}
		detail = append(detail, fmt.Sprintf("Broke the schema %s: %s.", times(n), strings.Join(ids, ", ")))
	}
	for _, header := range []struct {
		name string
		n    int
	}{
		{"Authorization", o.HeadersMissing.Authorization},
		{"API-key", o.HeadersMissing.APIKey},
		{"Content-Type", o.HeadersMissing.ContentType},
		{"X-Request-ID (optional)", o.HeadersMissing.RequestID},
	} {
		if header.n > 0 {
			detail = append(detail, fmt.Sprintf("Sent without %s %s.", header.name, times(header.n)))
		}
	}
	if again := o.Repeats; again.Total() > 0 {
		detail = append(detail, fmt.Sprintf("Repeated without need: %d after a success, %d after a refusal, %d before Retry-After.",
			again.AfterSuccess, again.AfterRefusal, again.TooEarly))
	}
	c.Detail = strings.Join(detail, "\n")
	return c
}

func (r *RuleCoverage) reportCase(required bool) report.Case {
	c := report.Case{ID: string(r.ID), Title: r.Check, Source: r.Source}
	switch {
	case r.State == Met:
		c.Outcome, c.Detail = report.Passed, fmt.Sprintf("Refused %s, with %d.", times(r.Count), r.Status)
	case required:
		c.Outcome, c.Detail = report.Failed, "Required, and never met."
	case r.State == Idle:
		c.Outcome, c.Detail = report.Skipped, "Switched off, so that nobody can meet it."
	default:
		c.Outcome, c.Detail = report.Missing, "Never met."
	}
	return c
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// named tells whether one of the patterns means a name.
func named(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, _ := path.Match(pattern, name) // checkNames has refused malformed ones
		return ok
	})
}

// checkNames refuses patterns that mean nothing: a misspelt one would require
// nothing.
func (c *Coverage) checkNames(patterns []string) error {
	var names []string
	for _, op := range c.Operations {
		names = append(names, op.ID)
		for _, rule := range op.Rules {
			names = append(names, string(rule.ID))
		}
	}
	names = append(names, string(rules.GatewayPath), string(rules.GatewayMethod))
	patterns = slices.DeleteFunc(slices.Clone(patterns), func(pattern string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return named([]string{pattern}, name) })
	})
	if len(patterns) > 0 {
		return fmt.Errorf("no operation and no rule of the contract is called %s", strings.Join(patterns, ", "))
	}
	return nil
}

// WriteText writes the coverage in a few lines for a terminal.
func (c *Coverage) WriteText(out io.Writer) {
	t := c.Totals
	fmt.Fprintf(out, "%d requests since %s: %d succeeded, %d refused, %d failed\n",
		t.Requests, c.Since.Format(time.RFC3339), t.Succeeded, t.Refused, t.Failed)
	fmt.Fprintf(out, "operations seen: %d of %d; checks of them met: %s\n", t.Operations.Met, t.Operations.Of, t.RulesOfSeen)
	fmt.Fprintf(out, "broke the schema: %d; headers missing: %d; repeated without need: %d; unknown paths: %d, methods: %d\n\n",
		t.BrokeSchema, t.HeadersMissing, t.Repeats, c.Unknown.Paths, c.Unknown.Methods)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, op := range c.Operations {
		if op.Seen > 0 {
			met := ruleSet{}
			met.add(op.Rules)
			fmt.Fprintf(table, "%s\tcalled %d\tsucceeded %d\tchecks met %s\n", op.ID, op.Seen, op.Succeeded, met.progress())
		}
	}
	_ = table.Flush() // a terminal that went away
}
