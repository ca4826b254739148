package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world"
)

// The cases of a world break one rule each. Two that change different parts of
// a request that passes can be broken at once, and then the rule that is checked
// first must answer. Which one that is the contract says: a request that breaks
// a rule of the gateway in one operation does so in every other.

// derive makes, from the cases of a world, one for each check of the gateway on
// each of the named operations, and those that break two rules at once; of all operations when none is named.
func derive(w *world.World, doc *Document, of []string) []Check {
	d := &deriver{world: w, sent: map[string]bool{}, named: map[string]int{}}
	for _, c := range w.Cases {
		d.sent[fingerprint(c.Request)] = true
		d.named[c.ID] = 1
	}
	operations := operationsOf(doc, w)
	d.findFaults(operations)
	if len(of) > 0 {
		operations = slices.DeleteFunc(operations, func(op *operation) bool { return !slices.Contains(of, op.id) })
	}
	for _, op := range operations {
		d.gateway(op)
	}
	for _, op := range operations {
		d.faultsBeforeFaults(op)
		d.faultsBeforeOwn(op)
		d.ownBeforeOwn(op)
	}
	return d.checks
}

type deriver struct {
	world  *world.World
	faults []gatewayFault
	sent   map[string]bool // by fingerprint
	named  map[string]int  // how many checks have an id
	checks []Check
}

// operation is what the contract and the world say of one.
type operation struct {
	id, path string
	scopes   []string
	query    []string // declared parameters
	public   bool
	// open: no operation of the path wants a token.
	open     bool
	methods  []string // of the path
	replaced map[rules.ID]rules.ID
	position map[rules.ID]int // in the documented order
	passing  []broken         // requests that break nothing
	refused  []broken         // by one of the operation's own rules
}

// broken is a case, taken apart.
type broken struct {
	world.Case
	parts parts
}

func operationsOf(doc *Document, w *world.World) []*operation {
	var all []*operation
	for path, item := range doc.Paths.Map() {
		open := true
		for _, spec := range item.Operations() {
			open = open && public(spec)
		}
		for _, spec := range item.Operations() {
			op := &operation{
				id: spec.OperationID, path: path, public: public(spec), open: open,
				methods: slices.Collect(maps.Keys(item.Operations())), replaced: map[rules.ID]rules.ID{}, position: map[rules.ID]int{},
			}
			op.scopes = scopesOf(spec)
			for _, parameter := range slices.Concat(item.Parameters, spec.Parameters) {
				if parameter.Value.In == openapi3.ParameterInQuery {
					op.query = append(op.query, parameter.Value.Name)
				}
			}
			op.order()
			op.cases(w)
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b *operation) int { return cmp.Compare(a.id, b.id) })
	return all
}

// scopesOf an operation in their order, each once, however many ways in it has.
func scopesOf(spec *openapi3.Operation) []string {
	var all []string
	if spec.Security == nil {
		return nil
	}
	for _, requirement := range *spec.Security {
		for _, scopes := range requirement {
			for _, scope := range scopes {
				if !slices.Contains(all, scope) {
					all = append(all, scope)
				}
			}
		}
	}
	return all
}

func public(spec *openapi3.Operation) bool { return spec.Security == nil || len(*spec.Security) == 0 }

// order gives each rule that may refuse the operation its place. An own rule
// that replaces one of the gateway's stands where that stood.
func (op *operation) order() {
	shared := rules.OfOperation("")
	for i, r := range shared {
		op.position[r.ID] = i
	}
	for i, r := range rules.OfOperation(op.id) {
		op.position[r.ID] = len(shared) + i
		for _, id := range r.Replaces {
			if r.Off {
				continue
			}
			op.replaced[id] = r.ID
			op.position[r.ID] = min(op.position[r.ID], op.position[id])
		}
	}
}

// cases takes those of the operation that need no settings.
func (op *operation) cases(w *world.World) {
	for _, c := range w.Cases {
		if c.OperationID != op.id || len(c.Config) > 0 {
			continue
		}
		p, ok := partsOf(c.Request)
		if !ok {
			continue
		}
		switch {
		case len(c.Rules) == 0:
			op.passing = append(op.passing, broken{c, p})
		default:
			if r, _ := rules.Get(c.Rules[0]); r.Operation == op.id {
				op.refused = append(op.refused, broken{c, p})
			}
		}
	}
}

// first of several rules in the documented order.
func (op *operation) first(ids []rules.ID) int {
	places := make([]int, len(ids))
	for i, id := range ids {
		places[i] = op.position[id]
	}
	return slices.Min(places)
}

// nearest is the passing case of which least must be changed to make p.
func (op *operation) nearest(p parts) (changes parts, ok bool) {
	for _, base := range op.passing {
		if c := base.parts.changesTo(p); !ok || len(c) < len(changes) {
			changes, ok = c, true
		}
	}
	return changes, ok
}

