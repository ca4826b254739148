package devicedispenses

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/devicerequests"
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
		{Keys: bson.D{{Key: "status", Value: 1}, {Key: "inserted_at", Value: 1}}},
	}
}

// request returns a device request, or fault.ErrNotFound.
func (a *API) request(ctx context.Context, id uuid.UUID) (*devicerequests.Document, error) {
	stored, err := mongodb.DocumentsOf(a.Engine.Documents, devicerequests.Collection).Get(ctx, id)
	if err != nil {
		return nil, err
	}
	d := new(devicerequests.Document)
	return d, stored.Decode(d)
}

// requestOf returns the device request that a dispense meets, nil when there is none.
func (a *API) requestOf(ctx context.Context, d *Document) (*devicerequests.Document, error) {
	if d.BasedOn == nil {
		return nil, nil
	}
	found, err := a.request(ctx, d.BasedOn.Identifier.Value)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, nil
	}
	return found, err
}
