package servicerequests

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
)

// activities is the collection of the activities of care plans; activityField names the one
// that a referral carries out.
const (
	activities    = "activities"
	activityField = "based_on.identifier.value"
)

// approvalsBecauseOf returns the approvals whose reason is a referral.
func (a *API) approvalsBecauseOf(ctx context.Context, referral uuid.UUID) (ids []uuid.UUID, err error) {
	cursor, err := a.Engine.Documents.Collection("approvals").Find(ctx, bson.D{{Key: "reason.identifier.value", Value: referral}},
		options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}))
	var found []struct {
		ID uuid.UUID `bson:"_id"`
	}
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("look up approvals of a service request: %w", mongodb.Error(err))
	}
	for _, one := range found {
		ids = append(ids, one.ID)
	}
	return ids, nil
}

// leftOf counts what referrals leave of an activity: its quantity without theirs, unless they
// are withdrawn. planned is nil when there is no such activity, or none with a quantity.
func (a *API) leftOf(ctx context.Context, id uuid.UUID) (planned *activity, left quantity, err error) {
	stored, err := mongodb.DocumentsOf(a.Engine.Documents, activities).Get(ctx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, left, nil
	}
	if err != nil {
		return nil, left, err
	}
	planned = new(activity)
	if err := stored.Decode(planned); err != nil || planned.Detail.Quantity == nil {
		return nil, left, err
	}
	left = *planned.Detail.Quantity
	cursor, err := a.Engine.Documents.Collection(Collection).Find(ctx,
		bson.D{{Key: activityField, Value: id}, {Key: "status", Value: bson.D{{Key: string(mongodb.NoneOf), Value: bson.A{Recalled, EnteredInError}}}}},
		options.Find().SetProjection(bson.D{{Key: "quantity", Value: 1}}))
	var found []struct {
		Quantity *quantity `bson:"quantity"`
	}
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, left, fmt.Errorf("look up the service requests of an activity: %w", mongodb.Error(err))
	}
	for _, one := range found {
		if one.Quantity != nil {
			left.Value -= one.Quantity.Value
		}
	}
	return planned, left, nil
}
