package encounterpackages

import (
	"context"
	"fmt"
	"slices"
	"time"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
)

type (
	call  = operation.PackageCall[*API, body]
	check = operation.Check[*call]
)

// fault of a package: where it is, and the values of its text.
type wrong struct {
	at   string
	args []any
}

// rule of the submission by the last part of its id.
func rule(name string) rules.ID { return rules.ID(family + "." + name) }

// finds makes a check of what a function finds wrong.
func finds(name string, find func(ctx context.Context, c *call, p *content) ([]wrong, error)) check {
	id := rule(name)
	return check{Rule: id, Pass: func(ctx context.Context, c *call) error {
		found, err := find(ctx, c, c.Body.content)
		if err != nil {
			return err
		}
		documented, _ := rules.Get(id)
		var refused operation.Refusals
		for _, w := range found {
			refused = append(refused, fault.RefuseAt(id, w.at, nil, w.args...).Because(w.at, documented.Check, "another value"))
		}
		return refused.OrNil()
	}}
}

// expects makes a check of one place.
func expects(name, at string, ok func(c *call, p *content) bool, args ...any) check {
	return finds(name, func(_ context.Context, c *call, p *content) ([]wrong, error) {
		if ok(c, p) {
			return nil, nil
		}
		return []wrong{{at, args}}, nil
	})
}

// each makes a check of the items of an array: at is the place in an item.
func each(name, plural, at string, n func(p *content) int, ok func(c *call, p *content, i int) bool) check {
	return finds(name, func(_ context.Context, c *call, p *content) (found []wrong, _ error) {
		for i := range n(p) {
			if !ok(c, p, i) {
				found = append(found, wrong{fmt.Sprintf("$.%s[%d]%s", plural, i, at), nil})
			}
		}
		return found, nil
	})
}

// refers are references of a package to objects of one kind, or of the kind that each names.
type refers struct {
	kind   string
	places func(p *content) []place
	within bool // objects of the package count
	titled bool // the text names the kind
}

// titles of kinds in texts.
var titles = map[string]string{
	"observation": "Observation", "condition": "Condition", "diagnostic_report": "Diagnostic report", "procedure": "Procedure",
	"medication_administration": "Medication administration", "specimen": "Specimen", "device": "Device", "division": "Division", "legal_entity": "LegalEntity",
}

// check makes a check of each reference. After the first that refuses a reference the others pass.
func (r refers) check(name string, ok func(c *call, p *content, s place, found *operation.Referent) bool) check {
	return finds(name, func(ctx context.Context, c *call, p *content) (wrongs []wrong, err error) {
		for _, s := range r.places(p) {
			if s.ref == nil || p.refused[s.at] {
				continue
			}
			kind := r.kind
			if kind == "" {
				kind = s.kind()
			}
			id := s.ref.Identifier.Value
			if r.within && p.has(kind, id) {
				continue
			}
			found, err := look(ctx, c, kind, id)
			if err != nil {
				return nil, err
			}
			if ok(c, p, s, found) {
				continue
			}
			p.refused[s.at] = true
			args := []any{"id", id}
			if r.titled {
				args = append(args, "kind", titles[kind])
			}
			wrongs = append(wrongs, wrong{s.at + ".identifier.value", args})
		}
		return wrongs, nil
	})
}

func (r refers) exists(name string) check {
	return r.check(name, func(_ *call, _ *content, _ place, found *operation.Referent) bool { return found != nil })
}

func (r refers) inStatus(name string, statuses ...string) check {
	return r.check(name, func(_ *call, _ *content, _ place, found *operation.Referent) bool {
		return found == nil || slices.Contains(statuses, found.Status)
	})
}

// counts passes what was not entered in error.
func (r refers) counts(name string) check {
	return r.check(name, func(_ *call, _ *content, _ place, found *operation.Referent) bool {
		return found == nil || found.Status != inError
	})
}

func (r refers) ofCaller(name string) check {
	return r.check(name, func(c *call, _ *content, _ place, found *operation.Referent) bool {
		return found == nil || found.LegalEntity == c.ClientID
	})
}

// Statuses.
const (
	approved = "APPROVED"
	active   = "ACTIVE"
	inError  = "entered_in_error"
)

