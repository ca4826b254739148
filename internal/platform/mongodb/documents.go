package mongodb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/platform/fault"
)

// Documents is a collection whose documents are changed by jobs.
type Documents struct{ collection *mongo.Collection }

// DocumentsOf returns a collection of the database.
func DocumentsOf(db *mongo.Database, collection string) Documents {
	return Documents{db.Collection(collection)}
}

// Get returns a document, or fault.ErrNotFound.
func (d Documents) Get(ctx context.Context, id uuid.UUID) (Document, error) {
	raw, err := d.collection.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	if err != nil {
		return nil, fmt.Errorf("look up in %s: %w", d.collection.Name(), Error(err))
	}
	return Document(raw), nil
}

// Among returns those of the documents that are stored, by their ids. It asks for all at
// once: FerretDB 1 goes through the collection for each look-up.
func (d Documents) Among(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Document, error) {
	found := make(map[uuid.UUID]Document, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	values := make([]any, len(ids))
	for i, id := range ids {
		values[i] = id
	}
	err := d.Each(ctx, []Condition{{Field: "_id", Operator: OneOf, Values: values}}, func(stored Document) error {
		found[stored.ID("_id")] = stored
		return nil
	})
	return found, err
}

// Order of a list.
type Order int

// Orders by inserted_at. Documents of equal moments are ordered by id.
const (
	OldestFirst Order = 1
	NewestFirst Order = -1
)

// Find returns at most limit documents that meet every condition, from an offset
// on, and the total number of such documents.
func (d Documents) Find(ctx context.Context, conditions []Condition, order Order, offset, limit int) (found []Document, total int, err error) {
	filter := filterOf(conditions)
	count, err := d.collection.CountDocuments(ctx, filter)
	if err != nil {
		return nil, 0, fmt.Errorf("count in %s: %w", d.collection.Name(), Error(err))
	}
	cursor, err := d.collection.Find(ctx, filter, options.Find().
		SetSort(bson.D{{Key: "inserted_at", Value: int(order)}, {Key: "_id", Value: 1}}).
		SetSkip(int64(offset)).SetLimit(int64(limit)))
	var raw []bson.Raw
	if err == nil {
		err = cursor.All(ctx, &raw)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("list %s: %w", d.collection.Name(), Error(err))
	}
	found = make([]Document, len(raw))
	for i, document := range raw {
		found[i] = Document(document)
	}
	return found, int(count), nil
}

// Each calls fn for every document that meets the conditions, in no order, until fn fails.
func (d Documents) Each(ctx context.Context, conditions []Condition, fn func(Document) error) (err error) {
	cursor, err := d.collection.Find(ctx, filterOf(conditions))
	if err != nil {
		return fmt.Errorf("go through %s: %w", d.collection.Name(), Error(err))
	}
	defer func() { err = errors.Join(err, Error(cursor.Close(context.WithoutCancel(ctx)))) }()
	for cursor.Next(ctx) {
		if err := fn(Document(bytes.Clone(cursor.Current))); err != nil {
			return err
		}
	}
	if err := cursor.Err(); err != nil {
		return fmt.Errorf("go through %s: %w", d.collection.Name(), Error(err))
	}
	return nil
}

// Change is the change that a job makes to one document.
type Change struct {
	Set  map[string]any
	Push map[string]any // one item for each list
	Mark Mark
}

// Mark records that a job has changed the document, and when. It stays until the
// job's end is stored: a job that is retried after a crash finds its own change by
// it, even if other jobs have changed the document since. Answers never show it.
type Mark struct {
	Job string    `bson:"job"`
	At  time.Time `bson:"at"`
}

// marks is the field that holds the marks of a document.
const marks = "applied_jobs"

// Apply changes a document that meets every condition, and marks it. If the
// document does not meet them, Apply returns fault.ErrStale. The conditions are
// part of the update's filter, so that only one of two conflicting changes can
// match.
func (d Documents) Apply(ctx context.Context, id uuid.UUID, conditions []Condition, c Change) (Document, error) {
	filter := append(bson.D{
		{Key: "_id", Value: id}, {Key: marks + ".job", Value: bson.D{{Key: string(Not), Value: c.Mark.Job}}},
	}, filterOf(conditions)...)
	push := bson.D{{Key: marks, Value: c.Mark}}
	for field, item := range c.Push {
		push = append(push, bson.E{Key: field, Value: item})
	}
	raw, err := d.collection.FindOneAndUpdate(ctx, filter,
		bson.D{{Key: "$set", Value: c.Set}, {Key: "$push", Value: push}},
		options.FindOneAndUpdate().SetReturnDocument(options.After)).Raw()
	if err = Error(err); errors.Is(err, fault.ErrNotFound) {
		return nil, fault.ErrStale
	}
	if err != nil {
		return nil, fmt.Errorf("change in %s: %w", d.collection.Name(), err)
	}
	return Document(raw), nil
}

// Stored is a document as it is stored.
func Stored(document any) (Document, error) {
	var raw bytes.Buffer
	encoder := bson.NewEncoder(bson.NewDocumentWriter(&raw))
	encoder.SetRegistry(shared)
	encoder.NilSliceAsEmpty()
	err := encoder.Encode(document)
	return raw.Bytes(), err
}

// Insert stores a new document with a mark. If its id is taken, Insert returns
// fault.ErrStale.
func (d Documents) Insert(ctx context.Context, document any, mark Mark) error {
	return d.InsertAll(ctx, []any{document}, mark)
}

// batch is how many documents go to the store at once.
const batch = 200

// InsertAll stores new documents with a mark, in their order. If an id is taken, it
// returns fault.ErrStale; the documents before that one are stored.
func (d Documents) InsertAll(ctx context.Context, documents []any, mark Mark) error {
	for some := range slices.Chunk(documents, batch) {
		all := make([]bson.D, len(some))
		for i, document := range some {
			var err error
			if all[i], err = marked(document, mark); err != nil {
				return fmt.Errorf("encode for %s: %w", d.collection.Name(), err)
			}
		}
		if err := d.insert(ctx, all); err != nil {
			return err
		}
	}
	return nil
}

// marked is a document as it is stored, with a mark.
func marked(document any, mark Mark) (marked bson.D, err error) {
	raw, err := Stored(document)
	if err == nil {
		err = bson.Unmarshal(raw, &marked)
	}
	return append(slices.DeleteFunc(marked, func(e bson.E) bool { return e.Key == marks }), bson.E{Key: marks, Value: []Mark{mark}}), err //nolint:wrapcheck // the caller does
}

func (d Documents) insert(ctx context.Context, documents []bson.D) error {
	_, err := d.collection.InsertMany(ctx, documents)
	if mongo.IsDuplicateKeyError(err) {
		return fault.ErrStale
	}
	if err != nil {
		return fmt.Errorf("insert into %s: %w", d.collection.Name(), Error(err))
	}
	return nil
}

// Reveal makes documents visible that a job has inserted, and removes its marks from them.
// It goes on where an earlier try has stopped.
func (d Documents) Reveal(ctx context.Context, ids []uuid.UUID, mark Mark) error {
	stored, err := d.Among(ctx, ids)
	if err != nil {
		return err
	}
	hidden := slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool { return !stored[id].IsHidden() })
	for some := range slices.Chunk(hidden, batch) {
		_, err := d.collection.UpdateMany(ctx, inserted(some, mark), bson.D{
			{Key: "$set", Value: bson.D{{Key: Visible, Value: true}}}, {Key: "$pull", Value: bson.D{{Key: marks, Value: mark}}},
		})
		if err != nil {
			return fmt.Errorf("reveal in %s: %w", d.collection.Name(), Error(err))
		}
	}
	return nil
}

