package operation

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/validation"
)

// Filters collects what a query asks for, and what is wrong with it, which comes
// in one answer.
type Filters struct {
	conditions []mongodb.Condition
	wrong      Refusals
	among      []among
	malformed  bool // an id of the path
}

// among wants a field to hold one of the ids that open returns.
type among struct {
	field string
	open  func(ctx context.Context, s *Listing) ([]uuid.UUID, error)
}

// Among wants a field to hold one of the ids that open returns, which is called after the
// checks of the list. Without ids the list is empty.
func (f *Filters) Among(field string, open func(ctx context.Context, s *Listing) ([]uuid.UUID, error)) {
	f.among = append(f.among, among{field, open})
}

// Err returns what is wrong.
func (f *Filters) Err() error {
	if len(f.wrong) == 0 {
		return nil
	}
	return f.wrong
}

// Refuse adds what is wrong.
func (f *Filters) Refuse(refusal *fault.Error) { f.wrong = append(f.wrong, refusal) }

// Undeclared refuses each parameter that the operation does not have.
func (f *Filters) Undeclared(ctx context.Context, rule rules.ID) {
	about := envelope.RequestFrom(ctx)
	undeclared := about.Undeclared
	for _, name := range slices.Sorted(maps.Keys(undeclared)) {
		f.Refuse(fault.RefuseAt(rule, "$."+name, map[string]any{"properties": undeclared}).
			With(fault.NameFact("query parameter", name, about.Declared)))
	}
}

// Text wants a field to hold the text.
func (f *Filters) Text(value *string, field string) {
	if value != nil {
		f.want(field, mongodb.Equal, *value)
	}
}

// Not wants a field to hold any other text.
func (f *Filters) Not(value, field string) { f.want(field, mongodb.Not, value) }

// Is wants a field to hold yes or no.
func (f *Filters) Is(value bool, field string) { f.want(field, mongodb.Equal, value) }

// PathID wants a field to hold the id of a path. PathIsSound refuses a malformed one.
func (f *Filters) PathID(value, field string) {
	id, ok := envelope.ParseID(value)
	f.malformed = f.malformed || !ok
	f.want(field, mongodb.Equal, id)
}

func (f *Filters) anyOf(field string, ids []uuid.UUID) {
	f.conditions = append(f.conditions, mongodb.Condition{Field: field, Operator: mongodb.OneOf, Values: values(ids)})
}

func values[T any](of []T) []any {
	all := make([]any, len(of))
	for i, value := range of {
		all[i] = value
	}
	return all
}

// OneOf wants a field to hold one of the texts.
func (f *Filters) OneOf(values []string, field string) {
	f.conditions = append(f.conditions, oneOf(field, values))
}

func oneOf(field string, values []string) mongodb.Condition {
	c := mongodb.Condition{Field: field, Operator: mongodb.Equal}
	for _, value := range values {
		c.Values = append(c.Values, value)
	}
	if len(values) > 1 {
		c.Operator = mongodb.OneOf
	}
	return c
}

// UUID wants a field to hold the id, which must be well formed.
func (f *Filters) UUID(rule rules.ID, parameter string, value *string, field string) {
	if id := f.ID(rule, parameter, value); id != nil {
		f.want(field, mongodb.Equal, *id)
	}
}

// ID returns the id, which must be well formed; nil when it was not sent or is refused.
func (f *Filters) ID(rule rules.ID, parameter string, value *string) *uuid.UUID {
	if value == nil {
		return nil
	}
	id, ok := envelope.ParseID(*value)
	if !ok || !validation.IsUUID(*value) {
		f.Refuse(fault.Refuse(rule, "parameter", parameter).Because(parameter, "a UUID", "another text"))
		return nil
	}
	return &id
}

// Moment compares a field with a moment: form refuses what does not look like
// one, exists what is none.
func (f *Filters) Moment(form, exists rules.ID, parameter string, value *string, field string, operator mongodb.Operator) {
	if value == nil {
		return
	}
	if !validation.HasDateTimeForm(*value) {
		f.Refuse(fault.Refuse(form, "parameter", parameter, "actual", *value).
			Because(parameter, "a moment as 2026-03-25T10:45:16Z", "another text"))
		return
	}
	moment, err := time.Parse(time.RFC3339Nano, *value)
	if err != nil {
		f.Refuse(fault.Refuse(exists, "parameter", parameter, "actual", *value).Because(parameter, "a moment that exists", "a day or an hour that does not"))
		return
	}
	f.want(field, operator, moment)
}

// Day compares a field with a day: form refuses what does not look like a date, exists a
// day that does not exist. AtMost takes the whole day.
func (f *Filters) Day(form, exists rules.ID, parameter string, value *string, field string, operator mongodb.Operator) {
	if value == nil {
		return
	}
	if !validation.HasDateForm(*value) {
		f.Refuse(fault.Refuse(form, "parameter", parameter, "actual", *value).Because(parameter, "a date as 2026-03-25", "another text"))
		return
	}
	day, err := time.Parse(time.DateOnly, *value)
	if err != nil {
		f.Refuse(fault.Refuse(exists, "parameter", parameter, "actual", *value).Because(parameter, "a day that exists", "a day that does not"))
		return
	}
	if operator == mongodb.AtMost {
		operator, day = mongodb.Before, day.AddDate(0, 0, 1)
	}
	f.want(field, operator, day)
}

// Days compares a field with the days of two parameters, the first of which ends in _from
// and the other in _to.
func (f *Filters) Days(form, exists rules.ID, name string, from, to *string, field string) {
	f.Day(form, exists, name+"_from", from, field, mongodb.AtLeast)
	f.Day(form, exists, name+"_to", to, field, mongodb.AtMost)
}

func (f *Filters) want(field string, operator mongodb.Operator, value any) {
	f.conditions = append(f.conditions, mongodb.Condition{Field: field, Operator: operator, Values: []any{value}})
}
