package traffic

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
)

// contract is what the contract tells of its operations.
type contract struct {
	operations []*operation // by path and method
	byID       map[string]*operation
	public     map[string]bool // paths all of whose operations go without a token
}

// operation is a method of a path with its checks.
type operation struct {
	id, summary, method, path string
	scopes                    []string
	sources                   []Source
	public                    bool // wants no token
	body                      bool // reads a body
	steps                     []step
}

// Source is a document that describes an operation.
type Source struct {
	Title string `json:"title"`
	Ref   string `json:"ref,omitempty"`
}

// step is one check in the order in which they are made. A rule that words
// several checks of the gateway makes a step in the place of each.
type step struct {
	rule  rules.Rule
	guard rules.ID // the gateway's check that the rule answers in place of, if it does
}

// check tells what is checked: of a rule that words several checks, the one of
// this step.
func (s step) check() (english, ukrainian string) {
	if rule, ok := rules.Get(s.guard); ok {
		return rule.Check, rule.CheckUK
	}
	return s.rule.Check, s.rule.CheckUK
}

func readContract(doc *openapi3.T) (*contract, error) {
	c := &contract{byID: map[string]*operation{}, public: map[string]bool{}}
	for path, item := range doc.Paths.Map() {
		c.public[path] = true
		for method, spec := range item.Operations() {
			op := &operation{
				id: spec.OperationID, summary: spec.Summary, method: method, path: path,
				public: spec.Security != nil && len(*spec.Security) == 0, body: spec.RequestBody != nil,
				steps: stepsOf(spec.OperationID),
			}
			if !op.public {
				op.scopes = (*spec.Security)[0]["oauth2"]
			}
			raw, err := json.Marshal(spec.Extensions["x-source"])
			if err == nil {
				err = json.Unmarshal(raw, &op.sources)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: read x-source: %w", op.id, err)
			}
			c.operations = append(c.operations, op)
			c.byID[op.id] = op
			c.public[path] = c.public[path] && op.public
		}
	}
	slices.SortFunc(c.operations, func(a, b *operation) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method))
	})
	return c, nil
}

// stepsOf lists the checks of an operation: the gateway's that guard it, those
// that the operation words itself in their places, then the operation's own.
func stepsOf(operationID string) []step {
	var steps []step
	replaced := map[rules.ID]rules.Rule{}
	for _, rule := range rules.OfOperation(operationID) {
		for _, guard := range rule.Replaces {
			replaced[guard] = rule
		}
	}
	guards := rules.Guards(operationID)
	for _, rule := range rules.OfOperation("") {
		if own, ok := replaced[rule.ID]; ok {
			steps = append(steps, step{rule: own, guard: rule.ID})
		}
		if slices.Contains(guards, rule.ID) { // also beside a rule that starts off
			steps = append(steps, step{rule: rule})
		}
	}
	for _, rule := range rules.OfOperation(operationID) {
		if len(rule.Replaces) == 0 {
			steps = append(steps, step{rule: rule})
		}
	}
	return steps
}

// router lists the checks before a method that the path does not have is
// refused: the gateway's up to gateway.method, without those of a token where
// the path wants none. Of a path that the contract does not have only the first
// is made.
func router(known, public bool) []step {
	var steps []step
	for _, rule := range rules.OfOperation("") {
		if !public || !strings.HasPrefix(string(rule.ID), "gateway.token.") {
			steps = append(steps, step{rule: rule})
		}
		if rule.ID == rules.GatewayMethod || !known {
			break
		}
	}
	return steps
}

// stepsFor are the checks of a request to an operation, or to what is none.
func (c *contract) stepsFor(operationID, route string) []step {
	if op, ok := c.byID[operationID]; ok {
		return op.steps
	}
	return router(route != "", c.public[route])
}

// methods lists the operations of a path.
func (c *contract) methods(path string) (found []*operation) {
	for _, op := range c.operations {
		if op.path == path {
			found = append(found, op)
		}
	}
	return found
}

// call names an operation and what is sent to it.
func (o *operation) call() string { return fmt.Sprintf("%s %s (%s)", o.method, o.path, o.id) }

// otherActions lists the other actions on what an operation acts on, wherever their paths begin: clients take one for
// another (cancel for release).
func (c *contract) otherActions(op *operation) (calls []string) {
	objects, action := acted(op.path)
	for _, other := range c.operations {
		if of, another := acted(other.path); action != "" && of == objects && another != action {
			calls = append(calls, other.call())
		}
	}
	return calls
}

// acted takes a path …/objects/{id}/actions/action apart; of other paths both are empty.
func acted(path string) (objects, action string) {
	parts := strings.Split(path, "/")
	n := len(parts)
	if n < 5 || parts[n-2] != "actions" || !strings.HasPrefix(parts[n-3], "{") {
		return "", ""
	}
	return parts[n-4], parts[n-1]
}

// nearest returns the operations of the documented path that an unknown one is most
// like, by segments: a missing, added or other one costs about 1, a misspelt one less.
func (c *contract) nearest(path string) (ids []string) {
	const longest = 20 // segments
	sent := strings.Split(strings.Trim(path, "/"), "/")
	if len(sent) > longest {
		return nil
	}
	best := max(1.5, float64(len(sent))/2)
	for _, op := range c.operations {
		switch d := distance(sent, strings.Split(strings.Trim(op.path, "/"), "/")); {
		case d < best:
			best, ids = d, []string{op.id}
		case d == best && len(ids) > 0:
			ids = append(ids, op.id)
		}
	}
	return ids
}

// distance is that of Levenshtein, over segments. Clients leave segments out more
// often than they add some.
func distance(sent, documented []string) float64 {
	row := make([]float64, len(documented)+1)
	const left = 0.9
	for j := range row {
		row[j] = left * float64(j)
	}
	for i, s := range sent {
		diagonal := row[0]
		row[0] = float64(i + 1)
		for j, d := range documented {
			diagonal, row[j+1] = row[j+1], min(diagonal+unlike(s, d), row[j]+left, row[j+1]+1)
		}
	}
	return row[len(documented)]
}

// unlike tells how much a segment differs from a documented one: 0 to 1.
func unlike(sent, documented string) float64 {
	switch {
	case strings.EqualFold(sent, documented):
		return 0
	case strings.HasPrefix(documented, "{"):
		return 0.2
	case fault.Nearest(sent, []string{documented}) != "":
		return 0.3
	}
	return 1
}
