package main

import (
	"fmt"
	"maps"
	"slices"
)

// change is one that breaks clients. The list of changes announces it by its key.
type change struct{ key, text string }

func (c change) String() string { return c.text }

// compareRules finds what clients of the old contract will meet in the new one: rules that are gone or new, answer
// otherwise or are checked in another order. The rules of an operation that is gone went with it.
func compareRules(old, current *contract) []change {
	var changes []change
	changes = append(changes, compareAnswers(old.Rules, current.Rules)...)
	now := current.operations()
	before := old.operations()
	for _, id := range slices.Sorted(maps.Keys(before)) {
		op, there := now[id]
		if !there {
			continue
		}
		changes = append(changes, compareAnswers(before[id].Rules, op.Rules)...)
		changes = append(changes, compareGuards(id, before[id].Guards, op.Guards)...)
		changes = append(changes, compareOrder(id, before[id].checks(), op.checks())...)
	}
	return changes
}

func compareAnswers(old, current []rule) []change {
	before, now := byID(old), byID(current)
	var changes []change
	for _, is := range current {
		if _, there := before[is.ID]; !there {
			changes = append(changes, change{is.ID, is.ID + ": new, refuses what has passed"})
		}
	}
	for _, was := range old {
		is, there := now[was.ID]
		if !there {
			changes = append(changes, change{was.ID, was.ID + ": removed"})
			continue
		}
		for _, field := range []struct {
			name    string
			was, is any
		}{
			{"status", was.Status, is.Status},
			{"type", was.Type, is.Type},
			{"message", was.Message, is.Message},
			{"entry", was.Entry, is.Entry},
			{"rule", was.Keyword, is.Keyword},
			{"description", was.Description, is.Description},
			{"together", was.Together, is.Together},
		} {
			if field.was != field.is {
				changes = append(changes, change{was.ID, fmt.Sprintf("%s: %s %s -> %s", was.ID, field.name, show(field.was), show(field.is))})
			}
		}
	}
	return changes
}

func byID(rules []rule) map[string]rule {
	found := map[string]rule{}
	for _, r := range rules {
		found[r.ID] = r
	}
	return found
}

// compareGuards finds the checks of the gateway that an operation has lost or gained.
func compareGuards(operation string, old, current []string) []change {
	var changes []change
	for _, id := range old {
		if !slices.Contains(current, id) {
			changes = append(changes, change{id, fmt.Sprintf("%s: no check of %s any more", id, operation)})
		}
	}
	for _, id := range current {
		if !slices.Contains(old, id) {
			changes = append(changes, change{id, fmt.Sprintf("%s: a check of %s, too", id, operation)})
		}
	}
	return changes
}

func show(v any) string {
	if text, ok := v.(string); ok {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprint(v)
}

// move is a check that stands in another place.
type move struct {
	id      string
	was, is int
}

// moves finds the checks of an operation that moved past others. Checks that came or went move nothing.
func moves(old, current []string) []move {
	was := only(old, current)
	is := only(current, old)
	kept := longestCommon(was, is)
	var found []move
	for i, id := range was {
		if !slices.Contains(kept, id) {
			found = append(found, move{id, i + 1, slices.Index(is, id) + 1})
		}
	}
	return found
}

func compareOrder(operation string, old, current []string) []change {
	var changes []change
	for _, m := range moves(old, current) {
		changes = append(changes, change{m.id, fmt.Sprintf("%s: check %d -> %d of %s", m.id, m.was, m.is, operation)})
	}
	return changes
}

// only returns the elements of a list that the other has too.
func only(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !slices.Contains(other, s) })
}

// longestCommon is the longest list that both lists hold in their order.
func longestCommon(a, b []string) []string {
	best := make([][][]string, len(a)+1)
	for i := range best {
		best[i] = make([][]string, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			switch {
			case a[i] == b[j]:
				best[i][j] = append([]string{a[i]}, best[i+1][j+1]...)
			case len(best[i+1][j]) >= len(best[i][j+1]):
				best[i][j] = best[i+1][j]
			default:
				best[i][j] = best[i][j+1]
			}
		}
	}
	return best[0][0]
}
