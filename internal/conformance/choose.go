package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"esoz/gen/rules"
)

// choose makes the list of checks, in which a world's case stands before what
// is derived from it.
func (r *runner) choose() ([]Check, error) {
	for _, id := range r.options.Operations {
		if err := r.known(id); err != nil {
			return nil, err
		}
	}
	var all []Check
	for _, c := range r.world.Cases {
		all = append(all, Check{Case: c})
	}
	orders := map[string][]Check{}
	for _, c := range derive(r.world, r.contract, r.options.Operations) {
		if len(c.Before) > 0 {
			orders[c.OperationID] = append(orders[c.OperationID], c)
		} else {
			all = append(all, c)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(orders)) {
		all = append(all, sample(orders[id], r.options.Order)...)
	}
	chosen := slices.DeleteFunc(all, func(c Check) bool { return !r.wants(c) })
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%w: the world has no case for %s", ErrUnknown, strings.Join(slices.Concat(r.options.Operations, r.options.Rules), ", "))
	}
	return chosen, nil
}

// sample takes n of the checks, evenly, the same in every run.
func sample(checks []Check, n int) []Check {
	if n >= len(checks) {
		return checks
	}
	some := make([]Check, n)
	for i := range some {
		some[i] = checks[i*len(checks)/n]
	}
	return some
}

func (r *runner) wants(c Check) bool {
	if len(r.options.Operations) > 0 && !slices.Contains(r.options.Operations, c.OperationID) {
		return false
	}
	return len(r.options.Rules) == 0 || slices.ContainsFunc(slices.Concat(c.Rules, c.Before), r.wantsRule)
}

func (r *runner) wantsRule(id rules.ID) bool {
	return slices.ContainsFunc(r.options.Rules, func(pattern string) bool {
		matched, err := path.Match(pattern, string(id))
		return err == nil && matched
	})
}

// chosenRules are those that the run can say something about: all of the
// contract, or, of some operations, their own and what else the cases name.
func (r *runner) chosenRules(checks []Check) []rules.Rule {
	named := map[rules.ID]bool{}
	for _, c := range checks {
		for _, id := range c.Rules {
			named[id] = true
		}
	}
	var chosen []rules.Rule
	for _, rule := range rules.All {
		some := len(r.options.Operations) > 0
		if some && !named[rule.ID] && !slices.Contains(r.options.Operations, rule.Operation) ||
			len(r.options.Rules) > 0 && !r.wantsRule(rule.ID) {
			continue
		}
		chosen = append(chosen, rule)
	}
	return chosen
}

// known refuses an operation that the contract does not have, and names the
// nearest ones.
func (r *runner) known(id string) error {
	var ids []string
	for _, item := range r.contract.Paths.Map() {
		for _, op := range item.Operations() {
			if op.OperationID == id {
				return nil
			}
			ids = append(ids, op.OperationID)
		}
	}
	distance := func(other string) int {
		return levenshtein.ComputeDistance(strings.ToLower(id), strings.ToLower(other))
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(distance(a)-distance(b), strings.Compare(a, b)) })
	return fmt.Errorf("%w operation %q; did you mean %s?", ErrUnknown, id, strings.Join(ids[:3], ", "))
}
