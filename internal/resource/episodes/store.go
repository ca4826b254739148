package episodes

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/operation"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
)

// Collection holds the episodes; kind is one in references.
const (
	Collection = "episodes"
	kind       = "episode"
)

// Indexes of the collection.
func Indexes() []mongo.IndexModel {
	return []mongo.IndexModel{
		{Keys: bson.D{{Key: "patient_id", Value: 1}, {Key: "inserted_at", Value: -1}, {Key: "_id", Value: 1}}},
	}
}

// diagnosed returns the ids of the patient's active episodes in which an encounter in force
// has made one of the diagnoses. Code and system are compared in Go, because FerretDB finds
// nothing with $elemMatch and without it they may be of different codings.
func diagnosed(ctx context.Context, db *mongo.Database, patient operation.Person, diagnoses []medicalevents.Coding) (ids []uuid.UUID, err error) {
	wanted := make(map[medicalevents.Coding]bool, len(diagnoses))
	for _, d := range diagnoses {
		wanted[d] = true
	}
	cursor, err := db.Collection(Collection).Find(ctx, bson.D{
		{Key: "patient_id", Value: mongodb.AnyOf(patient.Hidden)}, {Key: "status", Value: Active},
	}, options.Find().SetProjection(bson.D{{Key: "diagnoses_history", Value: 1}}))
	var found []struct {
		ID               uuid.UUID       `bson:"_id"`
		DiagnosesHistory []DiagnosesItem `bson:"diagnoses_history"`
	}
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("look up diagnoses of episodes: %w", mongodb.Error(err))
	}
	fits := func(d medicalevents.Diagnosis) bool {
		return slices.ContainsFunc(d.Code.Coding, func(c medicalevents.Coding) bool { return wanted[c] })
	}
	for _, e := range found {
		if slices.ContainsFunc(e.DiagnosesHistory, func(i DiagnosesItem) bool { return i.IsActive && slices.ContainsFunc(i.Diagnoses, fits) }) {
			ids = append(ids, e.ID)
		}
	}
	return ids, nil
}
