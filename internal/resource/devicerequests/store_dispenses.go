package devicerequests

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
)

// Dispense is what a device request asks of a dispense that meets it.
type Dispense struct {
	ID         uuid.UUID `bson:"_id"`
	InsertedAt time.Time `bson:"inserted_at"`
	Details    []struct {
		Quantity medicalevents.Quantity `bson:"quantity"`
	} `bson:"details"`
	AppliedJobs []mongodb.Mark `bson:"applied_jobs"`
}

// HandedOver returns how much of a device request completed dispenses have handed over.
// The sum is made in Go, because FerretDB 1 does not unwind lists.
func HandedOver(ctx context.Context, documents *mongo.Database, request uuid.UUID) (amount float64, err error) {
	found, err := dispenses(ctx, documents, request, "completed")
	for _, d := range found {
		for _, detail := range d.Details {
			amount += detail.Quantity.Value
		}
	}
	return amount, err
}

// BeingDispensed returns the dispenses of a device request that wait to be picked up since
// a moment or later.
func BeingDispensed(ctx context.Context, documents *mongo.Database, request uuid.UUID, since time.Time) (waiting []Dispense, err error) {
	found, err := dispenses(ctx, documents, request, "in_progress")
	for _, d := range found {
		if !d.InsertedAt.Before(since) {
			waiting = append(waiting, d)
		}
	}
	return waiting, err
}

func dispenses(ctx context.Context, documents *mongo.Database, request uuid.UUID, status string) (found []Dispense, err error) {
	cursor, err := documents.Collection("device_dispenses").Find(ctx,
		bson.D{{Key: "based_on.identifier.value", Value: request}, {Key: "status", Value: status}},
		options.Find().SetProjection(bson.D{{Key: "inserted_at", Value: 1}, {Key: "details", Value: 1}, {Key: "applied_jobs", Value: 1}}))
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("look up dispenses of a device request: %w", mongodb.Error(err))
	}
	return found, nil
}
