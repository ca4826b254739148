package mongodb

import (
	"context"
	"fmt"
	"regexp"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// IsFerretDB1 returns whether the document store is FerretDB 1. Its findAndModify
// is not atomic: it reads the document first and changes it afterwards, so two
// concurrent commands can both find the state that they expect.
func IsFerretDB1(ctx context.Context, db *mongo.Database) (bool, error) {
	var info struct {
		Version *string `bson:"ferretdbVersion"` // "unknown" if embedded; other stores lack the field
	}
	if err := db.RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&info); err != nil {
		return false, fmt.Errorf("read the version of the document store: %w", Error(err))
	}
	return info.Version != nil && !laterFerretDB.MatchString(*info.Version), nil
}

var laterFerretDB = regexp.MustCompile(`^v?([2-9]|[1-9][0-9]+)\.`)

// OneConnection returns whether a client with this connection string sends one
// command at a time.
func OneConnection(uri string) bool {
	size := options.Client().ApplyURI(uri).MaxPoolSize
	return size != nil && *size == 1
}