// RemoveAll deletes documents that a job has inserted and not told of yet.
func (d Documents) RemoveAll(ctx context.Context, ids []uuid.UUID, mark Mark) error {
	if _, err := d.collection.DeleteMany(ctx, inserted(ids, mark)); err != nil {
		return fmt.Errorf("remove from %s: %w", d.collection.Name(), Error(err))
	}
	return nil
}

func inserted(ids []uuid.UUID, mark Mark) bson.D {
	return bson.D{{Key: "_id", Value: bson.D{{Key: string(OneOf), Value: ids}}}, {Key: marks + ".job", Value: mark.Job}}
}

// Visible is false in documents of a package that is not stored whole (decisions R42).
const Visible = "visible"

// Forget removes a job's mark.
func (d Documents) Forget(ctx context.Context, id uuid.UUID, mark Mark) error {
	_, err := d.collection.UpdateOne(ctx, bson.D{{Key: "_id", Value: id}},
		bson.D{{Key: "$pull", Value: bson.D{{Key: marks, Value: mark}}}})
	if err != nil {
		return fmt.Errorf("forget job in %s: %w", d.collection.Name(), Error(err))
	}
	return nil
}

// Remove deletes a document that a job has inserted and not told of yet.
func (d Documents) Remove(ctx context.Context, id uuid.UUID, mark Mark) error {
	_, err := d.collection.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: marks + ".job", Value: mark.Job}})
	if err != nil {
		return fmt.Errorf("remove from %s: %w", d.collection.Name(), Error(err))
	}
	return nil
}