// faultsBeforeFaults breaks two rules of the gateway.
func (d *deriver) faultsBeforeFaults(op *operation) {
	if len(op.passing) == 0 {
		return
	}
	base := op.passing[0]
	for i, f := range d.faults {
		for _, g := range d.faults[i+1:] {
			found := f.rule != rules.GatewayMethod && g.rule != rules.GatewayMethod
			first, refusal, ok := d.on(op, f, base.parts, found)
			second, other, ok2 := d.on(op, g, base.parts, found)
			if !ok || !ok2 || !first.apart(second) || refusal.Rules[0] == other.Rules[0] {
				continue
			}
			if op.position[f.rule] > op.position[g.rule] {
				refusal, other = other, refusal
			}
			d.pair(op, base.parts.with(first).with(second), refusal, other.Rules, f.title+"; "+g.title)
		}
	}
}

// faultsBeforeOwn breaks a rule of the gateway and one of the operation.
func (d *deriver) faultsBeforeOwn(op *operation) {
	for _, f := range d.faults {
		for _, c := range op.refused {
			own, ok := op.nearest(c.parts)
			if !ok {
				continue
			}
			changes, refusal, ok := d.on(op, f, c.parts, true)
			if !ok || !changes.apart(own) || slices.Contains(c.Rules, refusal.Rules[0]) {
				continue
			}
			request, title := c.parts.with(changes), f.title+"; "+c.Title
			if f.rule == rules.GatewayMethod || op.position[refusal.Rules[0]] < op.first(c.Rules) {
				d.pair(op, request, refusal, c.Rules, title)
			} else {
				d.pair(op, request, refusalOf(c.Case), refusal.Rules, title)
			}
		}
	}
}

// ownBeforeOwn breaks two rules of the operation.
func (d *deriver) ownBeforeOwn(op *operation) {
	for i, a := range op.refused {
		for _, b := range op.refused[i+1:] {
			if slices.ContainsFunc(a.Rules, func(id rules.ID) bool { return slices.Contains(b.Rules, id) }) {
				continue // one rule, or several that answer together
			}
			if a.End().Type == fault.TypeValidationFailed && b.End().Type == fault.TypeValidationFailed {
				continue // may answer together
			}
			request, ok := op.both(a.parts, b.parts)
			if !ok {
				continue
			}
			first, second := a, b
			if op.first(a.Rules) > op.first(b.Rules) {
				first, second = b, a
			}
			d.pair(op, request, refusalOf(first.Case), second.Rules, first.Title+"; "+second.Title)
		}
	}
}

// both is a request with what is wrong in a and what is wrong in b, against the
// passing case that both are nearest to.
func (op *operation) both(a, b parts) (parts, bool) {
	var best parts
	least := 0
	for _, base := range op.passing {
		inA, inB := base.parts.changesTo(a), base.parts.changesTo(b)
		if len(inA) == 0 || len(inB) == 0 || !inA.apart(inB) {
			continue
		}
		if n := len(inA) + len(inB); best == nil || n < least {
			best, least = base.parts.with(inA).with(inB), n
		}
	}
	return best, best != nil
}

func (d *deriver) pair(op *operation, request parts, refusal *fault.Error, later []rules.ID, title string) {
	id := op.id + ":" + string(refusal.Rules[0]) + " before " + string(later[0])
	d.add(Check{Case: refusedCase(id, op.id, title, request, refusal), Before: later})
}

// add keeps a check whose request is not sent already.
func (d *deriver) add(c Check) {
	key := fingerprint(c.Request)
	if d.sent[key] {
		return
	}
	d.sent[key] = true
	d.named[c.ID]++
	if n := d.named[c.ID]; n > 1 {
		c.ID = fmt.Sprintf("%s:%d", c.ID, n)
	}
	d.checks = append(d.checks, c)
}

func refusedCase(id, operation, title string, request parts, refusal *fault.Error) world.Case {
	return world.RefusedBy(world.Case{ID: id, OperationID: operation, Title: title, Request: request.request()}, refusal)
}

// refusalOf is the refusal that a case documents.
func refusalOf(c world.Case) *fault.Error {
	end := c.End()
	refusal := &fault.Error{Status: end.Status, Type: end.Type, Message: end.Message, Rules: c.Rules}
	for _, entry := range end.Invalid {
		refusal.Invalid = append(refusal.Invalid, fault.Item{Entry: entry.Entry, Rules: []fault.Rule{{Rule: entry.Rule, Description: entry.Description}}})
	}
	return refusal
}

func fingerprint(r world.Request) string { return r.Curl("") }