// employees are the checks of references to employees who took part: found, at work, in the caller's legal entity.
func employees(name string, places func(p *content) []place) []check {
	r := refers{kind: "employee", places: places}
	return []check{
		r.exists(name),
		r.check(name+"_active", func(c *call, _ *content, _ place, found *operation.Referent) bool {
			return found == nil || found.Status == approved && slices.Contains(c.Config.EncounterEmployees, found.Type)
		}),
		r.ofCaller(name + "_legal_entity"),
	}
}

// divisions are the checks of references to divisions.
func divisions(name string, places func(p *content) []place) []check {
	r := refers{kind: "division", places: places}
	return []check{r.exists(name), r.inStatus(name+"_status", active), r.ofCaller(name + "_legal_entity")}
}

// source is who says what an item holds.
type source struct {
	primary bool
	by      *reference
	origin  *concept
}

// sources are the checks of who says what the items of an array hold: who is the field of the employee.
func sources(plural, singular, who string, items func(p *content) []source) []check {
	prefix := singular + "_" + who
	given := func(name, field string, ok func(s source) bool) check {
		return finds(name, func(_ context.Context, _ *call, p *content) (found []wrong, _ error) {
			for i, s := range items(p) {
				if !ok(s) {
					found = append(found, wrong{fmt.Sprintf("$.%s[%d].%s", plural, i, field), nil})
				}
			}
			return found, nil
		})
	}
	checks := []check{given(prefix+"_required", who, func(s source) bool { return !s.primary || s.by != nil })}
	checks = append(checks, employees(prefix, func(p *content) (places []place) {
		for i, s := range items(p) {
			if s.primary {
				places = append(places, place{fmt.Sprintf("$.%s[%d].%s", plural, i, who), s.by})
			}
		}
		return places
	})...)
	return append(checks, given(singular+"_report_origin", "report_origin", func(s source) bool { return s.primary || s.origin != nil }))
}

// contexts checks that the items of an array name the encounter.
func contexts(name, plural, field string, of func(p *content) []reference) check {
	return finds(name, func(_ context.Context, _ *call, p *content) (found []wrong, _ error) {
		for i, r := range of(p) {
			if r.Identifier.Value != p.Encounter.ID {
				found = append(found, wrong{fmt.Sprintf("$.%s[%d].%s.identifier.value", plural, i, field), nil})
			}
		}
		return found, nil
	})
}

// idsDiffer checks that no id stands twice in an array.
func idsDiffer(singular, plural string) check {
	return expects(singular+"_ids", "$."+plural, func(_ *call, p *content) bool {
		ids := p.ids(plural)
		seen := map[any]bool{}
		for _, id := range ids {
			if seen[id] {
				return false
			}
			seen[id] = true
		}
		return true
	})
}

// idsAreFree checks that nothing else has the id of an item.
func idsAreFree(singular, plural string) check {
	return finds(singular+"_id", func(ctx context.Context, c *call, p *content) (found []wrong, err error) {
		ids := p.ids(plural)
		stored, err := c.Stored(ctx, plural, ids)
		if err != nil {
			return nil, err
		}
		for i, id := range ids {
			if _, taken := stored[id]; taken {
				found = append(found, wrong{fmt.Sprintf("$.%s[%d].id", plural, i), []any{"id", id}})
			}
		}
		return found, nil
	})
}

// past checks that a moment of each item has come.
func past(name, plural, field string, n func(p *content) int, at func(p *content, i int) time.Time) check {
	return each(name, plural, "."+field, n, func(c *call, p *content, i int) bool { return !at(p, i).After(c.Now) })
}

// young checks that a moment of each item is not longer ago than a number of days.
func young(name, plural, field string, n func(p *content) int, at func(p *content, i int) time.Time, days func(c *call) int) check {
	return finds(name, func(_ context.Context, c *call, p *content) (found []wrong, _ error) {
		border := clock.Today(c.Now).AddDate(0, 0, -days(c))
		for i := range n(p) {
			if !clock.Today(at(p, i)).After(border) {
				found = append(found, wrong{fmt.Sprintf("$.%s[%d].%s", plural, i, field), []any{"date", border.Format(time.DateOnly)}})
			}
		}
		return found, nil
	})
}

func hasSystem(c concept, system string) bool {
	return slices.ContainsFunc(c.Coding, func(one medicalevents.Coding) bool { return one.System == system })
}
