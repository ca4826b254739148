package mongodb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
	"esoz/internal/testkit"
)

// Meets is true exactly when a write with the same condition matches.
func TestConditionsJudgeAsTheStoreDoes(t *testing.T) {
	t.Parallel()
	db := testkit.New(t, testkit.Idle()).Mongo
	documents := mongodb.DocumentsOf(db, "conditions")
	id, owner := uuid.New(), uuid.New()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	_, err := db.Collection("conditions").InsertOne(t.Context(), bson.D{
		{Key: "_id", Value: id},
		{Key: "status", Value: "active"},
		{Key: "at", Value: at},
		{Key: "count", Value: 3},
		{Key: "none", Value: nil},
		{Key: "owner", Value: bson.D{{Key: "identifier", Value: bson.D{{Key: "value", Value: owner}}}}},
	})
	require.NoError(t, err)
	stored, err := documents.Get(t.Context(), id)
	require.NoError(t, err)
	for i, c := range []struct {
		field    string
		operator mongodb.Operator
		values   []any
		want     bool
	}{
		{"status", mongodb.Equal, []any{"active"}, true},
		{"status", mongodb.Equal, []any{"completed"}, false},
		{"status", mongodb.Equal, []any{nil}, false},
		{"status", mongodb.Not, []any{"completed"}, true},
		{"status", mongodb.Not, []any{"active"}, false},
		{"absent", mongodb.Not, []any{"active"}, true},
		{"status", mongodb.OneOf, []any{"completed", "active"}, true},
		{"status", mongodb.OneOf, []any{"completed", "recalled"}, false},
		{"none", mongodb.Equal, []any{nil}, true},
		{"absent", mongodb.Equal, []any{nil}, true},
		{"absent.deeper", mongodb.Equal, []any{nil}, true},
		{"owner.identifier.value", mongodb.Equal, []any{owner}, true},
		{"owner.identifier.value", mongodb.Equal, []any{uuid.New()}, false},
		{"at", mongodb.AtLeast, []any{at}, true},
		{"at", mongodb.AtLeast, []any{at.Add(time.Millisecond)}, false},
		{"at", mongodb.Before, []any{at.Add(time.Millisecond)}, true},
		{"at", mongodb.Before, []any{at}, false},
		{"at", mongodb.After, []any{at.Add(-time.Millisecond)}, true},
		{"at", mongodb.After, []any{at}, false},
		{"text", mongodb.After, []any{at}, false},
		{"at", mongodb.NotBefore, []any{at}, true},
		{"at", mongodb.NotBefore, []any{at.Add(time.Millisecond)}, false},
		{"absent", mongodb.NotBefore, []any{at}, true},
		{"at", mongodb.AtMost, []any{at}, true},
		{"at", mongodb.AtMost, []any{at.Add(-time.Millisecond)}, false},
		{"count", mongodb.AtLeast, []any{3}, true},
		{"count", mongodb.Before, []any{3}, false},
		{"absent", mongodb.AtLeast, []any{3}, false},
		{"status", mongodb.Before, []any{3}, false},
	} {
		condition := mongodb.Condition{Field: c.field, Operator: c.operator, Values: c.values}
		name := fmt.Sprint(condition)
		require.Equal(t, c.want, stored.Meets(condition), name)
		// The same field twice stays two conditions.
		_, err := documents.Apply(t.Context(), id, []mongodb.Condition{condition, condition}, mongodb.Change{
			Set: map[string]any{"touched": true}, Mark: mongodb.Mark{Job: fmt.Sprint("job ", i), At: at},
		})
		if c.want {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, fault.ErrStale, name)
		}
	}
}

func TestApplyMarksAndForgets(t *testing.T) {
	t.Parallel()
	db := testkit.New(t, testkit.Idle()).Mongo
	documents := mongodb.DocumentsOf(db, "marks")
	id, at := uuid.New(), time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	_, err := documents.Get(t.Context(), id)
	require.ErrorIs(t, err, fault.ErrNotFound)
	_, err = db.Collection("marks").InsertOne(t.Context(), bson.D{{Key: "_id", Value: id}, {Key: "history", Value: bson.A{"new"}}})
	require.NoError(t, err)
	mark := mongodb.Mark{Job: "job", At: at}
	changed, err := documents.Apply(t.Context(), id, nil, mongodb.Change{
		Set: map[string]any{"status": "used"}, Push: map[string]any{"history": "used"}, Mark: mark,
	})
	require.NoError(t, err)
	require.Equal(t, "used", changed.Text("status"))
	var decoded struct{ History []string }
	require.NoError(t, changed.Decode(&decoded))
	require.Equal(t, []string{"new", "used"}, decoded.History)
	found, ok := changed.MarkOf("job")
	require.True(t, ok)
	require.Equal(t, mark, found)
	_, ok = changed.MarkOf("no job")
	require.False(t, ok)
	_, err = documents.Apply(t.Context(), id, nil, mongodb.Change{Set: map[string]any{"status": "used"}, Mark: mark})
	require.ErrorIs(t, err, fault.ErrStale, "a job changes a document once")
	_, err = documents.Apply(t.Context(), id, nil, mongodb.Change{Set: map[string]any{"status": "used"}, Mark: mongodb.Mark{Job: "another", At: at}})
	require.NoError(t, err)
	require.NoError(t, documents.Forget(t.Context(), id, mark))
	after, err := documents.Get(t.Context(), id)
	require.NoError(t, err)
	_, ok = after.MarkOf("job")
	require.False(t, ok)
}
