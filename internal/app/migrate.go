package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/auth"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/dictionaries"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/medicalrecords"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/resource/uaddresses"
	sqlfiles "esoz/sql"
)

// Migrate brings both databases to this version: our tables, River's tables,
// the built-in dictionaries, addresses, roles and client types, the indexes of the document store. It may run while servers run, again, and
// from several processes at once, which then take turns. The pool needs three connections.
func Migrate(ctx context.Context, pool *pgxpool.Pool, documents *mongo.Database, now time.Time, by uuid.UUID) (err error) {
	return postgres.Alone(ctx, pool, migrationLock, func() error { return migrate(ctx, pool, documents, now, by) })
}

// migrationLock is the key under which migrations take turns; it means nothing.
const migrationLock = 0x65736f7a

func migrate(ctx context.Context, pool *pgxpool.Pool, documents *mongo.Database, now time.Time, by uuid.UUID) (err error) {
	if err := checkTables(ctx, pool); err != nil && !errors.Is(err, ErrOldTables) {
		return err // another version's migrations must not be mixed with ours
	}
	// A statement that waits for a table makes all who come after it wait, too.
	impatient := pool.Config().ConnConfig.Copy()
	impatient.RuntimeParams["lock_timeout"] = lockTimeout
	sqlDB := stdlib.OpenDB(*impatient)
	defer func() { err = errors.Join(err, sqlDB.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, sqlDB, sqlfiles.Migrations)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if err := up(ctx, provider); err != nil {
		return fmt.Errorf("migrate PostgreSQL: %w", err)
	}
	if _, err := pool.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+riverSchema); err != nil {
		return fmt.Errorf("create River's schema: %w", err)
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: riverSchema})
	if err != nil {
		return fmt.Errorf("read River's migrations: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate River: %w", err)
	}
	err = postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		return errors.Join(dictionaries.Seed(ctx, tx, now, by), uaddresses.Seed(ctx, tx, now), auth.SeedGrants(ctx, tx, now))
	})
	if err != nil {
		return fmt.Errorf("seed reference data: %w", err)
	}
	return IndexDocuments(ctx, documents)
}

const (
	lockTimeout     = "500ms"
	lockNotObtained = "55P03" // the SQLSTATE of lock_timeout
	lockPause       = 500 * time.Millisecond
	lockTries       = 120
)

// up carries out the migrations that are missing. One that cannot lock a table in time is
// tried again, so that servers work in between.
func up(ctx context.Context, provider *goose.Provider) error {
	for try := 1; ; try++ {
		_, err := provider.Up(ctx)
		var locked *pgconn.PgError
		if !errors.As(err, &locked) || locked.Code != lockNotObtained || try == lockTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPause):
		}
	}
}

// IndexDocuments creates the indexes of the document store.
func IndexDocuments(ctx context.Context, documents *mongo.Database) error {
	wanted := map[string][]mongo.IndexModel{
		"approvals":        approvals.Indexes(),
		"service_requests": servicerequests.Indexes(),
		"device_dispenses": devicedispenses.Indexes(),
		"device_requests":  devicerequests.Indexes(),
		"episodes":         episodes.Indexes(),
		"numbers":          medicalevents.NumberIndexes(),
	}
	maps.Copy(wanted, medicalrecords.Indexes())
	for collection, indexes := range wanted {
		if err := index(ctx, documents.Collection(collection), indexes); err != nil {
			return fmt.Errorf("create indexes of %s: %w", collection, mongodb.Error(err))
		}
	}
	return nil
}

// index creates the indexes that a collection does not have. FerretDB 1.24
// panics when it is asked for one that is there.
func index(ctx context.Context, collection *mongo.Collection, wanted []mongo.IndexModel) error {
	have, err := collection.Indexes().ListSpecifications(ctx)
	if err != nil {
		return fmt.Errorf("list indexes: %w", err)
	}
	for _, model := range wanted {
		keys, err := bson.Marshal(model.Keys)
		if err != nil {
			return fmt.Errorf("encode index: %w", err)
		}
		if slices.ContainsFunc(have, func(known mongo.IndexSpecification) bool { return sameKeys(known.KeysDocument, keys) }) {
			continue
		}
		if _, err := collection.Indexes().CreateOne(ctx, model); err != nil {
			return fmt.Errorf("create index: %w", err)
		}
	}
	return nil
}

// sameKeys compares the fields of two indexes and their directions; engines
// differ in the number type of a direction.
func sameKeys(a, b bson.Raw) bool {
	left, errLeft := a.Elements()
	right, errRight := b.Elements()
	return errLeft == nil && errRight == nil && slices.EqualFunc(left, right, func(x, y bson.RawElement) bool {
		return x.Key() == y.Key() && x.Value().AsInt64() == y.Value().AsInt64()
	})
}
