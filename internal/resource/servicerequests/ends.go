package servicerequests

import (
	"context"

	"github.com/google/uuid"

	"esoz/internal/operation"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
)

// ends are what follows when a referral is withdrawn or expires: the approvals that it has
// led to are cancelled, and what is left of the activity that it carries out is counted anew.
func ends[B any]() []operation.Following[*API, Document, B] {
	return []operation.Following[*API, Document, B]{
		{
			Collection: "approvals", Event: operation.Event{Entity: "Approval", Attribute: "status", To: []string{"cancelled"}},
			Steps: func(ctx context.Context, c *operation.Call[*API, Document, B]) (steps []operation.Step, err error) {
				ids, err := c.API.approvalsBecauseOf(ctx, c.ID)
				for _, id := range ids {
					steps = append(steps, operation.Step{
						ID: id, Told: "CANCELLED",
						Change: operation.Change{Set: map[string]any{"status": "cancelled", "expires_at": c.Now}},
						While: []mongodb.Condition{
							{Field: "status", Operator: mongodb.Not, Values: []any{"cancelled"}},
							{Field: "status", Operator: mongodb.Not, Values: []any{"terminated"}},
							{Field: "expires_at", Operator: mongodb.After, Values: []any{c.Now}},
						},
					})
				}
				return steps, err
			},
		},
		{Collection: activities, Steps: func(ctx context.Context, c *operation.Call[*API, Document, B]) ([]operation.Step, error) {
			id := medicalevents.ActivityOf(c.Document.BasedOn)
			if id == uuid.Nil {
				return nil, nil
			}
			planned, err := c.API.activity(ctx, id)
			if err != nil || planned == nil {
				return nil, err
			}
			left, _, err := c.API.leftOf(ctx, planned)
			if err != nil {
				return nil, err
			}
			return []operation.Step{{
				ID: id, Change: operation.Change{Set: map[string]any{"detail.remaining_quantity": left}},
				// Who has changed it meanwhile may have counted without this referral.
				While: []mongodb.Condition{{Field: "updated_at", Operator: mongodb.Equal, Values: []any{planned.UpdatedAt}}}, Again: true,
			}}, nil
		}},
	}
}
