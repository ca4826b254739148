package episodes

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/mongodb"
)

// Employees returns the employees that a user is in the legal entity of the token.
type Employees interface {
	Employees(ctx context.Context, by auth.Subject) ([]uuid.UUID, error)
}

// mayManage passes callers who are the care manager of the episode. With
// ALLOW_OTHER_LE_EMPLOYEES_TO_MANAGE_EPISODE it passes everybody where the care manager
// works in the legal entity that manages the episode.
func mayManage[B any](ctx context.Context, c *operation.Call[*API, Document, B]) error {
	manager := c.Document.CareManager.Identifier.Value
	if c.Config.EpisodeOthersManage {
		found, err := c.API.Engine.Referents.Referent(ctx, "employee", manager)
		if err != nil {
			return err
		}
		return operation.Expect(found.LegalEntity == c.Document.ManagingOrganization.Identifier.Value, "legal entity of care_manager",
			"the legal entity that manages the episode", "another one")
	}
	own, err := c.API.Employees.Employees(ctx, c.Subject)
	if err != nil {
		return err
	}
	return operation.Expect(slices.Contains(own, manager), "care_manager of the episode", "an employee that the user is", "another employee")
}

// managed is the check mayManage.
func managed[B any](rule rules.ID) operation.Check[*operation.Call[*API, Document, B]] {
	return operation.Check[*operation.Call[*API, Document, B]]{
		Rule: rule, Pass: mayManage[B],
		Seen: func(c *operation.Call[*API, Document, B]) mongodb.Condition {
			return mongodb.Condition{
				Field: "care_manager.identifier.value", Operator: mongodb.Equal, Values: []any{c.Document.CareManager.Identifier.Value},
			}
		},
	}
}

// day is the date of a moment, UTC.
func day(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }
