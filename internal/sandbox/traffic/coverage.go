package traffic

import (
	"maps"
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/config"
)

// Coverage tells which operations and checks of the contract traffic has touched.
type Coverage struct {
	Since      time.Time           `json:"since"`
	Totals     Totals              `json:"totals"`
	Unknown    UnknownCoverage     `json:"unknown"`
	Operations []OperationCoverage `json:"operations"` // all of the contract, by path and method
}

// Totals of all operations.
type Totals struct {
	Requests       int      `json:"requests"`
	Succeeded      int      `json:"succeeded"` // 2xx and 3xx
	Refused        int      `json:"refused"`   // by a rule
	Failed         int      `json:"failed"`    // 5xx of no rule
	Operations     Progress `json:"operations"`
	Rules          Progress `json:"rules"`
	RulesOfSeen    Progress `json:"rules_of_seen"` // of the operations that were seen
	BrokeSchema    int      `json:"broke_schema"`
	HeadersMissing int      `json:"headers_missing"` // without X-Request-ID
	Repeats        int      `json:"repeats"`
}

// Progress is a number of a number.
type Progress struct {
	Met int `json:"met"`
	Of  int `json:"of"`
}

// Percent of what can be met; all of nothing is nothing.
func (p Progress) Percent() float64 {
	if p.Of == 0 {
		return 0
	}
	return 100 * float64(p.Met) / float64(p.Of)
}

// UnknownCoverage counts requests that met no operation. What they asked for is
// not kept.
type UnknownCoverage struct {
	Paths     int     `json:"paths"`      // that the contract does not have
	Methods   int     `json:"methods"`    // that its paths do not have
	NotServed int     `json:"not_served"` // documented by the national system, and not part of the sandbox
	Repeats   Repeats `json:"repeats"`
}

// OperationCoverage is what traffic did with one operation.
type OperationCoverage struct {
	ID             string         `json:"id"`
	Summary        string         `json:"summary"`
	Method         string         `json:"method"`
	Path           string         `json:"path"`
	Seen           int            `json:"seen"`
	Succeeded      int            `json:"succeeded"`
	Refused        int            `json:"refused"`
	Failed         int            `json:"failed"`
	Rules          []RuleCoverage `json:"rules"` // in the order in which they are checked
	BrokeSchema    BrokenSchema   `json:"broke_schema"`
	HeadersMissing HeadersMissing `json:"headers_missing"`
	Repeats        Repeats        `json:"repeats"`
}

// RuleCoverage tells whether a check has ever refused.
type RuleCoverage struct {
	ID     rules.ID   `json:"id"`
	Check  string     `json:"check"`
	Source string     `json:"source"`
	Status int        `json:"status"`
	State  RuleState  `json:"state"`
	Count  int        `json:"count"`
	LastAt *time.Time `json:"last_at,omitempty"`
}

// RuleState tells whether a check was met.
type RuleState string

// States of a rule. One that is off cannot be met and is not asked for.
const (
	Met   RuleState = "met"
	Never RuleState = "never"
	Idle  RuleState = "off"
)

// BrokenSchema counts requests whose body was refused for its shape.
type BrokenSchema struct {
	Requests int              `json:"requests"`
	Rules    map[rules.ID]int `json:"rules"`
}

// HeadersMissing counts requests without a header that a MIS sends: a token and
// an API-key where the operation wants a token (no key from clients with direct
// access), Content-Type with a body. X-Request-ID is optional.
type HeadersMissing struct {
	Authorization int `json:"Authorization"`
	APIKey        int `json:"API-key"`
	ContentType   int `json:"Content-Type"`
	RequestID     int `json:"X-Request-ID"`
}

// Total is the sum without what is optional.
func (h HeadersMissing) Total() int { return h.Authorization + h.APIKey + h.ContentType }

// counts are the counters of one operation.
type counts struct {
	OperationCoverage
	met map[rules.ID]met
}

type met struct {
	times  int
	lastAt time.Time
}

// unknown are the counters of requests that met no operation.
type unknown struct {
	UnknownCoverage
	refused, failed int
}

func newCounts(op *operation) *counts {
	return &counts{
		OperationCoverage: OperationCoverage{
			ID: op.id, Summary: op.summary, Method: op.method, Path: op.path,
			BrokeSchema: BrokenSchema{Rules: map[rules.ID]int{}},
		},
		met: map[rules.ID]met{},
	}
}

