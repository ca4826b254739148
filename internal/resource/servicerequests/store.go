package servicerequests

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
)

// Collection holds the service requests.
const Collection = "service_requests"

// Indexes of the collection.
func Indexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{Keys: bson.D{{Key: "requisition", Value: 1}, {Key: "status", Value: 1}, {Key: "inserted_at", Value: -1}, {Key: "_id", Value: 1}}},
	}
}

// store keeps the service requests.
type store struct{ documents *mongo.Collection }

// get returns a service request; fault.ErrNotFound when there is none.
func (s store) get(ctx context.Context, id uuid.UUID) (*Document, error) {
	return s.one(ctx, bson.D{{Key: "_id", Value: id}})
}

// ofPatient returns a service request of a patient; fault.ErrNotFound when
// there is none, or it is another patient's.
func (s store) ofPatient(ctx context.Context, patient string, id uuid.UUID) (*Document, error) {
	return s.one(ctx, bson.D{{Key: "_id", Value: id}, {Key: "subject", Value: patient}})
}

func (s store) one(ctx context.Context, filter bson.D) (*Document, error) {
	found := new(Document)
	if err := s.documents.FindOne(ctx, filter).Decode(found); err != nil {
		return nil, fmt.Errorf("look up service request: %w", mongodb.Error(err))
	}
	return found, nil
}

// find returns a page of the service requests of a requisition in a status,
// newest first, and how many there are in all.
func (s store) find(ctx context.Context, requisition, status string, page envelope.Page) (found []Document, total int, err error) {
	filter := bson.D{{Key: "requisition", Value: requisition}, {Key: "status", Value: status}}
	count, err := s.documents.CountDocuments(ctx, filter)
	if err != nil {
		return nil, 0, fmt.Errorf("count service requests: %w", mongodb.Error(err))
	}
	cursor, err := s.documents.Find(ctx, filter, options.Find().
		SetSort(bson.D{{Key: "inserted_at", Value: -1}, {Key: "_id", Value: 1}}).
		SetSkip(int64(page.Offset())).SetLimit(int64(page.Size)))
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("find service requests: %w", mongodb.Error(err))
	}
	return found, int(count), nil
}

// release is one release of a service request.
type release struct {
	id    uuid.UUID
	by    uuid.UUID // user
	at    time.Time
	owner *uuid.UUID // nil: whoever holds it
	job   string
}

// mark is what the release leaves on the document until its job has ended.
func (r release) mark() medicalevents.Mark { return medicalevents.Mark{Job: r.job, At: r.at} }

// changes are the fields that a release sets.
func (r release) changes() map[string]any {
	return map[string]any{
		"used_by_employee": nil, "used_by_legal_entity": nil, "used_by_division": nil,
		"program_processing_status": ProgramNew, "updated_at": r.at, "updated_by": r.by,
	}
}

// release takes a service request out of the queue and marks it with the job's
// id. The expected state stands in the filter, so that of two releases one
// matches nothing: fault.ErrStale.
func (s store) release(ctx context.Context, r release) (*Document, error) {
	filter := bson.D{
		{Key: "_id", Value: r.id},
		{Key: "status", Value: Active},
		{Key: "program_processing_status", Value: ProgramInQueue},
	}
	if r.owner != nil {
		filter = append(filter, bson.E{Key: "used_by_legal_entity.identifier.value", Value: *r.owner})
	}
	change := ProgramChange{ProgramProcessingStatus: ProgramNew, Change: Change{InsertedAt: r.at, InsertedBy: r.by}}
	released := new(Document)
	err := s.documents.FindOneAndUpdate(ctx, filter, bson.D{
		{Key: "$set", Value: r.changes()},
		{Key: "$push", Value: bson.D{
			{Key: "program_processing_status_history", Value: change},
			{Key: "applied_jobs", Value: r.mark()},
		}},
	}, options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(released)
	if err = mongodb.Error(err); errors.Is(err, fault.ErrNotFound) {
		return nil, fault.ErrStale
	}
	if err != nil {
		return nil, fmt.Errorf("release service request: %w", err)
	}
	return released, nil
}

// forget removes a job's mark.
func (s store) forget(ctx context.Context, id uuid.UUID, mark medicalevents.Mark) error {
	_, err := s.documents.UpdateOne(ctx, bson.D{{Key: "_id", Value: id}},
		bson.D{{Key: "$pull", Value: bson.D{{Key: "applied_jobs", Value: mark}}}})
	if err != nil {
		return fmt.Errorf("forget job: %w", mongodb.Error(err))
	}
	return nil
}
