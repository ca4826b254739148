package servicerequests

import (
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
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
