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

// openGroups adds an approval of each forbidden group that has a code or a service of what
// the verified approval d opens to an employee for reading (decisions R41). A job that is
// tried again adds none a second time.
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
		opening := opening(c, d, group, events.IDOfJob(jobID+" "+group.String()))
		if err := c.store().add(ctx, opening); err != nil {
			return nil, err
		}
		made[i] = change{opening.ID, opening.told()}
	}
	return made, nil
}

// opening is the approval of a forbidden group that follows from the verified approval
// from: it has the same parties.
func opening(c *call, from *Document, group, id uuid.UUID) *Document {
	d, reason := *from, To("approval", from.ID)
	d.ID, d.Reason = id, &reason
	d.GrantedResources, d.GrantedResourceTypes = []Reference{To("forbidden_group", group)}, []medicalevents.CodeableConcept{}
	d.AuthorizeWith, d.Urgent = nil, nil
	d.ExpiresAt = c.Now.Add(time.Duration(c.Config.ForbiddenGroupMinutes) * time.Minute)
	d.InsertedAt, d.InsertedBy, d.UpdatedAt, d.UpdatedBy = c.Now, c.UserID, c.Now, c.UserID
	return &d
}

// compared are the kinds of documents whose codes or services a forbidden group may have.
var compared = []string{"episode_of_care", "episode", "encounter", "condition", "diagnostic_report", "procedure", "service_request"}

// touched returns the codes and services of the documents that an approval opens, and of
// the document that is its reason.
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
