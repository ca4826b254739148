package operation

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"esoz/internal/platform/envelope"
	"esoz/internal/platform/mongodb"
)

// Items are what forbidden groups may name of an event: codes, as Item makes them, and the
// ids of services.
type Items []string

// Item is a code of a dictionary, as events keep it to be compared with forbidden groups.
func Item(system, code string) string { return system + "|" + code }

// Hidden is what forbidden groups hide from a caller of a patient's events that are open to
// them otherwise (decisions R41).
type Hidden struct {
	Items   Items       // of the groups that no approval opens
	Authors []uuid.UUID // users who are the caller: what they have made is not hidden
	Named   []uuid.UUID // events that approvals name: they are not hidden either
}

// Fields of events that hold what is compared.
const (
	itemsField  = "items"
	authorField = "inserted_by"
)

// condition leaves the events that are not hidden.
func (h Hidden) condition() mongodb.Condition {
	return mongodb.Condition{Any: []mongodb.Condition{
		{Field: itemsField, Operator: mongodb.NoneOf, Values: values(h.Items)},
		{Field: authorField, Operator: mongodb.OneOf, Values: values(h.Authors)},
		{Field: "_id", Operator: mongodb.OneOf, Values: values(h.Named)},
	}}
}

// IsNotForbidden passes when no forbidden group hides the event from the caller.
func IsNotForbidden[D any](ctx context.Context, s *Reading[D]) error {
	items, author := s.record.Hides(&s.Document)
	if len(items) == 0 {
		return nil
	}
	hidden, err := s.engine.People.Hidden(ctx, s.Subject, s.Patient, s.record.Kind, items)
	if err != nil || len(hidden.Items) == 0 {
		return err
	}
	id, _ := envelope.ParseID(s.path.ID)
	return Expect(slices.Contains(hidden.Authors, author) || slices.Contains(hidden.Named, id),
		"access to an event of a forbidden group", "its author, or an approval in force of the group or of the event", "none of them")
}