// Document is a document as stored.
type Document bson.Raw

// Decode fills a struct that describes the document.
func (d Document) Decode(into any) error {
	decoder := bson.NewDecoder(bson.NewDocumentReader(bytes.NewReader(d)))
	decoder.SetRegistry(shared)
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decode document: %w", err)
	}
	return nil
}

// Text returns the text at a dotted path, or "".
func (d Document) Text(path string) string {
	text, _ := d.value(path).StringValueOK()
	return text
}

// ID returns the uuid at a dotted path, or uuid.Nil.
func (d Document) ID(path string) (id uuid.UUID) {
	if _, raw, ok := d.value(path).BinaryOK(); ok && len(raw) == len(id) {
		copy(id[:], raw)
	}
	return id
}

// IsHidden tells a document of a package that is not stored whole.
func (d Document) IsHidden() bool {
	visible, ok := d.value(Visible).BooleanOK()
	return ok && !visible
}

// Shown returns the value at a dotted path as words: a text, a moment or an id.
func (d Document) Shown(path string) string {
	value := d.value(path)
	if text, ok := value.StringValueOK(); ok {
		return text
	}
	if at, ok := value.TimeOK(); ok {
		return at.UTC().Format(time.RFC3339)
	}
	if _, raw, ok := value.BinaryOK(); ok {
		if id, err := uuid.FromBytes(raw); err == nil {
			return id.String()
		}
	}
	if value.Type == bson.TypeNull {
		return "nothing"
	}
	return "another value"
}

// MarkOf returns the mark of a job.
func (d Document) MarkOf(job string) (mark Mark, ok bool) {
	var found struct {
		Marks []Mark `bson:"applied_jobs"`
	}
	if err := d.Decode(&found); err != nil {
		return Mark{}, false
	}
	i := slices.IndexFunc(found.Marks, func(m Mark) bool { return m.Job == job })
	if i < 0 {
		return Mark{}, false
	}
	return found.Marks[i], true
}

// Meets returns whether the document meets a condition. Apply judges the same way.
func (d Document) Meets(c Condition) bool { return c.met(d.value(c.Field)) }

// value returns the value at a dotted path, or null.
func (d Document) value(path string) bson.RawValue {
	found, err := bson.Raw(d).LookupErr(strings.Split(path, ".")...)
	if err != nil {
		return bson.RawValue{Type: bson.TypeNull}
	}
	return found
}

// Condition compares the value at a dotted path of a document. No part of the path
// is a list. An absent value counts as null.
type Condition struct {
	Field    string
	Operator Operator
	Values   []any // one value; OneOf and NoneOf have any number
	// Any, when set, stands alone: one of these conditions is enough. Only Find knows it.
	Any []Condition
}

