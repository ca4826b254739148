package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
)

// errFerretDB1 means that the settings do not allow the document store.
var errFerretDB1 = errors.New("FerretDB 1 is refused, because its findAndModify is not atomic: a status could change twice (use MongoDB 6 or FerretDB 2)")

// checkDocuments returns errFerretDB1 when the settings do not allow the
// document store. After any other error it is not known what the store is.
func checkDocuments(ctx context.Context, documents *mongo.Database, cfg *config.Config) error {
	ferretDB1, err := mongodb.IsFerretDB1(ctx, documents)
	switch {
	case err != nil:
		return err
	case ferretDB1 && cfg.FerretDB1 != config.FerretDB1SingleProcess:
		return fmt.Errorf("MONGO_URL: %w", errFerretDB1)
	case ferretDB1 && !mongodb.OneConnection(string(cfg.MongoURL)):
		return fmt.Errorf("MONGO_URL lacks maxPoolSize=1: %w", errFerretDB1)
	}
	return nil
}

// checkDocumentsLater repeats checkDocuments until the store, which was away
// when the server started, says what it is.
func checkDocumentsLater(ctx context.Context, documents *mongo.Database, cfg *config.Config) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := checkDocuments(ctx, documents, cfg); err == nil || errors.Is(err, errFerretDB1) {
			return err
		}
	}
}
