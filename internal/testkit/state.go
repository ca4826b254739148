package testkit

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// Run starts the background work of an idle server until the test ends.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	require.NoError(t, s.Start(context.Background()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		require.NoError(t, s.Stop(ctx))
	})
}

// Documents are all documents of a collection as they are stored, by id.
func (s *Server) Documents(t testing.TB, collection string) map[uuid.UUID]bson.M {
	t.Helper()
	cursor, err := s.Mongo.Collection(collection).Find(context.Background(), bson.D{})
	require.NoError(t, err)
	var all []bson.M
	require.NoError(t, cursor.All(context.Background(), &all))
	byID := make(map[uuid.UUID]bson.M, len(all))
	for _, document := range all {
		raw, ok := document["_id"].(bson.Binary)
		require.True(t, ok, "the _id of a document in %s is a %T", collection, document["_id"])
		require.Equal(t, bson.TypeBinaryUUID, raw.Subtype)
		id, err := uuid.FromBytes(raw.Data)
		require.NoError(t, err)
		byID[id] = document
	}
	return byID
}

// Decode reads one document.
func (s *Server) Decode(t testing.TB, collection string, id uuid.UUID, into any) {
	t.Helper()
	require.NoError(t, s.Mongo.Collection(collection).FindOne(context.Background(), bson.D{{Key: "_id", Value: id}}).Decode(into))
}

// Change sets fields of a document behind the server's back.
func (s *Server) Change(t testing.TB, collection string, id uuid.UUID, fields bson.D) {
	t.Helper()
	result, err := s.Mongo.Collection(collection).
		UpdateOne(context.Background(), bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "$set", Value: fields}})
	require.NoError(t, err)
	require.EqualValues(t, 1, result.MatchedCount)
}

// Remove deletes a document behind the server's back.
func (s *Server) Remove(t testing.TB, collection string, id uuid.UUID) {
	t.Helper()
	result, err := s.Mongo.Collection(collection).DeleteOne(context.Background(), bson.D{{Key: "_id", Value: id}})
	require.NoError(t, err)
	require.EqualValues(t, 1, result.DeletedCount)
}

// Event is an event as it is stored.
type Event struct {
	ID         uuid.UUID
	Type       string
	EntityType string
	Properties string // JSON
	At         time.Time
	By         uuid.UUID
}

// Events are the events of an entity, oldest first.
func (s *Server) Events(t testing.TB, entity uuid.UUID) []Event {
	t.Helper()
	rows, err := s.Pool.Query(context.Background(), `
		SELECT id, event_type, entity_type, properties::text, event_time, changed_by
		FROM event_manager.events WHERE entity_id = $1 ORDER BY event_time, id`, entity)
	require.NoError(t, err)
	defer rows.Close()
	var found []Event
	for rows.Next() {
		var e Event
		require.NoError(t, rows.Scan(&e.ID, &e.Type, &e.EntityType, &e.Properties, &e.At, &e.By))
		found = append(found, e)
	}
	require.NoError(t, rows.Err())
	return found
}

// Count counts rows: rest is what stands behind FROM.
func (s *Server) Count(t testing.TB, rest string, args ...any) int {
	t.Helper()
	var n int
	require.NoError(t, s.Pool.QueryRow(context.Background(), "SELECT count(*) FROM "+rest, args...).Scan(&n))
	return n
}