// Operator compares the value of a field with the values of a condition.
type Operator string

// Operators that MongoDB and FerretDB 1 both have.
const (
	Equal   Operator = "$eq"
	Not     Operator = "$ne"
	OneOf   Operator = "$in"
	NoneOf  Operator = "$nin" // only Find knows it; of a list, when none of its items is
	AtLeast Operator = "$gte"
	AtMost  Operator = "$lte"
	After   Operator = "$gt"
	Before  Operator = "$lt"
)

// NotBefore is met by a later value, and by none at all.
const NotBefore Operator = "not $lt"

// filterOf names each field once at the top, as FerretDB requires. Further
// conditions on a field go under $and.
func filterOf(conditions []Condition) bson.D {
	filter, more := bson.D{}, bson.A{}
	for _, c := range conditions {
		test := c.test()
		if slices.ContainsFunc(filter, func(e bson.E) bool { return e.Key == test.Key }) {
			more = append(more, bson.D{test})
			continue
		}
		filter = append(filter, test)
	}
	if len(more) > 0 {
		filter = append(filter, bson.E{Key: "$and", Value: more})
	}
	return filter
}

func (c Condition) test() bson.E {
	if c.Any == nil {
		return bson.E{Key: c.Field, Value: c.filter()}
	}
	ways := bson.A{}
	for _, way := range c.Any {
		ways = append(ways, bson.D{way.test()})
	}
	return bson.E{Key: "$or", Value: ways}
}

func (c Condition) filter() any {
	switch c.Operator {
	case Equal:
		return c.Values[0]
	case OneOf, NoneOf:
		return bson.D{{Key: string(c.Operator), Value: bson.A(c.Values)}}
	case NotBefore:
		return bson.D{{Key: "$not", Value: bson.D{{Key: string(Before), Value: c.Values[0]}}}}
	default:
		return bson.D{{Key: string(c.Operator), Value: c.Values[0]}}
	}
}

func (c Condition) met(found bson.RawValue) bool {
	switch c.Operator {
	case Not:
		return !found.Equal(encode(c.Values[0]))
	case AtLeast, Before:
		order, comparable := compare(found, encode(c.Values[0]))
		return comparable && (order < 0) == (c.Operator == Before)
	case After:
		order, comparable := compare(found, encode(c.Values[0]))
		return comparable && order > 0
	case NotBefore:
		order, comparable := compare(found, encode(c.Values[0]))
		return !comparable || order >= 0
	default:
		return slices.ContainsFunc(c.Values, func(v any) bool { return found.Equal(encode(v)) })
	}
}

// AnyOf is what a filter wants of a field that must hold one of the texts. One
// text is compared directly: FerretDB 1 looks an _id up by equality only.
func AnyOf(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	return bson.D{{Key: string(OneOf), Value: values}}
}

// encode converts a value to its stored form.
func encode(value any) bson.RawValue {
	var buffer bytes.Buffer
	encoder := bson.NewEncoder(bson.NewDocumentWriter(&buffer))
	encoder.SetRegistry(shared)
	if err := encoder.Encode(bson.D{{Key: "v", Value: value}}); err != nil {
		panic(fmt.Sprintf("mongodb: condition on a %T: %v", value, err)) // a programming error in the operation
	}
	return bson.Raw(buffer.Bytes()).Lookup("v")
}

// compare orders two moments or two numbers.
func compare(a, b bson.RawValue) (order int, comparable bool) {
	if x, ok := a.TimeOK(); ok {
		y, ok := b.TimeOK()
		return x.Compare(y), ok
	}
	x, ok1 := a.AsFloat64OK()
	y, ok2 := b.AsFloat64OK()
	switch {
	case x < y:
		return -1, ok1 && ok2
	case x > y:
		return 1, ok1 && ok2
	}
	return 0, ok1 && ok2
}

// shared is the registry of all clients.
var shared = registry()
