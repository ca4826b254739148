package torture

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/testkit"
)

// asked keeps the searches that a server sends to the document store, one of each shape.
type asked struct {
	mu        sync.Mutex
	questions map[string]bson.D // as the command explain takes them, by their shape
}

// taken returns the searches so far, and forgets them.
func (a *asked) taken() map[string]bson.D {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := a.questions
	a.questions = map[string]bson.D{}
	return taken
}

// see keeps a command that searches. A command that changes documents finds them like a
// read with the same filter.
func (a *asked) see(command bson.Raw) {
	first, err := command.IndexErr(0)
	if err != nil {
		return
	}
	name := first.Key()
	collection, _ := first.Value().StringValueOK()
	var filter bson.RawValue
	switch name {
	case "find":
		filter = command.Lookup("filter")
	case "aggregate":
		filter = command.Lookup("pipeline")
	case "findAndModify":
		filter = command.Lookup("query")
	case "update", "delete":
		filter = command.Lookup(name+"s", "0", "q")
	default:
		return
	}
	question := bson.D{{Key: "find", Value: collection}, {Key: "filter", Value: filter}}
	if name == "aggregate" {
		question = bson.D{{Key: name, Value: collection}, {Key: "pipeline", Value: filter}, {Key: "cursor", Value: bson.D{}}}
	}
	for _, part := range []string{"sort", "skip", "limit"} {
		if value, err := command.LookupErr(part); err == nil && name == "find" {
			question = append(question, bson.E{Key: part, Value: value})
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.questions[name+" "+collection+shapeOf(filter)+shapeOf(command.Lookup("sort"))] = question
}

// shapeOf returns the fields and operators of a filter: searches of one shape have one plan.
func shapeOf(value bson.RawValue) string {
	var elements []bson.RawElement
	switch value.Type {
	case bson.TypeEmbeddedDocument:
		elements, _ = value.Document().Elements()
	case bson.TypeArray:
		values, _ := value.Array().Values()
		shapes := map[string]bool{}
		for _, v := range values {
			shapes[shapeOf(v)] = true
		}
		return fmt.Sprint(slices.Sorted(maps.Keys(shapes)))
	default:
		return ""
	}
	var b strings.Builder
	for _, e := range elements {
		fmt.Fprintf(&b, "{%s%s}", e.Key(), shapeOf(e.Value()))
	}
	return b.String()
}

// The server sends every passing case. Then DocumentDB explains each search that the cases
// have brought about, in collections with many documents of many patients: none may scan.
func TestQuestionsHaveIndexes(t *testing.T) {
	severalServers(t) // FerretDB 1 has no plans
	t.Parallel()
	tr := begin(t, "T29", "every search that the server sends to the document store is answered by an index")
	a := &asked{questions: map[string]bson.D{}}
	s := testkit.New(t, testkit.WithCommands(a.see), testkit.With("ENGINE_TIMEOUT", "50s"), testkit.With("REQUEST_TIMEOUT", "50s"))
	a.taken() // the start of a server may scan
	pending := func() int { return s.Count(t, "jobs.jobs WHERE status = 0") }
	before := pending() // jobs of the world, which nobody carries out
	for _, c := range s.World.Cases {
		if len(c.Rules) == 0 && len(c.Config) == 0 {
			s.Send(t, c.Request)
		}
	}
	require.Eventually(t, func() bool { return pending() == before }, 2*time.Minute, 100*time.Millisecond)
	questions := a.taken()
	require.Greater(t, len(questions), 50)
	tr.add("kinds of questions", len(questions))

	for _, collection := range collections {
		multiply(t, s.Mongo.Collection(collection), amount(2_000, 20_000))
	}
	scansOf := func(question bson.D) []string {
		plan, err := s.Mongo.RunCommand(t.Context(), bson.D{{Key: "explain", Value: question}, {Key: "verbosity", Value: "queryPlanner"}}).Raw()
		require.NoError(t, err, "%v", question)
		return scans(plan.Lookup("queryPlanner"))
	}
	for shape, question := range questions {
		require.Empty(t, scansOf(question), shape)
	}
	require.NotEmpty(t, scansOf(bson.D{{Key: "find", Value: collections[0]}, {Key: "filter", Value: bson.D{{Key: "nobody", Value: 1}}}}),
		"a question that no index answers is found")
}

// sealed matches hidden ids of patients and hidden requisitions (decisions R13).
var sealed = regexp.MustCompile(`^[0-9A-Fa-f]{32}$`)

// multiply adds copies of the documents of a collection, each of a patient of its own.
func multiply(t *testing.T, collection *mongo.Collection, n int) {
	t.Helper()
	cursor, err := collection.Find(t.Context(), bson.D{})
	require.NoError(t, err)
	var all []bson.D
	require.NoError(t, cursor.All(t.Context(), &all))
	require.NotEmpty(t, all, collection.Name())
	copies := make([]any, n)
	for i := range copies {
		copies[i] = another(all[i%len(all)])
	}
	for some := range slices.Chunk(copies, 250) {
		_, err = collection.InsertMany(t.Context(), some)
		require.NoError(t, err, collection.Name())
	}
}

// another returns a copy of a value with other ids.
func another(value any) any {
	switch v := value.(type) {
	case bson.D:
		made := make(bson.D, len(v))
		for i, e := range v {
			made[i] = bson.E{Key: e.Key, Value: another(e.Value)}
		}
		return made
	case bson.A:
		made := make(bson.A, len(v))
		for i, e := range v {
			made[i] = another(e)
		}
		return made
	case bson.Binary:
		id := uuid.New()
		return bson.Binary{Subtype: v.Subtype, Data: id[:]}
	case string:
		if sealed.MatchString(v) {
			raw := make([]byte, len(v))
			_, _ = rand.Read(raw) // it never fails
			return hex.EncodeToString(raw)[:len(v)]
		}
	}
	return value
}

// scans returns the parts of a plan that look at all documents.
func scans(plan bson.RawValue) (found []string) {
	switch plan.Type {
	case bson.TypeArray:
		values, _ := plan.Array().Values()
		for _, v := range values {
			found = append(found, scans(v)...)
		}
	case bson.TypeEmbeddedDocument:
		d := plan.Document()
		kind, _ := d.Lookup("Node Type").StringValueOK()
		index, _ := d.Lookup("Index Name").StringValueOK()
		condition, _ := d.Lookup("Index Cond").StringValueOK()
		switch {
		case kind == "Seq Scan":
			return []string{"looks at all documents"}
		case index == "_id_" && !strings.Contains(condition, "object_id"):
			return []string{"looks at all ids"}
		}
		elements, _ := d.Elements()
		for _, e := range elements {
			found = append(found, scans(e.Value())...)
		}
	}
	return found
}
