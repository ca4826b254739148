// Package fault holds the one type of refusal. An operation returns it; the
// error handler of httpapi alone turns it into an answer. Texts are not written
// here or in the operations: they stand in the contract (x-rules) and come
// through gen/rules.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"esoz/gen/rules"
)

// Conditions that stores report instead of their driver's errors.
var (
	// ErrNotFound: no row or document matches.
	ErrNotFound = errors.New("not found")
	// ErrStale: the expected state in a guarded write did not match.
	ErrStale = errors.New("state changed meanwhile")
	// ErrUnavailable: an engine cannot be reached or did not answer in time.
	// No operation is decided by it; a job finds its change by its mark.
	ErrUnavailable = errors.New("engine unavailable")
	// ErrUnconfirmed: a write has left for an engine, and its answer was lost. It
	// may have been carried out, now or later, or not.
	ErrUnconfirmed = errors.New("write unconfirmed")
)

// TypeValidationFailed is the `error.type` of a 422 that lists fields.
const TypeValidationFailed = "validation_failed"

// Error is a documented refusal.
type Error struct {
	Status     int
	Type       string
	Message    string // absent in the answer when empty
	Invalid    []Item
	Rules      []rules.ID    // the rules that refuse, in checked order
	RetryAfter time.Duration // rendered as a Retry-After header when positive
	Guard      rules.ID      // the gateway's check, when the operation's own document words its refusal
	Cut        bool          // there are so many faults that only the first ones are told
}

// Item is one entry of `invalid`.
type Item struct {
	Entry     string `json:"entry,omitempty"`
	EntryType string `json:"entry_type"`
	Rules     []Rule `json:"rules,omitempty"`
}

// Rule is one failed validator of an Item.
type Rule struct {
	Rule           string `json:"rule,omitempty"`
	Description    string `json:"description,omitempty"`
	RawDescription string `json:"raw_description,omitempty"`
	Params         any    `json:"params,omitempty"`
}

// Error names the rules and the status; it never holds a value that a client sent.
func (e *Error) Error() string {
	ids := make([]string, len(e.Rules))
	for i, id := range e.Rules {
		ids[i] = string(id)
	}
	return fmt.Sprintf("refused with %d by %s", e.Status, strings.Join(ids, ", "))
}

// After tells the client when to come back.
func (e *Error) After(d time.Duration) *Error {
	e.RetryAfter = d
	return e
}

// Refuse builds the documented answer of a rule. Placeholders of its texts
// ({status}) are filled from args, alternating names and values.
func Refuse(id rules.ID, args ...any) *Error {
	rule := mustGet(id)
	return RefuseAt(id, rule.Entry, nil, args...)
}

// RefuseAt is Refuse for a rule whose entry is a pattern or whose params are
// known only now: entry is the JSONPath of the offending field.
func RefuseAt(id rules.ID, entry string, params any, args ...any) *Error {
	rule := mustGet(id)
	e := &Error{
		Status:  rule.Status,
		Type:    rule.Type,
		Message: fill(rule.Message, args),
		Rules:   []rules.ID{id},
	}
	switch {
	case rule.InvalidJSON:
		e.Invalid = []Item{{EntryType: "request", Rules: []Rule{{Rule: "json"}}}}
	case rule.EntryType != "":
		if params == nil {
			params = fillParams(rule.Params, args)
		}
		item := Item{Entry: fill(entry, args), EntryType: rule.EntryType}
		if rule.Keyword != "" || rule.Description != "" {
			item.Rules = []Rule{{Rule: rule.Keyword, Description: fill(rule.Description, args), Params: params}}
		}
		e.Invalid = []Item{item}
	}
	if e.Type == TypeValidationFailed && e.Message == "" {
		e.Message = rules.ValidationMessage // decisions R3
	}
	return e
}

// Join merges refusals of one kind into one answer: the first one's status and
// message, everybody's items and rules. Nil entries are passed over; it returns
// nil when nothing is left.
func Join(errs ...*Error) *Error {
	var joined *Error
	for _, e := range errs {
		switch {
		case e == nil:
		case joined == nil:
			c := *e
			joined = &c
		default:
			joined.Invalid = append(joined.Invalid, e.Invalid...)
			joined.AddRules(e.Rules...)
		}
	}
	return joined
}

// AddRules appends ids that the refusal does not name yet.
func (e *Error) AddRules(ids ...rules.ID) {
	for _, id := range ids {
		known := false
		for _, have := range e.Rules {
			known = known || have == id
		}
		if !known {
			e.Rules = append(e.Rules, id)
		}
	}
}

// Unavailable is the answer while an engine is away or a deadline has passed.
func Unavailable() *Error { return unruled(rules.Unavailable).After(time.Second) }

// Unconfirmed is the answer when a change may have been made or not. After it,
// unlike after Unavailable, a client must check before it repeats the request.
func Unconfirmed() *Error { return unruled(rules.Unconfirmed) }

// Internal is the answer to an unexpected error.
func Internal() *Error { return unruled(rules.InternalError) }

func unruled(r rules.Rule) *Error { return &Error{Status: r.Status, Type: r.Type, Message: r.Message} }

func mustGet(id rules.ID) rules.Rule {
	rule, ok := rules.Get(id)
	if !ok {
		panic("fault: the contract has no rule " + string(id))
	}
	return rule
}

// fill replaces {name} placeholders by the values of args.
func fill(text string, args []any) string {
	for i := 0; i+1 < len(args); i += 2 {
		text = strings.ReplaceAll(text, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return text
}

// fillParams fills the strings among a rule's params.
func fillParams(params any, args []any) any {
	switch params := params.(type) {
	case nil:
		return []any{}
	case string:
		return fill(params, args)
	case []any:
		filled := make([]any, len(params))
		for i, param := range params {
			filled[i] = fillParams(param, args)
		}
		return filled
	case map[string]any:
		filled := make(map[string]any, len(params))
		for name, param := range params {
			filled[name] = fillParams(param, args)
		}
		return filled
	}
	return params
}
