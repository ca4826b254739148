package approvals

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

// Collection holds the approvals.
const Collection = "approvals"

// Indexes of the collection.
func Indexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{Keys: bson.D{{Key: "inserted_at", Value: 1}, {Key: "status", Value: 1}}, Options: options.Index().SetName("autodeletion_idx")},
		{Keys: bson.D{{Key: "patient_id", Value: 1}, {Key: "inserted_at", Value: 1}, {Key: "_id", Value: 1}}},
		{Keys: bson.D{{Key: "reason.identifier.value", Value: 1}}},
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
func (s store) get(ctx context.Context, patient []string, id uuid.UUID) (*Document, error) {
	found := new(Document)
	err := s.documents.FindOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "patient_id", Value: mongodb.AnyOf(patient)}}).Decode(found)
	if err != nil {
		return nil, fmt.Errorf("look up approval: %w", mongodb.Error(err))
	}
	return found, nil
}

// filter narrows a list of approvals; what is nil does not.
type filter struct {
	patient      []string
	visible      []uuid.UUID // an approval is granted to one of them
	grantedTo    *uuid.UUID
	resource     []medicalevents.AnyID // any of them
	resourceType *string
	reason       *uuid.UUID
	accessLevel  *string
	isVerified   *bool
	isExpired    *bool
	now          time.Time
}

func (f filter) query() bson.D {
	q := bson.D{{Key: "patient_id", Value: mongodb.AnyOf(f.patient)}}
	add := func(key string, value any) { q = append(q, bson.E{Key: key, Value: value}) }
	if f.resourceType != nil {
		add("$or", bson.A{
			bson.D{{Key: "granted_resources.identifier.type.coding.code", Value: *f.resourceType}},
			bson.D{{Key: "granted_resource_types.coding.code", Value: *f.resourceType}},
		})
	}
	var grantedTo bson.D
	if f.visible != nil {
		grantedTo = append(grantedTo, bson.E{Key: "$in", Value: f.visible})
	}
	if f.grantedTo != nil {
		grantedTo = append(grantedTo, bson.E{Key: "$eq", Value: *f.grantedTo})
	}
	if grantedTo != nil {
		add("granted_to.identifier.value", grantedTo)
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

// terminateOthers ends the effective approvals of the patient that give the same
// access as d, which was verified at a moment, and were verified before it. It returns
// those that ended at that moment, so that a job that is tried again finds them.
func (s store) terminateOthers(ctx context.Context, d *Document, at time.Time, by uuid.UUID) (ended []uuid.UUID, err error) {
	cursor, err := s.documents.Find(ctx, bson.D{
		{Key: "patient_id", Value: d.PatientID},
		{Key: "granted_to.identifier.value", Value: d.GrantedTo.Identifier.Value.ID},
		{Key: "is_verified", Value: true},
		{Key: "expires_at", Value: bson.D{{Key: "$gte", Value: at}}},
		{Key: "access_level", Value: d.AccessLevel},
	})
	var found []Document
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("look up former approvals: %w", mongodb.Error(err))
	}
	for _, other := range found {
		switch {
		case other.ID == d.ID || !other.opensSame(d):
		case other.Status == StateTerminated && other.UpdatedAt.Equal(at):
			ended = append(ended, other.ID)
		case other.Status == StateActive && other.ExpiresAt.After(at) && other.UpdatedAt.Before(at):
			result, err := s.documents.UpdateOne(ctx,
				bson.D{{Key: "_id", Value: other.ID}, {Key: "status", Value: StateActive}, {Key: "expires_at", Value: other.ExpiresAt}},
				bson.D{{Key: "$set", Value: bson.D{
					{Key: "status", Value: StateTerminated},
					{Key: "expires_at", Value: at},
					{Key: "updated_at", Value: at},
					{Key: "updated_by", Value: by},
				}}})
			if err != nil {
				return nil, fmt.Errorf("end former approval: %w", mongodb.Error(err))
			}
			if result.ModifiedCount > 0 {
				ended = append(ended, other.ID)
			}
		}
	}
	return ended, nil
}

// add stores an approval that follows from another one, unless an earlier try has done so.
func (s store) add(ctx context.Context, d *Document) error {
	if _, err := s.documents.InsertOne(ctx, d); err != nil && !mongo.IsDuplicateKeyError(err) {
		return fmt.Errorf("add approval: %w", mongodb.Error(err))
	}
	return nil
}

// referral is what an approval asks of a service request.
type referral struct {
	Subject            string      `bson:"subject"`
	Status             string      `bson:"status"`
	ExpirationDate     time.Time   `bson:"expiration_date"`
	PermittedResources []Reference `bson:"permitted_resources"`
}

// referral returns a service request of a patient, nil when there is none, or it is
// another patient's.
func (s store) referral(ctx context.Context, patient []string, id uuid.UUID) (*referral, error) {
	found := new(referral)
	err := s.documents.Database().Collection("service_requests").
		FindOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "subject", Value: mongodb.AnyOf(patient)}}).Decode(found)
	if err = mongodb.Error(err); errors.Is(err, fault.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up service request: %w", err)
	}
	return found, nil
}
