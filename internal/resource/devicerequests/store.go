package devicerequests

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/gen/db"
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
