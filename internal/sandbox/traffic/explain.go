package traffic

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/httpapi"
)

// Explanation tells what became of a request, check by check.
type Explanation struct {
	Number    int        `json:"number"`               // its short name: /_sandbox/explain/42
	RequestID string     `json:"request_id,omitempty"` // absent when asked for by number: ids of clients are not kept
	At        time.Time  `json:"at"`
	Operation *Operation `json:"operation,omitempty"` // absent: the contract has no such path or method
	Method    string     `json:"method"`
	Path      string     `json:"path,omitempty"` // as the contract writes it; absent: it has none
	Status    int        `json:"status"`
	TookMS    float64    `json:"took_ms"`
	ClientID  string     `json:"client_id,omitempty"`
	UserID    string     `json:"user_id,omitempty"`
	Summary   string     `json:"summary"`
	Refusals  []Check    `json:"refusals"` // those of Checks that refused
	Checks    []Check    `json:"checks"`   // in the order in which they are made
	Try       []Advice   `json:"try"`
	Warnings  []string   `json:"warnings,omitempty"` // what would surprise at the national host

	op     *operation // nil: the contract has no such path or method
	others []string   // calls of other actions on the same kind of object

	near []*operation // without op: those of the path, or of the path that is most like it
}

// Advice is something to try, with the command for it if there is one.
type Advice struct {
	Text string `json:"text"`
	Curl string `json:"curl,omitempty"`
}

// Operation is how an explanation names an operation.
type Operation struct {
	ID      string   `json:"id"`
	Summary string   `json:"summary"`
	Sources []Source `json:"sources"`
	Line    string   `json:"line,omitempty"` // where the blueprint has it: general.apib L2878
}

// Check is one documented check and what it said.
type Check struct {
	ID       rules.ID `json:"id"`
	State    State    `json:"state"`
	Check    string   `json:"check"`
	CheckUK  string   `json:"check_uk"`
	Status   int      `json:"status"` // of its refusal
	Source   string   `json:"source"`
	Origin   string   `json:"origin"`
	Guard    rules.ID `json:"guard,omitempty"`    // the gateway's check that the rule words for this operation
	Together string   `json:"together,omitempty"` // the group of checks that answer together
	Page     string   `json:"page,omitempty"`     // where the rule atlas has it

	Facts []fault.Fact `json:"facts,omitempty"` // of a check that refused: what it expected and found
}

// State is what a check said.
type State string

// States of a check. Passed means that it was made and found nothing to refuse;
// off that configuration leaves it out; Unknown that the server failed before
// it could be told.
const (
	Passed     State = "passed"
	Refused    State = "refused"
	NotReached State = "not_reached"
	Off        State = "off"
	Unknown    State = "unknown"
)

// Explain explains a request by its id or number, or the last one. A forgotten or
// unknown one is not found.
func (r *Recorder) Explain(name string) (*Explanation, bool) {
	kept, ok := r.find(name)
	if !ok {
		return nil, false
	}
	x := r.explain(kept)
	if r.digest(name) == kept.id {
		x.RequestID = name
	}
	return x, true
}

// ExplainNumber explains the request with a number.
func (r *Recorder) ExplainNumber(number int) (*Explanation, bool) {
	r.mu.Lock()
	kept, ok := r.kept[number]
	r.mu.Unlock()
	if !ok {
		return nil, false
	}
	return r.explain(kept), true
}

func (r *Recorder) explain(kept kept) *Explanation {
	e := kept.exchange
	x := &Explanation{
		Number: kept.sent.number, op: r.contract.byID[e.Operation], Try: []Advice{}, Warnings: slices.Concat(e.Warnings, kept.notes), At: kept.answered, Method: e.Method, Path: e.Route, Status: e.Status,
		TookMS: float64(e.Took.Microseconds()) / 1000,
	}
	if op := x.op; op != nil {
		x.Operation = &Operation{ID: op.id, Summary: op.summary, Sources: op.sources, Line: lineOf(op.sources)}
		x.others = r.contract.otherActions(op)
	}
	if e.ClientID != [16]byte{} {
		x.ClientID, x.UserID = e.ClientID.String(), e.UserID.String()
	}
	steps := r.contract.stepsFor(e.Operation, e.Route)
	for i, state := range judge(steps, e, kept.sent) {
		x.Checks = append(x.Checks, checkOf(steps[i], state, e.Operation))
	}
	if x.op == nil && e.Route != "" {
		x.near = r.contract.methods(e.Route)
	}
	for _, id := range kept.near {
		x.near = append(x.near, r.contract.byID[id])
	}
	x.explain(e)
	x.Refusals = refusals(x.Checks, e)
	x.Summary = summary(x, e, len(kept.notes) > 0)
	return x
}

