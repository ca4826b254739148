package encounterpackages

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/fault"
)

// referral are references to service requests that the package carries out. The names of its rules begin alike.
type referral struct {
	name   string
	places func(p *content) []place
}

func (r referral) refers() refers { return refers{kind: "service_request", places: r.places} }

func (r referral) check(name string, ok func(c *call, p *content, s place, found *operation.Referent) bool) check {
	return r.refers().check(r.name+"_"+name, func(c *call, p *content, s place, found *operation.Referent) bool {
		return found == nil || ok(c, p, s, found)
	})
}

// fields are the checks that name the place.
func (r referral) fields() []check {
	return []check{
		r.refers().exists(r.name),
		r.check("expired", func(c *call, _ *content, _ place, found *operation.Referent) bool {
			return found.Order.Expires.IsZero() || !found.Order.Expires.Before(clock.Today(c.Now))
		}),
	}
}

// of makes checks of what the place refers to that it be done: the code of a report or a procedure.
func (r referral) of(service func(p *content, s place) uuid.UUID) []check {
	each := func(name string, ok func(order *operation.Referral, service uuid.UUID, found *operation.Referent) bool) check {
		return finds(r.name+"_"+name, func(ctx context.Context, c *call, p *content) (wrongs []wrong, _ error) {
			for _, s := range r.places(p) {
				if s.ref == nil || p.refused[s.at] {
					continue
				}
				request, err := look(ctx, c, "service_request", s.ref.Identifier.Value)
				if err != nil {
					return nil, err
				}
				id := service(p, s)
				found, err := look(ctx, c, "service", id)
				if err != nil {
					return nil, err
				}
				if request == nil || found == nil || ok(request.Order, id, found) {
					continue
				}
				p.refused[s.at] = true
				wrongs = append(wrongs, wrong{s.at + ".identifier.value", nil})
			}
			return wrongs, nil
		})
	}
	return []check{
		each("service", func(order *operation.Referral, service uuid.UUID, _ *operation.Referent) bool {
			return order.Code.Kind() == "service_group" || order.Code.Identifier.Value == service
		}),
		each("group", func(order *operation.Referral, _ uuid.UUID, found *operation.Referent) bool {
			return order.Code.Kind() != "service_group" || slices.Contains(found.Groups, order.Code.Identifier.Value)
		}),
		each("service_category", func(order *operation.Referral, _ uuid.UUID, found *operation.Referent) bool {
			return order.Code.Kind() != "service_group" || order.Category.First() == found.Type
		}),
	}
}

// alone are the checks whose refusals name no place.
func (r referral) alone() []check {
	each := func(name string, ok func(ctx context.Context, c *call, found *operation.Referent) (bool, error)) check {
		id := rule(r.name + "_" + name)
		return check{Rule: id, Pass: func(ctx context.Context, c *call) error {
			for _, s := range r.places(c.Body.content) {
				if s.ref == nil {
					continue
				}
				found, err := look(ctx, c, "service_request", s.ref.Identifier.Value)
				if err != nil {
					return err
				}
				if found == nil {
					continue
				}
				if fits, err := ok(ctx, c, found); err != nil || !fits {
					if err != nil {
						return err
					}
					documented, _ := rules.Get(id)
					return operation.Explained(fault.NewFact(s.at, documented.Check, "another state"))
				}
			}
			return nil
		}}
	}
	own := func(name string, ok func(c *call, found *operation.Referent) bool) check {
		return each(name, func(_ context.Context, c *call, found *operation.Referent) (bool, error) { return ok(c, found), nil })
	}
	planned := func(name, kind string, ok func(c *call, found *operation.Referent) bool) check {
		return each(name, func(ctx context.Context, c *call, found *operation.Referent) (bool, error) {
			for _, on := range found.Order.BasedOn {
				if on.Kind() != kind {
					continue
				}
				of, err := look(ctx, c, kind, on.Identifier.Value)
				if err != nil || of != nil && !ok(c, of) {
					return false, err
				}
			}
			return true, nil
		})
	}
	return []check{
		own("status", func(_ *call, found *operation.Referent) bool {
			return found.Status == "active" || is(found.Order.ProgramStatus, "in_progress")
		}),
		own("used", func(c *call, found *operation.Referent) bool {
			return found.Order.UsedBy == nil || found.Order.UsedBy.Identifier.Value == c.ClientID || r.name != "referral" && found.Order.Program == nil
		}),
		own("program", func(_ *call, found *operation.Referent) bool {
			status := found.Order.ProgramStatus
			return found.Order.Program == nil || is(status, "new") || is(status, "in_queue") || is(status, "in_progress")
		}),
		planned("plan", "care_plan", func(_ *call, found *operation.Referent) bool { return found.Status == "active" }),
		planned("plan_ended", "care_plan", func(c *call, found *operation.Referent) bool {
			return found.Until == nil || !found.Until.Before(clock.Today(c.Now))
		}),
		planned("activity", "activity", func(_ *call, found *operation.Referent) bool {
			return found.Status == "scheduled" || found.Status == "in_progress"
		}),
		planned("activity_left", "activity", func(_ *call, found *operation.Referent) bool { return found.Remaining == nil || *found.Remaining > 0 }),
	}
}

func is(value *string, wanted string) bool { return value != nil && *value == wanted }

// indexOf is the index that a place begins with: that of $.procedures[2].based_on is 2.
func indexOf(at string) (i int) {
	for _, r := range at {
		switch {
		case r >= '0' && r <= '9':
			i = i*10 + int(r-'0')
		case r == ']':
			return i
		}
	}
	return i
}
