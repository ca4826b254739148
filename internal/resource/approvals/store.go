package approvals

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/platform/envelope"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
)

// Collection holds the approvals.
const Collection = "approvals"

// Indexes of the collection.
func Indexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{Keys: bson.D{{Key: "inserted_at", Value: 1}, {Key: "status", Value: 1}}, Options: options.Index().SetName("autodeletion_idx")},
		{Keys: bson.D{{Key: "patient_id", Value: 1}, {Key: "inserted_at", Value: 1}, {Key: "_id", Value: 1}}},
		{Keys: bson.D{
			{Key: "patient_id", Value: 1},
			{Key: "granted_to.identifier.value", Value: 1},
			{Key: "is_verified", Value: 1},
			{Key: "expires_at", Value: 1},
		}},
	}
}

// store keeps the approvals.
type store struct{ documents *mongo.Collection }

func (a *API) store() store { return store{a.Engine.Documents.Collection(Collection)} }

// get returns an approval of a patient; fault.ErrNotFound when there is none,
// or it is another patient's.
func (s store) get(ctx context.Context, patient string, id uuid.UUID) (*Document, error) {
	found := new(Document)
	err := s.documents.FindOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "patient_id", Value: patient}}).Decode(found)
	if err != nil {
		return nil, fmt.Errorf("look up approval: %w", mongodb.Error(err))
	}
	return found, nil
}

// filter narrows a list of approvals; what is nil does not.
type filter struct {
	patient      string
	own          *own
	grantedTo    *uuid.UUID
	resource     []medicalevents.AnyID // any of them
	resourceType *string
	reason       *uuid.UUID
	accessLevel  *string
	isVerified   *bool
	isExpired    *bool
	now          time.Time
}

// own are the approvals that a caller sees without a declaration.
type own struct {
	grantedTo []uuid.UUID
	createdBy []uuid.UUID
}

func (f filter) query() bson.D {
	q := bson.D{{Key: "patient_id", Value: f.patient}}
	add := func(key string, value any) { q = append(q, bson.E{Key: key, Value: value}) }
	var either bson.A // conditions of which one must hold, each an $or of its own
	if f.own != nil {
		either = append(either, or(
			bson.E{Key: "granted_to.identifier.value", Value: bson.D{{Key: "$in", Value: f.own.grantedTo}}},
			bson.E{Key: "created_by.identifier.value", Value: bson.D{{Key: "$in", Value: f.own.createdBy}}},
		))
	}
	if f.resourceType != nil {
		either = append(either, or(
			bson.E{Key: "granted_resources.identifier.type.coding.code", Value: *f.resourceType},
			bson.E{Key: "granted_resource_types.coding.code", Value: *f.resourceType},
		))
	}
	if either != nil {
		add("$and", either)
	}
	if f.grantedTo != nil {
		add("granted_to.identifier.value", *f.grantedTo)
	}
	if f.resource != nil {
		add("granted_resources.identifier.value", bson.D{{Key: "$in", Value: f.resource}})
	}
	if f.reason != nil {
		add("reason.identifier.value", *f.reason)
	}
	if f.accessLevel != nil {
		add("access_level", *f.accessLevel)
	}
	if f.isVerified != nil {
		add("is_verified", *f.isVerified)
	}
	if f.isExpired != nil {
		// The moment of expiry itself counts as expired, as it does for the right to read.
		operator := "$gt"
		if *f.isExpired {
			operator = "$lte"
		}
		add("expires_at", bson.D{{Key: operator, Value: f.now}})
	}
	return q
}

func or(conditions ...bson.E) bson.D {
	alternatives := make(bson.A, len(conditions))
	for i, condition := range conditions {
		alternatives[i] = bson.D{condition}
	}
	return bson.D{{Key: "$or", Value: alternatives}}
}

// list returns a page of approvals, oldest first, and how many there are in all.
func (s store) list(ctx context.Context, f filter, page envelope.Page) (found []Document, total int, err error) {
	query := f.query()
	count, err := s.documents.CountDocuments(ctx, query)
	if err != nil {
		return nil, 0, fmt.Errorf("count approvals: %w", mongodb.Error(err))
	}
	cursor, err := s.documents.Find(ctx, query, options.Find().
		SetSort(bson.D{{Key: "inserted_at", Value: 1}, {Key: "_id", Value: 1}}).
		SetSkip(int64(page.Offset())).SetLimit(int64(page.Size)))
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("list approvals: %w", mongodb.Error(err))
	}
	return found, int(count), nil
}

// deleteUnverified removes approvals that were made before a moment and that
// nobody has verified or cancelled since.
func (s store) deleteUnverified(ctx context.Context, before time.Time) error {
	_, err := s.documents.DeleteMany(ctx, bson.D{
		{Key: "status", Value: StateNew},
		{Key: "is_verified", Value: false},
		{Key: "inserted_at", Value: bson.D{{Key: "$lt", Value: before}}},
	})
	if err != nil {
		return fmt.Errorf("delete unverified approvals: %w", mongodb.Error(err))
	}
	return nil
}