// lineOf returns the line of a blueprint among sources.
func lineOf(sources []Source) string {
	for _, source := range sources {
		if strings.Contains(source.Ref, ".apib L") {
			return source.Ref
		}
	}
	return ""
}

// explain adds to the checks that refused what they expected and found.
func (x *Explanation) explain(e httpapi.Exchange) {
	for i := range x.Checks {
		if c := &x.Checks[i]; c.State == Refused {
			c.Facts = x.facts(c, e)
		}
	}
}

func (x *Explanation) facts(c *Check, e httpapi.Exchange) (facts []fault.Fact) {
	for _, f := range e.Facts {
		if f.Rule == c.ID {
			facts = append(facts, f)
		}
	}
	var names []string
	switch {
	case len(facts) > 0:
	case c.ID == rules.GatewayPath:
		for _, op := range x.near {
			names = append(names, op.path)
		}
		f := fault.NewFact("path", "one of the contract", "one that the contract does not have")
		if names = slices.Compact(names); len(names) > 0 {
			f.Hint = "nearest: " + strings.Join(names, ", ")
		}
		return []fault.Fact{f}
	case c.ID == rules.GatewayMethod:
		var calls []string
		for _, op := range x.near {
			names, calls = append(names, op.method), append(calls, op.call())
		}
		f := fault.NewFact("method", names, e.Method)
		f.Hint = "the path has: " + strings.Join(calls, ", ")
		return []fault.Fact{f}
	default:
		if rule, ok := rules.Get(c.ID); ok && rule.Entry != "" && !strings.Contains(rule.Entry, "{") {
			return []fault.Fact{fault.NewFact(rule.Entry, c.Check, nil)}
		}
	}
	return facts
}

func checkOf(s step, state State, operationID string) Check {
	english, ukrainian := s.check()
	c := Check{
		ID: s.rule.ID, State: state, Check: english, CheckUK: ukrainian, Status: s.rule.Status, Source: s.rule.Source, Origin: s.rule.Origin,
		Guard: s.guard, Together: s.rule.Together,
	}
	if operationID != "" {
		c.Page = "/docs/rules/" + operationID + "/#" + string(s.rule.ID)
	}
	return c
}

// refusals are the checks that refused. A rule that the operation does not have
// is told all the same: it did answer.
func refusals(checks []Check, e httpapi.Exchange) []Check {
	refused := []Check{}
	for _, id := range e.Rules {
		i := slices.IndexFunc(checks, func(c Check) bool { return c.ID == id && c.State == Refused })
		if i >= 0 {
			refused = append(refused, checks[i])
		} else if rule, ok := rules.Get(id); ok {
			refused = append(refused, checkOf(step{rule: rule}, Refused, e.Operation))
		}
	}
	return refused
}

// judge tells of each step what it said, as far as the answer shows. Checks are
// made one after another, and the first that refuses answers alone, but for
// those of its group: they have all been made.
func judge(steps []step, e httpapi.Exchange, sent sent) []State {
	states := make([]State, len(steps))
	first, last := len(steps), len(steps)
	for i, s := range steps {
		if refusedAt(s, e) {
			first, last = i, i
			break
		}
	}
	found, group := first < len(steps), ""
	if found {
		group = steps[first].rule.Together
	}
	for group != "" && last+1 < len(steps) && steps[last+1].rule.Together == group {
		last++
	}
	for i, s := range steps {
		switch {
		case refusedAt(s, e) && i >= first && i <= last:
			states[i] = Refused
		case !inForce(s, e, sent):
			states[i] = Off
		case !found && e.Status >= http.StatusBadRequest:
			states[i] = Unknown // the server failed, or something refused that is no check of the operation
		case i > last:
			states[i] = NotReached
		case e.Cut && s.rule.Together == group:
			states[i] = Unknown // it may be among the faults that were left out
		default:
			states[i] = Passed
		}
	}
	return states
}

