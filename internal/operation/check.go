// Package operation holds the shapes of an operation and the engine that runs
// them. An operation is a value: what it checks, in which order, and what it
// changes. The engine alone asks whether a rule is switched on, refuses, and
// guards writes. docs/architecture.md shows the shapes.
package operation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
)

// Caller is who calls an operation, when, and by which settings.
type Caller struct {
	auth.Subject
	Config *config.Config
	Now    time.Time
}

func (c *Caller) caller() *Caller { return c }

// State is what the checks of an operation look at and fill. It embeds Caller.
type State interface{ caller() *Caller }

// Check is one documented check. Its place in the list of an operation is its
// place in x-rules of the contract. One of Caller, Pass and Want is set.
type Check[S State] struct {
	Rule rules.ID
	// Or are further rules that Pass judges at once; they follow Rule in x-rules.
	Or []rules.ID
	// Caller judges the caller alone.
	Caller func(c *Caller) error
	// Pass returns nil when the check passes. Unless, Refuse, Refusals and
	// fault.ErrNotFound (of what Pass looks up) refuse; any other error is one.
	Pass func(ctx context.Context, s S) error
	// Seen, when set, is what Pass has seen in a document, and the write must find there
	// again. If it does not, the job starts again. (Of a Transition that sets Again.)
	Seen func(s S) mongodb.Condition
	// Want is what a field of a document must hold: it refuses, and it guards the
	// write.
	Field string
	Want  Want
}

func (c Check[S]) rules() []rules.ID { return append([]rules.ID{c.Rule}, c.Or...) }

// Seen is what those checks that are in force want the write to find again.
func Seen[S State](checks []Check[S], s S) (conditions []mongodb.Condition) {
	for _, c := range checks {
		if c.Seen != nil && s.caller().Config.On(c.Rule) {
			conditions = append(conditions, c.Seen(s))
		}
	}
	return conditions
}

// RulesOf returns the rules of a list in checked order, and once that of checks that
// stand side by side.
func RulesOf[S State](checks []Check[S]) []rules.ID {
	var ids []rules.ID
	for _, c := range checks {
		ids = append(ids, c.rules()...)
	}
	return slices.Compact(ids)
}

// refusal is what Refuse returns: the check's own rule refuses.
type refusal struct {
	args []any
	fact *fault.Fact
}

func (*refusal) Error() string { return "refused" }

// Refuses tells whether an error is a refusal of a check, and no failure to make it.
func Refuses(err error) bool {
	var own *refusal
	return errors.As(err, &own)
}

// Refuse refuses by the check's rule. Placeholders of its texts ({status}) are
// filled from args, alternating names and values.
func Refuse(args ...any) error { return &refusal{args: args} }

// Unless refuses when ok is false.
func Unless(ok bool, args ...any) error {
	if ok {
		return nil
	}
	return Refuse(args...)
}

// Expect refuses when ok is false. what, expected and found are for explain
// (fault.Fact says what they may hold).
func Expect(ok bool, what string, expected, found any, args ...any) error {
	if ok {
		return nil
	}
	return Explained(fault.NewFact(what, expected, found), args...)
}

// IsUUID passes when a filter of a query is a UUID, or was not sent.
func IsUUID[S State](rule rules.ID, field string, ok func(S) bool) Check[S] {
	return Check[S]{Rule: rule, Pass: func(_ context.Context, s S) error { return Expect(ok(s), field, "a UUID", "another text") }}
}

// IsBoolean passes when a filter of a query is true or false, or was not sent.
func IsBoolean[S State](rule rules.ID, field string, ok func(S) bool) Check[S] {
	return Check[S]{Rule: rule, Pass: func(_ context.Context, s S) error { return Expect(ok(s), field, "true or false", "another text") }}
}

// Explained refuses by the check's rule, with a fact for explain.
func Explained(fact fault.Fact, args ...any) error { return &refusal{args, &fact} }

// Refusals are refusals by the rules of a check that together make one answer.
// Those whose rule is switched off are left out.
type Refusals []*fault.Error

func (Refusals) Error() string { return "refused" }

// OrNil returns nil when nothing is refused.
func (r Refusals) OrNil() error {
	if len(r) == 0 {
		return nil
	}
	return r
}

