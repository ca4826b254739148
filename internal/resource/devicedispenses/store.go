package devicedispenses

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/platform/mongodb"
)

// Collection holds the device dispenses; kind is one in references.
const (
	Collection = "device_dispenses"
	kind       = "device_dispense"
)

// requestField names the device request that a dispense meets.
const requestField = "based_on.identifier.value"

// Indexes of the collection.
func Indexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{Keys: bson.D{{Key: "subject", Value: 1}, {Key: "inserted_at", Value: 1}, {Key: "_id", Value: 1}}},
		{Keys: bson.D{{Key: ownerField, Value: 1}, {Key: "inserted_at", Value: 1}, {Key: "_id", Value: 1}}},
		{Keys: bson.D{{Key: requestField, Value: 1}, {Key: "status", Value: 1}}},
		{Keys: bson.D{{Key: "status", Value: 1}, {Key: "inserted_at", Value: 1}}},
	}
}

// HandedOver returns how much of a device request completed dispenses have handed over.
// The sum is made in Go, because FerretDB 1 does not unwind lists.
func HandedOver(ctx context.Context, documents *mongo.Database, request uuid.UUID) (amount float64, err error) {
	cursor, err := documents.Collection(Collection).Find(ctx, bson.D{{Key: requestField, Value: request}, {Key: "status", Value: Completed}},
		options.Find().SetProjection(bson.D{{Key: "details", Value: 1}}))
	var found []Document
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return 0, fmt.Errorf("look up dispenses of a device request: %w", mongodb.Error(err))
	}
	for _, d := range found {
		for _, detail := range d.Details {
			amount += detail.Quantity.Value
		}
	}
	return amount, nil
}
