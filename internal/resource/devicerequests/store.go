package devicerequests

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/gen/db"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
)

// Collection holds the device requests; kind is one in references.
const (
	Collection = "device_requests"
	kind       = "device_request"
)

// Fields that the hidden values lie in.
const (
	RequisitionField      = "requisition"
	VerificationCodeField = "verification_code"
)

// ownerField names the legal entity that has written a request.
const ownerField = "requester_legal_entity.identifier.value"

// Indexes of the collection. What a patient has is few enough to be filtered.
func Indexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{Keys: bson.D{{Key: "subject", Value: 1}, {Key: "inserted_at", Value: 1}, {Key: "_id", Value: 1}}},
		{Keys: bson.D{{Key: RequisitionField, Value: 1}, {Key: "inserted_at", Value: -1}, {Key: "_id", Value: 1}}},
	}
}

// isSilent tells whether a medical program has no SMS sent about its requests.
func (a *API) isSilent(ctx context.Context, program uuid.UUID) (bool, error) {
	silent, err := db.New().ProgramSendsNoSMS(ctx, a.Pool, program)
	if err != nil {
		return false, fmt.Errorf("look up program: %w", postgres.Error(err))
	}
	return silent, nil
}

// prescribed returns what the register says of a device definition, or fault.ErrNotFound.
func (a *API) prescribed(ctx context.Context, definition uuid.UUID) (db.GetPrescribedDeviceRow, error) {
	found, err := db.New().GetPrescribedDevice(ctx, a.Pool, definition)
	if err != nil {
		return found, fmt.Errorf("look up a device definition: %w", postgres.Error(err))
	}
	return found, nil
}

// isTreated tells whether a patient has an active request of the same devices for the time
// in which a new one begins.
func (a *API) isTreated(ctx context.Context, patient []string, d *Document) (bool, error) {
	filter := bson.D{{Key: "subject", Value: mongodb.AnyOf(patient)}, {Key: "status", Value: Active}}
	if d.CodeReference != nil {
		filter = append(filter, bson.E{Key: "code_reference.identifier.value", Value: d.CodeReference.Identifier.Value})
	} else if code := d.TypeCode(); code != nil {
		filter = append(filter, bson.E{Key: "code.coding.code", Value: *code})
	}
	cursor, err := a.Engine.Documents.Collection(Collection).Find(ctx, filter,
		options.Find().SetProjection(bson.D{{Key: "occurrence_period", Value: 1}}))
	var found []Document
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return false, fmt.Errorf("look up device requests of a patient: %w", mongodb.Error(err))
	}
	start := d.OccurrencePeriod.Start
	return slices.ContainsFunc(found, func(other Document) bool {
		period := other.OccurrencePeriod
		return !period.Start.After(start) && period.End != nil && !period.End.Before(start)
	}), nil
}
