package servicerequests

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/platform/mongodb"
)

// Collection holds the service requests; kind is one in references.
const (
	Collection = "service_requests"
	kind       = "service_request"
)

// RequisitionField holds the hidden number of a referral.
const RequisitionField = "requisition"

// Fields that lists ask for.
const (
	ownerField    = "requester_legal_entity.identifier.value"
	episodeField  = "context_episode_id"
	specimenField = "specimens.identifier.value"
)

// Indexes of the collection.
func Indexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{Keys: bson.D{{Key: "subject", Value: 1}, {Key: "inserted_at", Value: -1}, {Key: "_id", Value: 1}}},
		{Keys: bson.D{{Key: "subject", Value: 1}, {Key: episodeField, Value: 1}, {Key: "inserted_at", Value: -1}, {Key: "_id", Value: 1}}},
		{Keys: bson.D{{Key: "status", Value: 1}, {Key: "expiration_date", Value: 1}}},
		{Keys: bson.D{{Key: activityField, Value: 1}}},
		{Keys: bson.D{{Key: specimenField, Value: 1}, {Key: "inserted_at", Value: -1}, {Key: "_id", Value: 1}}},
		{Keys: bson.D{{Key: RequisitionField, Value: 1}, {Key: "status", Value: 1}, {Key: "inserted_at", Value: -1}, {Key: "_id", Value: 1}}},
	}
}

// isTold tells whether the patient does not need the SMS about a new referral: it names who
// serves it, or an earlier one of the encounter has brought them the number, by the same
// method when it names one.
func (a *API) isTold(ctx context.Context, d *Document) (bool, error) {
	if d.Performer != nil {
		return true, nil
	}
	number, err := a.Engine.Keys.OpenRequisition(d.Requisition, d.SealedWith)
	if err != nil {
		return false, fmt.Errorf("open the requisition of service request %s: %w", d.ID, err)
	}
	hidden, _ := a.Engine.Keys.Requisitions(number) // it is a number
	cursor, err := a.Engine.Documents.Collection(Collection).Find(ctx, bson.D{{Key: RequisitionField, Value: mongodb.AnyOf(hidden)}},
		options.Find().SetProjection(bson.D{{Key: "performer", Value: 1}, {Key: "inform_with", Value: 1}, {Key: "inserted_at", Value: 1}}))
	var found []Document
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return false, fmt.Errorf("look up service requests of one number: %w", mongodb.Error(err))
	}
	return slices.ContainsFunc(found, func(other Document) bool { return other.tells(d) }), nil
}

// tells is true of an earlier referral whose SMS does for a new one.
func (d *Document) tells(later *Document) bool {
	earlier := d.InsertedAt.Compare(later.InsertedAt)
	if d.ID == later.ID || earlier > 0 || earlier == 0 && d.ID.String() > later.ID.String() {
		return false
	}
	named := later.InformWith.method()
	return named == nil || d.Performer == nil && d.InformWith.method() != nil && *d.InformWith.method() == *named
}
