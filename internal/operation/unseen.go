package operation

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
)

// IsSeen tells whether a document may be read by its id. One of a package may from the
// write on that decides it: from then on its episode names its encounter (decisions R42).
func IsSeen(ctx context.Context, documents *mongo.Database, stored mongodb.Document) (bool, error) {
	if !stored.IsHidden() {
		return true, nil
	}
	found, err := mongodb.DocumentsOf(documents, "episodes").Get(ctx, stored.ID("context_episode_id"))
	if errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var episode struct {
		History []struct {
			Evidence struct {
				Identifier struct {
					Value uuid.UUID `bson:"value"`
				} `bson:"identifier"`
			} `bson:"evidence"`
		} `bson:"diagnoses_history"`
	}
	if err := found.Decode(&episode); err != nil {
		return false, err
	}
	encounter := cmp.Or(stored.ID("context.identifier.value"), stored.ID("encounter.identifier.value"), stored.ID("_id"))
	for _, item := range slices.Backward(episode.History) {
		if item.Evidence.Identifier.Value == encounter {
			return true, nil
		}
	}
	return false, nil
}
