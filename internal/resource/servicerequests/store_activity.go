package servicerequests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
)

// activities is the collection of the activities of care plans; activityField names the one
// that a referral carries out.
const (
	activities    = "activities"
	activityField = "based_on.identifier.value"
)

// activity is what is counted of an activity of a care plan that has a quantity.
type activity struct {
	ID     uuid.UUID `bson:"_id"`
	Detail struct {
		Quantity *quantity `bson:"quantity"`
	} `bson:"detail"`
	UpdatedAt *time.Time `bson:"updated_at"`

	// Claims are internal, and nobody takes one away: that of a job that has ended counts for
	// nothing, and the next claim replaces it. Revision counts the changes of Claims.
	Claims   []claim `bson:"claims"`
	Revision int64   `bson:"revision"`
}

// claim is what a job takes of an activity before it stores its referral.
type claim struct {
	Job      string    `bson:"job"`
	Referral uuid.UUID `bson:"service_request"`
	Quantity float64   `bson:"quantity"`
}

// activity looks up an activity: nil when there is none, or none with a quantity.
func (a *API) activity(ctx context.Context, id uuid.UUID) (*activity, error) {
	stored, err := mongodb.DocumentsOf(a.Engine.Documents, activities).Get(ctx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	planned := new(activity)
	if err := stored.Decode(planned); err != nil || planned.Detail.Quantity == nil {
		return nil, err
	}
	return planned, nil
}

// leftOf counts what referrals leave of an activity: its quantity without theirs, unless they
// are withdrawn. carried are all its referrals.
func (a *API) leftOf(ctx context.Context, planned *activity) (left quantity, carried []uuid.UUID, err error) {
	left = *planned.Detail.Quantity
	cursor, err := a.Engine.Documents.Collection(Collection).Find(ctx, bson.D{{Key: activityField, Value: planned.ID}},
		options.Find().SetProjection(bson.D{{Key: "status", Value: 1}, {Key: "quantity", Value: 1}}))
	var found []struct {
		ID       uuid.UUID `bson:"_id"`
		Status   string    `bson:"status"`
		Quantity *quantity `bson:"quantity"`
	}
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return left, nil, fmt.Errorf("look up the service requests of an activity: %w", mongodb.Error(err))
	}
	for _, one := range found {
		carried = append(carried, one.ID)
		if one.Quantity != nil && one.Status != Recalled && one.Status != EnteredInError {
			left.Value -= one.Quantity.Value
		}
	}
	return left, carried, nil
}

// leftTo counts what referrals and the claims of other jobs leave of an activity to a job. It
// keeps only those claims in planned whose jobs have not ended. The order matters: a job that
// ends before it is asked for has stored its referral before the referrals are read.
func (a *API) leftTo(ctx context.Context, planned *activity, own string) (left quantity, err error) {
	var pending []claim
	for _, one := range planned.Claims {
		job, err := a.Engine.Queue.Get(ctx, one.Job)
		switch {
		case err == nil && job.Status == jobs.Pending:
			pending = append(pending, one)
		case err != nil && !errors.Is(err, fault.ErrNotFound):
			return left, err
		}
	}
	left, carried, err := a.leftOf(ctx, planned)
	for _, one := range pending {
		if one.Job != own && !slices.Contains(carried, one.Referral) {
			left.Value -= one.Quantity
		}
	}
	planned.Claims = pending
	return left, err
}

// claim adds a claim to an activity, or returns fault.ErrStale when another job was faster.
func (a *API) claim(ctx context.Context, planned *activity, own claim) error {
	asRead := bson.E{Key: "revision", Value: planned.Revision}
	if planned.Revision == 0 {
		asRead.Value = nil
	}
	found, err := a.Engine.Documents.Collection(activities).UpdateOne(ctx, bson.D{{Key: "_id", Value: planned.ID}, asRead}, bson.D{{Key: "$set", Value: bson.D{
		{Key: "claims", Value: append(slices.Clone(planned.Claims), own)}, {Key: "revision", Value: planned.Revision + 1},
	}}})
	if err != nil {
		return fmt.Errorf("claim a part of an activity: %w", mongodb.Error(err))
	}
	if found.MatchedCount == 0 {
		return fault.ErrStale
	}
	return nil
}
