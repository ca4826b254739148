package medicalevents

import (
	"context"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/fault"
)

// BasedOn are the checks of the care plan and the activity that a new request carries out.
type BasedOn struct {
	Records

	Now time.Time
}

// PlanExists passes when the patient has the care plan.
func (b BasedOn) PlanExists(ctx context.Context, rule rules.ID) error {
	return b.each(ctx, "care_plan", func(m Mention, found *operation.Referent) *fault.Error {
		return refuseUnless(b.has(found), m, rule, "a care plan of the patient", "nothing of this id, or another patient's")
	})
}

// PlanIsActive passes an active care plan.
func (b BasedOn) PlanIsActive(ctx context.Context, rule rules.ID) error {
	return b.each(ctx, "care_plan", func(m Mention, found *operation.Referent) *fault.Error {
		return refuseUnless(!b.has(found) || found.Status == "active", m, rule, "active", "another status")
	})
}

// PlanHasNotEnded passes a care plan that is active, and not over.
func (b BasedOn) PlanHasNotEnded(ctx context.Context, rule rules.ID) error {
	return b.each(ctx, "care_plan", func(m Mention, found *operation.Referent) *fault.Error {
		over := b.has(found) && found.Status == "active" && found.Until != nil && found.Until.Before(b.Now)
		return refuseUnless(!over, m, rule, "a care plan that is not over", "one that has ended")
	})
}

// ActivityExists passes when the patient has the activity, and it is of the care plan.
func (b BasedOn) ActivityExists(ctx context.Context, rule rules.ID) error {
	plan := uuid.Nil
	for _, m := range b.Mentions {
		if m.Kind() == "care_plan" {
			plan = Received(m.Sent).Identifier.Value
		}
	}
	return b.each(ctx, "activity", func(m Mention, found *operation.Referent) *fault.Error {
		ok := b.has(found) && (plan == uuid.Nil || found.Whole == plan)
		return refuseUnless(ok, m, rule, "an activity of the care plan", "nothing of this id, or one of another plan")
	})
}

// ActivityIsOpen passes an activity that is scheduled or in_progress.
func (b BasedOn) ActivityIsOpen(ctx context.Context) error {
	for _, m := range b.Mentions {
		if m.Kind() != "activity" {
			continue
		}
		found, err := b.Find(ctx, m.Kind(), m.Value())
		if err != nil || found == nil {
			return err
		}
		return operation.Expect(found.Status == "scheduled" || found.Status == "in_progress", "status of the activity", "scheduled or in_progress", found.Status)
	}
	return nil
}

// MayBeChanged passes when the request carries nothing out, or an approval lets the caller
// change the care plan.
func (b BasedOn) MayBeChanged(ctx context.Context, mayWrite func(ctx context.Context, kind string, ids []uuid.UUID) (bool, error)) error {
	if len(b.Mentions) == 0 {
		return nil
	}
	may, err := mayWrite(ctx, "care_plan", b.plans())
	if err != nil {
		return err
	}
	return operation.Expect(may, "access to the care plan", "an approval to change it", "none")
}

// plans are the ids of what the request carries out, care plan and activity.
func (b BasedOn) plans() (ids []uuid.UUID) {
	for _, m := range b.Mentions {
		ids = append(ids, Received(m.Sent).Identifier.Value)
	}
	return ids
}

func (b BasedOn) each(ctx context.Context, kind string, judge func(m Mention, found *operation.Referent) *fault.Error) error {
	return EachRecord(ctx, b.Mentions, b.Find, func(m Mention, found *operation.Referent) *fault.Error {
		if m.Kind() != kind {
			return nil
		}
		return judge(m, found)
	})
}

func refuseUnless(ok bool, m Mention, rule rules.ID, expected, found string) *fault.Error {
	if ok {
		return nil
	}
	return m.Refuse(rule).Because(m.At, expected, found)
}