// Run makes the checks in their order. Checks whose rules have the same
// `together` in the contract are all made and answer in one refusal; otherwise
// the first one that refuses answers.
func Run[S State](ctx context.Context, checks []Check[S], s S) error {
	for len(checks) > 0 {
		group := together(checks)
		refused, err := all(ctx, checks[:group], s)
		if err != nil {
			return err
		}
		if joined := fault.Join(refused...); joined != nil {
			return joined
		}
		checks = checks[group:]
	}
	return nil
}

// all makes every check of a list and returns what they refuse.
func all[S State](ctx context.Context, checks []Check[S], s S) (refused []*fault.Error, err error) {
	on := s.caller().Config.On
	for _, c := range checks {
		found, err := c.judge(ctx, s, on)
		if err != nil {
			return nil, err
		}
		refused = append(refused, found...)
	}
	return refused, nil
}

// together counts the checks at the head of a list that answer in one refusal.
func together[S State](checks []Check[S]) int {
	first, _ := rules.Get(checks[0].Rule)
	n := 1
	for first.Together != "" && n < len(checks) {
		next, _ := rules.Get(checks[n].Rule)
		if next.Together != first.Together {
			break
		}
		n++
	}
	return n
}

// judge makes one check, unless all its rules are off.
func (c Check[S]) judge(ctx context.Context, s S, on func(rules.ID) bool) ([]*fault.Error, error) {
	if !on(c.Rule) && !anyOn(c.Or, on) {
		return nil, nil
	}
	err := c.make(ctx, s)
	if err == nil {
		return nil, nil
	}
	var own *refusal // these go to the heap
	var several Refusals
	var one *fault.Error
	switch {
	case errors.As(err, &own):
		one = fault.Refuse(c.Rule, own.args...)
		if own.fact != nil {
			one = one.With(*own.fact)
		}
		several = Refusals{one}
	case errors.As(err, &one):
		several = Refusals{one}
	case errors.As(err, &several):
	case errors.Is(err, fault.ErrNotFound):
		several = Refusals{fault.Refuse(c.Rule).Because("what the id names", "exists", "nothing")}
	default:
		return nil, err
	}
	var refused []*fault.Error
	for _, r := range several {
		if on(r.Rules[0]) {
			refused = append(refused, r)
		}
	}
	return refused, nil
}

func anyOn(ids []rules.ID, on func(rules.ID) bool) bool {
	for _, id := range ids {
		if on(id) {
			return true
		}
	}
	return false
}

func (c Check[S]) make(ctx context.Context, s S) error {
	switch {
	case c.Caller != nil:
		return c.Caller(s.caller())
	case c.Pass != nil:
		return c.Pass(ctx, s)
	}
	return any(s).(holder).meets(ctx, c.Field, c.Want) //nolint:forcetypeassert // only states of documents have such checks
}

// holder is the state of an operation on a document.
type holder interface {
	meets(ctx context.Context, field string, want Want) error
}

// Want is what a field must hold.
type Want struct {
	operator mongodb.Operator
	values   []any
}

// Is wants one value; nil is null or absent. Values may be Client, Patient and Now.
func Is(value any) Want { return Want{mongodb.Equal, []any{value}} }

// IsNot wants any other value.
func IsNot(value any) Want { return Want{mongodb.Not, []any{value}} }

// OneOf wants one of several values.
func OneOf(values ...any) Want { return Want{mongodb.OneOf, values} }

// AtLeast wants a moment or a number that is not before value.
func AtLeast(value any) Want { return Want{mongodb.AtLeast, []any{value}} }

// Before wants a moment or a number before value.
func Before(value any) Want { return Want{mongodb.Before, []any{value}} }

// Exists wants the document itself; the checks before it know none.
var Exists = Want{operator: "exists"}

// placeholder is a value that is known when the operation is called.
type placeholder string

// Values that a Want may name.
const (
	Client  placeholder = "the caller's legal entity"
	Patient placeholder = "the patient of the path"
	Now     placeholder = "now"
)

// String says it in words, for explain.
func (w Want) String() string {
	values := make([]string, len(w.values))
	for i, value := range w.values {
		values[i] = fmt.Sprint(value)
		if value == nil {
			values[i] = "nothing"
		}
	}
	all := strings.Join(values, ", ")
	switch w.operator {
	case mongodb.Not:
		return "anything but " + all
	case mongodb.OneOf:
		return "one of " + all
	case mongodb.AtLeast:
		return "at least " + all
	case mongodb.Before:
		return "before " + all
	}
	return all
}

// found is the name under which a refusal's text shows the field of a check.
func found(field string) string { return field[strings.LastIndexByte(field, '.')+1:] }
