package approvals

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/internal/operation"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
)

// openGroups gives the employee who may read what a verified approval names an approval
// of each forbidden group that hides it, too (decisions R41). A job that is tried again
// gives the same ones.
func openGroups(ctx context.Context, c *call, d *Document, jobID string) ([]change, error) {
	if !d.GrantedTo.IsTo("employee") || d.AccessLevel != "read" {
		return nil, nil
	}
	items, err := touched(ctx, c, d)
	if err != nil {
		return nil, err
	}
	groups, err := c.People.ForbiddenGroups(ctx, items)
	if err != nil {
		return nil, err
	}
	made := make([]change, len(groups))
	for i, group := range groups {
		opening := d.opening(group, events.IDOfJob(jobID+" "+group.String()), c.Now, c.UserID)
		opening.ExpiresAt = c.Now.Add(time.Duration(c.Config.ForbiddenGroupMinutes) * time.Minute)
		if err := c.store().add(ctx, opening); err != nil {
			return nil, err
		}
		made[i] = change{opening.ID, opening.told()}
	}
	return made, nil
}

// opening is an approval of a forbidden group that follows from d.
func (d *Document) opening(group, id uuid.UUID, at time.Time, by uuid.UUID) *Document {
	opening, reason := *d, To("approval", d.ID)
	opening.ID, opening.Reason = id, &reason
	opening.GrantedResources, opening.GrantedResourceTypes = []Reference{To("forbidden_group", group)}, []medicalevents.CodeableConcept{}
	opening.AuthorizeWith, opening.Urgent = nil, nil
	opening.InsertedAt, opening.InsertedBy, opening.UpdatedAt, opening.UpdatedBy = at, by, at, by
	return &opening
}

// compared are the kinds of documents that forbidden groups may name.
var compared = []string{"episode_of_care", "episode", "encounter", "condition", "diagnostic_report", "procedure", "service_request"}

// touched is what forbidden groups may name of the documents that an approval opens, and
// of the one that it was given for.
func touched(ctx context.Context, c *call, d *Document) (items operation.Items, err error) {
	all := d.GrantedResources
	if d.Reason != nil {
		all = append(slices.Clone(all), *d.Reason)
	}
	for _, r := range all {
		kind := slices.IndexFunc(compared, r.IsTo)
		if kind < 0 {
			continue
		}
		found, err := c.Engine.Referents.Referent(ctx, compared[kind], r.Identifier.Value.ID)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return nil, err
		}
		items = append(items, found.Items...)
	}
	return items, nil
}