func refusedAt(s step, e httpapi.Exchange) bool {
	return slices.Contains(e.Rules, s.rule.ID) && s.guard == e.Guard
}

// inForce tells whether configuration lets a check take part in a request.
func inForce(s step, e httpapi.Exchange, sent sent) bool {
	for _, id := range []rules.ID{s.rule.ID, s.guard} {
		rule, ok := rules.Get(id)
		switch {
		case !ok:
		case !e.Config.InForce(id):
			return false
		case rule.Flag == "GATEWAY_API_KEY" && (e.Direct || !sent.apiKey && e.Config.GatewayAPIKey == config.APIKeyWhenSent):
			return false
		}
	}
	return true
}

// summary says it in a sentence.
func summary(x *Explanation, e httpapi.Exchange, noted bool) string {
	switch {
	case len(x.Refusals) > 0 && e.Status == http.StatusAccepted:
		return fmt.Sprintf("Accepted, and the job was refused. Checks that refused it: %d.", len(x.Refusals))
	case len(x.Refusals) > 0 && e.Cut:
		return "Refused; there were so many faults that the answer names only the first ones."
	case len(x.Refusals) == 1:
		return "Refused by one check."
	case len(x.Refusals) > 1:
		return fmt.Sprintf("Refused by %d checks, which answer together.", len(x.Refusals))
	case e.Status == http.StatusNotImplemented:
		return "The national system documents this operation, and this sandbox does not have it. X-Sandbox-Hint of the answer names the document and the line."
	case e.Status >= http.StatusBadRequest:
		if noted {
			return "The sandbox itself made this error, as its dial says: send the request again."
		}
		return "The server failed on the way. How far the checks came is not known; its log has the request id."
	case e.Status == http.StatusAccepted:
		return "Accepted: the checks passed, or the same request's job was pending already. " +
			"The job tells the rest: GET /api/jobs/{id}, whose address is in data.links of the answer."
	}
	return "All checks passed."
}

var marks = map[State]string{Passed: "✓", Refused: "✗", NotReached: "·", Off: "–", Unknown: "?"}

// Text writes the explanation for a terminal. baseURL is where the rule atlas
// stands.
func (x *Explanation) Text(baseURL string) string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	if x.Operation != nil {
		line("%s (%s)", x.Operation.Summary, x.Operation.ID)
	}
	path := x.Path
	if path == "" {
		path = "a path that the contract does not have"
	}
	line("%s %s answered %d after %.1f ms (request %d)", x.Method, path, x.Status, x.TookMS, x.Number)
	if x.Operation != nil && x.Operation.Line != "" {
		line("%s", x.Operation.Line)
	}
	line("%s", x.Summary)
	width := 0
	for _, c := range slices.Concat(x.Refusals, x.Checks) {
		width = max(width, len(c.ID))
	}
	write := func(c Check) {
		line("%s %-*s  %d  %s", marks[c.State], width, c.ID, c.Status, c.Check)
		line("  %-*s       %s", width, "", c.Source)
	}
	for _, text := range x.Warnings {
		line("! %s", text)
	}
	if len(x.Refusals) > 0 {
		line("")
	}
	for _, c := range x.Refusals {
		write(c)
		for _, f := range c.Facts {
			line("  %-*s       %s", width, "", f)
		}
		if c.Page != "" {
			line("  %-*s       %s%s", width, "", baseURL, c.Page)
		}
	}
	if len(x.Try) > 0 {
		line("\nTo try:")
	}
	for _, advice := range x.Try {
		line("\n- %s", advice.Text)
		if advice.Curl != "" {
			line("%s", advice.Curl)
		}
	}
	line("\nThe checks in order:\n")
	for _, c := range x.Checks {
		write(c)
	}
	line("\n✓ passed  ✗ refused  · not reached  – off by configuration  ? not known")
	if x.Operation != nil {
		for _, source := range x.Operation.Sources {
			line("%s", strings.TrimSuffix(fmt.Sprintf("%s (%s)", source.Title, source.Ref), " ()"))
		}
	}
	return out.String()
}
