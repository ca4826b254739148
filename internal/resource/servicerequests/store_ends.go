package servicerequests

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/platform/mongodb"
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
