package devicedispenses

import (
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Collection holds the device dispenses; kind is one in references, entity in events.
const (
	Collection = "device_dispenses"
	kind       = "device_dispense"
	entity     = "DeviceDispense"
)

// requestField names the device request that a dispense meets.
const requestField = "based_on.identifier.value"

// Indexes of the collection.
func Indexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{Keys: bson.D{{Key: "subject", Value: 1}, {Key: "inserted_at", Value: 1}, {Key: "_id", Value: 1}}},
		{Keys: bson.D{{Key: ownerField, Value: 1}, {Key: "inserted_at", Value: 1}, {Key: "_id", Value: 1}}},
		{Keys: bson.D{{Key: requestField, Value: 1}, {Key: "status", Value: 1}}},
	}
}