// count adds an exchange to the counters.
func (r *Recorder) count(k kept, repeats Repeats) {
	e := k.exchange
	op, known := r.contract.byID[e.Operation]
	if !known {
		r.countUnknown(k, repeats)
		return
	}
	c := r.counts[op.id]
	c.Seen++
	switch {
	case e.Status < http.StatusBadRequest:
		c.Succeeded++
	case len(e.Rules) > 0:
		c.Refused++
	default:
		c.Failed++
	}
	broke := false
	for _, id := range e.Rules {
		c.met[id] = met{times: c.met[id].times + 1, lastAt: k.answered}
		if rule, _ := rules.Get(id); rule.Schema {
			c.BrokeSchema.Rules[id]++
			broke = true
		}
	}
	if broke {
		c.BrokeSchema.Requests++
	}
	c.Repeats.add(repeats)
	c.HeadersMissing.add(op, k)
}

func (h *HeadersMissing) add(op *operation, k kept) {
	count := func(n *int, missing bool) {
		if missing {
			*n++
		}
	}
	count(&h.Authorization, !op.public && !k.sent.authorization)
	count(&h.APIKey, !op.public && !k.sent.apiKey && !k.exchange.Direct)
	count(&h.ContentType, op.body && k.sent.body && !k.sent.contentType)
	count(&h.RequestID, !k.sent.requestID)
}

func (r *Recorder) countUnknown(k kept, repeats Repeats) {
	u := &r.unknown
	switch {
	case k.exchange.Status == http.StatusNotImplemented:
		u.NotServed++
	case k.exchange.Route == "":
		u.Paths++
	default:
		u.Methods++
	}
	if len(k.exchange.Rules) > 0 {
		u.refused++
	} else {
		u.failed++
	}
	u.Repeats.add(repeats)
}

// Coverage tells what traffic has touched until now. cfg says which rules can be
// met at all.
func (r *Recorder) Coverage(cfg *config.Config) *Coverage {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &Coverage{Since: r.since, Unknown: r.unknown.UnknownCoverage}
	t := &c.Totals
	t.Refused, t.Failed, t.Repeats = r.unknown.refused, r.unknown.failed, r.unknown.Repeats.Total()
	t.Requests = r.unknown.Paths + r.unknown.Methods + r.unknown.NotServed
	all := ruleSet{rules.GatewayPath: r.unknown.Paths > 0, rules.GatewayMethod: r.unknown.Methods > 0}
	ofSeen := ruleSet{}
	for _, op := range r.contract.operations {
		o := r.counts[op.id].shown(op, cfg)
		c.Operations = append(c.Operations, o)
		t.Requests += o.Seen
		t.Succeeded += o.Succeeded
		t.Refused += o.Refused
		t.Failed += o.Failed
		t.BrokeSchema += o.BrokeSchema.Requests
		t.HeadersMissing += o.HeadersMissing.Total()
		t.Repeats += o.Repeats.Total()
		t.Operations.Of++
		all.add(o.Rules)
		if o.Seen > 0 {
			t.Operations.Met++
			ofSeen.add(o.Rules)
		}
	}
	t.Rules, t.RulesOfSeen = all.progress(), ofSeen.progress()
	return c
}

// shown copies the counters.
func (c *counts) shown(op *operation, cfg *config.Config) OperationCoverage {
	o := c.OperationCoverage
	o.BrokeSchema.Rules = maps.Clone(o.BrokeSchema.Rules)
	listed := map[rules.ID]bool{}
	for _, s := range op.steps {
		if listed[s.rule.ID] {
			continue // it words several checks
		}
		listed[s.rule.ID] = true
		shown := RuleCoverage{ID: s.rule.ID, Check: s.rule.Check, Source: s.rule.Source, Status: s.rule.Status, State: Never}
		if m := c.met[s.rule.ID]; m.times > 0 {
			shown.State, shown.Count, shown.LastAt = Met, m.times, &m.lastAt
		} else if !cfg.InForce(s.rule.ID) {
			shown.State = Idle
		}
		o.Rules = append(o.Rules, shown)
	}
	return o
}

// ruleSet tells of each rule that can be met whether it was. A rule of the
// gateway stands once, whatever operation it was met on.
type ruleSet map[rules.ID]bool

func (s ruleSet) add(listed []RuleCoverage) {
	for _, rule := range listed {
		if rule.State != Idle {
			s[rule.ID] = s[rule.ID] || rule.State == Met
		}
	}
}

func (s ruleSet) progress() Progress {
	p := Progress{Of: len(s)}
	for _, met := range s {
		if met {
			p.Met++
		}
	}
	return p
}
