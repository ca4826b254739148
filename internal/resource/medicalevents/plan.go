package medicalevents

import (
	"context"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/operation"
)

// planned is the state of an operation on a document that may carry out an activity of a
// care plan.
type planned interface {
	operation.State
	Referent(ctx context.Context, kind, id string) (*operation.Referent, error)
}

// Plan makes the checks of the care plan and the activity that based_on of a document
// names. One that is not stored is no reason to refuse.
type Plan[S planned] struct {
	BasedOn func(s S) []Reference
	Now     func(s S) time.Time
}

// ActivityIsOpen passes an activity that is scheduled or in_progress.
func (p Plan[S]) ActivityIsOpen(rule rules.ID) operation.Check[S] {
	return p.check(rule, "activity", func(_ S, found *operation.Referent) error {
		return operation.Expect(found.Status == "scheduled" || found.Status == "in_progress", "status of the activity", "scheduled or in_progress", found.Status)
	})
}

// SomethingIsLeft passes an activity whose quantity is not used up.
func (p Plan[S]) SomethingIsLeft(rule rules.ID) operation.Check[S] {
	return p.check(rule, "activity", func(_ S, found *operation.Referent) error {
		return operation.Expect(found.Remaining == nil || *found.Remaining > 0, "remaining_quantity of the activity", "more than 0", found.Remaining)
	})
}

// PlanIsActive passes an active care plan.
func (p Plan[S]) PlanIsActive(rule rules.ID) operation.Check[S] {
	return p.check(rule, "care_plan", func(_ S, found *operation.Referent) error {
		return operation.Expect(found.Status == "active", "status of the care plan", "active", found.Status)
	})
}

// PlanHasNotEnded passes a care plan that is not over.
func (p Plan[S]) PlanHasNotEnded(rule rules.ID) operation.Check[S] {
	return p.check(rule, "care_plan", func(s S, found *operation.Referent) error {
		return operation.Expect(found.Until == nil || !found.Until.Before(p.Now(s)), "period.end of the care plan", "not over", found.Until)
	})
}

func (p Plan[S]) check(rule rules.ID, kind string, pass func(s S, found *operation.Referent) error) operation.Check[S] {
	return operation.Check[S]{Rule: rule, Pass: func(ctx context.Context, s S) error {
		found, err := p.find(ctx, s, kind)
		if found == nil {
			return err
		}
		return pass(s, found)
	}}
}

// find returns what based_on names of a kind, nil when it names none.
func (p Plan[S]) find(ctx context.Context, s S, kind string) (*operation.Referent, error) {
	for _, r := range p.BasedOn(s) {
		if r.Identifier.Type.Coding[0].Code == kind {
			return s.Referent(ctx, kind, r.Identifier.Value.String())
		}
	}
	return nil, nil
}

// ActivityOf is the activity that based_on of a document names, uuid.Nil when it names none.
func ActivityOf(basedOn []Reference) uuid.UUID {
	for _, r := range basedOn {
		if r.Identifier.Type.Coding[0].Code == "activity" {
			return r.Identifier.Value
		}
	}
	return uuid.Nil
}
