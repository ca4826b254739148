package devicedispenses

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

// Collection holds the device dispenses.
const Collection = "device_dispenses"

// Indexes of the collection.
func Indexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{Keys: bson.D{{Key: "subject", Value: 1}, {Key: "inserted_at", Value: 1}, {Key: "_id", Value: 1}}},
	}
}

// store keeps the device dispenses.
type store struct{ documents *mongo.Collection }

// get returns a device dispense; fault.ErrNotFound when there is none.
func (s store) get(ctx context.Context, id uuid.UUID) (*Document, error) {
	return s.one(ctx, bson.D{{Key: "_id", Value: id}})
}

// ofPatient returns a device dispense of a patient; fault.ErrNotFound when
// there is none, or it is another patient's.
func (s store) ofPatient(ctx context.Context, patient string, id uuid.UUID) (*Document, error) {
	return s.one(ctx, bson.D{{Key: "_id", Value: id}, {Key: "subject", Value: patient}})
}

func (s store) one(ctx context.Context, filter bson.D) (*Document, error) {
	found := new(Document)
	if err := s.documents.FindOne(ctx, filter).Decode(found); err != nil {
		return nil, fmt.Errorf("look up device dispense: %w", mongodb.Error(err))
	}
	return found, nil
}

// filter narrows a list of device dispenses; what is nil does not.
type filter struct {
	patient    string
	equal      map[string]any // by path in the document
	handedOver span
	inserted   span
}

// span is a stretch of time; both ends belong to it.
type span struct{ from, to *time.Time }

func (s span) condition() bson.D {
	var bounds bson.D
	if s.from != nil {
		bounds = append(bounds, bson.E{Key: "$gte", Value: *s.from})
	}
	if s.to != nil {
		bounds = append(bounds, bson.E{Key: "$lte", Value: *s.to})
	}
	return bounds
}

func (f filter) query() bson.D {
	q := bson.D{{Key: "subject", Value: f.patient}}
	for path, value := range f.equal {
		q = append(q, bson.E{Key: path, Value: value})
	}
	if bounds := f.handedOver.condition(); bounds != nil {
		q = append(q, bson.E{Key: "when_handed_over", Value: bounds})
	}
	if bounds := f.inserted.condition(); bounds != nil {
		q = append(q, bson.E{Key: "inserted_at", Value: bounds})
	}
	return q
}

// list returns a page of device dispenses, oldest first, and how many there are
// in all.
func (s store) list(ctx context.Context, f filter, page envelope.Page) (found []Document, total int, err error) {
	query := f.query()
	count, err := s.documents.CountDocuments(ctx, query)
	if err != nil {
		return nil, 0, fmt.Errorf("count device dispenses: %w", mongodb.Error(err))
	}
	cursor, err := s.documents.Find(ctx, query, options.Find().
		SetSort(bson.D{{Key: "inserted_at", Value: 1}, {Key: "_id", Value: 1}}).
		SetSkip(int64(page.Offset())).SetLimit(int64(page.Size)))
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("list device dispenses: %w", mongodb.Error(err))
	}
	return found, int(count), nil
}

// stop is one stop of a device dispense.
type stop struct {
	id  uuid.UUID
	by  uuid.UUID // user
	at  time.Time
	job string
}

// mark is what the stop leaves on the document until its job has ended.
func (s stop) mark() medicalevents.Mark { return medicalevents.Mark{Job: s.job, At: s.at} }

// changes are the fields that a stop sets.
func (s stop) changes() map[string]any {
	return map[string]any{"status": Stopped, "updated_at": s.at, "updated_by": s.by}
}

// stop ends a device dispense and marks it with the job's id. The expected
// status stands in the filter, so that of two stops one matches nothing:
// fault.ErrStale.
func (s store) stop(ctx context.Context, by stop) (*Document, error) {
	stopped := new(Document)
	err := s.documents.FindOneAndUpdate(ctx,
		bson.D{{Key: "_id", Value: by.id}, {Key: "status", Value: InProgress}},
		bson.D{
			{Key: "$set", Value: by.changes()},
			{Key: "$push", Value: bson.D{{Key: "applied_jobs", Value: by.mark()}}},
		},
		options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(stopped)
	if err = mongodb.Error(err); errors.Is(err, fault.ErrNotFound) {
		return nil, fault.ErrStale
	}
	if err != nil {
		return nil, fmt.Errorf("stop device dispense: %w", err)
	}
	return stopped, nil
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
