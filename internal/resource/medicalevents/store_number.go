package medicalevents

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/operation"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
)

// Numbers is the collection of all numbers that were given to encounters and requests.
const Numbers = "numbers"

// NumberField holds a hidden number there.
const NumberField = "number"

// Number is what one encounter or request was given: its id is the document's.
type Number struct {
	ID         uuid.UUID `bson:"_id"`
	Number     string    `bson:"number"` // hidden: see seal.Keys.Requisition
	EntityType string    `bson:"entity_type"`
	InsertedAt time.Time `bson:"inserted_at"`
	InsertedBy uuid.UUID `bson:"inserted_by"`
	SealedWith string    `bson:"sealed_with,omitempty"` // see seal.KeyField
}

// NumberIndexes are those of the collection: no number is given twice.
func NumberIndexes() []mongo.IndexModel {
	return []mongo.IndexModel{{Keys: bson.D{{Key: NumberField, Value: 1}}, Options: options.Index().SetUnique(true)}}
}

// numberTries is how often another number is made when one is taken.
const numberTries = 5

// NumberOf returns the hidden number of an encounter or a request, and gives it one when it
// has none. Of two who ask at once, the second gets what the first was given.
func NumberOf(ctx context.Context, e *operation.Engine, entityType string, id uuid.UUID, by *operation.Caller) (hidden string, err error) {
	given := mongodb.DocumentsOf(e.Documents, Numbers)
	salt := ""
	for range numberTries {
		stored, err := given.Get(ctx, id)
		if err == nil {
			var n Number
			if err := stored.Decode(&n); err != nil {
				return "", err
			}
			return e.Keys.Rehide(n.Number, n.SealedWith)
		}
		if !errors.Is(err, fault.ErrNotFound) {
			return "", err
		}
		n := Number{ID: id, EntityType: entityType, InsertedAt: by.Now, InsertedBy: by.UserID, SealedWith: e.Keys.PatientKeyIDs()[0]}
		number := e.Keys.Number(id, salt)
		n.Number, _ = e.Keys.Requisition(number) // it is as long as a number
		taken, err := isTaken(ctx, e, number)
		if err != nil {
			return "", err
		}
		if !taken {
			_, err = e.Documents.Collection(Numbers).InsertOne(ctx, n)
			if err == nil {
				return n.Number, nil
			}
			if !mongo.IsDuplicateKeyError(err) {
				return "", fmt.Errorf("give a number: %w", mongodb.Error(err))
			}
		}
		salt = uuid.NewString()
	}
	return "", fmt.Errorf("give a number to %s: all are taken", id)
}

// isTaken looks for a number under former keys as well, of which the index knows nothing.
func isTaken(ctx context.Context, e *operation.Engine, number string) (bool, error) {
	hidden, _ := e.Keys.Requisitions(number)
	n, err := e.Documents.Collection(Numbers).CountDocuments(ctx, bson.D{{Key: NumberField, Value: mongodb.AnyOf(hidden)}})
	if err != nil {
		return false, fmt.Errorf("look for a number: %w", mongodb.Error(err))
	}
	return n > 0, nil
}
