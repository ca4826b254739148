package bench

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"

	"esoz/internal/app"
	"esoz/internal/platform/mongodb"
)

// openDocuments opens a database of documents, which goes when the run ends.
func (l *lab) openDocuments(name string) (*mongo.Database, error) {
	if !slices.Contains(l.stores, name) {
		l.stores = append(l.stores, name)
	}
	return mongodb.Open(l.addresses.Mongo, name, patience)
}

// newDocuments makes a database of documents new, with those of the world.
func (l *lab) newDocuments(ctx context.Context, name string) (*mongo.Database, error) {
	store, err := l.openDocuments(name)
	if err != nil {
		return nil, err
	}
	if err := join(store.Drop(ctx), app.IndexDocuments(ctx, store), l.world.SeedDocuments(ctx, store)); err != nil {
		return nil, join(fmt.Errorf("make documents %s: %w", name, err), mongodb.Close(context.WithoutCancel(ctx), store))
	}
	return store, nil
}

// dropDocuments empties a store that is not ours and stays.
func (l *lab) dropDocuments() error {
	if l.MongoURI == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, name := range l.stores {
		store, err := mongodb.Open(l.MongoURI, name, patience)
		if err != nil {
			return err
		}
		if err := join(store.Drop(ctx), mongodb.Close(ctx, store)); err != nil {
			return fmt.Errorf("drop documents %s: %w", name, err)
		}
	}
	return nil
}

// unmeasured are rows that need another document store than the sandbox's.
func unmeasured(names ...string) []Measured {
	rows := make([]Measured, len(names))
	for i, name := range names {
		rows[i] = Measured{Name: name, Problem: "the sandbox's document store looks through a collection for each document; ESOZ_TEST_MONGODB_URI names another store"}
	}
	return rows
}

// with is a copy of a document in which a field has another value.
func with(document bson.D, field string, value any) bson.D {
	one := slices.Clone(document)
	for i := range one {
		if one[i].Key == field {
			one[i].Value = value
		}
	}
	return one
}

// model reads a document to be copied.
func model(ctx context.Context, from *mongo.Collection, id any) (bson.D, error) {
	raw, err := from.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	var document bson.D
	if err == nil {
		document, err = shallow(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("read a document of %s: %w", from.Name(), mongodb.Error(err))
	}
	return document, nil
}

// shallow decodes the names of fields alone: copies that differ in some are encoded quickly.
func shallow(raw bson.Raw) (bson.D, error) {
	elements, err := raw.Elements()
	if err != nil {
		return nil, fmt.Errorf("read a document: %w", err)
	}
	document := make(bson.D, len(elements))
	for i, element := range elements {
		document[i] = bson.E{Key: element.Key(), Value: element.Value()}
	}
	return document, nil
}

func deleteAll(ctx context.Context, of *mongo.Collection) error {
	if _, err := of.DeleteMany(ctx, bson.D{}); err != nil {
		return fmt.Errorf("empty %s: %w", of.Name(), mongodb.Error(err))
	}
	return nil
}

// add inserts n documents, from several goroutines.
func add(ctx context.Context, into *mongo.Collection, n int, one func(i int) bson.D) error {
	const writers, batch = 4, 1000
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for start := 0; start < n && ctx.Err() == nil; start += batch {
		group.Go(func() error {
			some := make([]any, min(batch, n-start))
			for i := range some {
				some[i] = one(start + i)
			}
			if _, err := into.InsertMany(ctx, some, options.InsertMany().SetOrdered(false)); err != nil {
				return fmt.Errorf("add to %s: %w", into.Name(), mongodb.Error(err))
			}
			return nil
		})
	}
	return group.Wait()
}
