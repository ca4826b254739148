// Package fault holds the type of refusals. Operations return it, and only the
// error handler of httpapi turns it into an answer. Texts of refusals come from
// the contract (x-rules) through gen/rules, never from Go code.
package fault

import (
	"errors"
	"fmt"
	"strconv"
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
	// ErrUnavailable: a database cannot be reached or did not answer in time, and
	// nothing was committed. Changes of documents by jobs are the exception: a
	// retried job finds its change by its mark.
	ErrUnavailable = errors.New("engine unavailable")
	// ErrUnconfirmed: a committing statement was sent to a database, and its answer
	// was lost. The change may have been made or not.
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
	Guard      rules.ID      // the gateway's check that the operation's own rule replaces, if any
	Cut        bool          // Invalid lists only the first of very many faults
	Facts      []Fact        // for explain alone
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

// Error names the status and the rules. It never contains values of the request.
func (e *Error) Error() string {
	ids := make([]string, len(e.Rules))
	for i, id := range e.Rules {
		ids[i] = string(id)
	}
	return fmt.Sprintf("refused with %d by %s", e.Status, strings.Join(ids, ", "))
}

// After sets RetryAfter.
func (e *Error) After(d time.Duration) *Error {
	e.RetryAfter = d
	return e
}

// Refuse returns the documented refusal of a rule. args are names and values, in
// turn, of the placeholders in its texts ({status}).
func Refuse(id rules.ID, args ...any) *Error {
	rule := mustGet(id)
	return RefuseAt(id, rule.Entry, nil, args...)
}

// RefuseAt is Refuse for a rule whose entry is a pattern, or whose params are not
// in the contract. entry is the JSONPath of the wrong field.
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

// RefuseItem is RefuseAt for an item of the list that the rule's entry names.
func RefuseItem(id rules.ID, i int, params any, args ...any) *Error {
	rule := mustGet(id)
	entry := strings.Replace(rule.Entry, "*", strconv.Itoa(i), 1)
	return RefuseAt(id, entry, params, args...).Because(entry, rule.Check, "another value")
}

// Join merges refusals into one: status and message of the first, items and rules
// of all. It ignores nil entries and returns nil when there are no others.
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
			joined.Facts = append(joined.Facts, e.Facts...)
			joined.AddRules(e.Rules...)
		}
	}
	return joined
}

// AddRules appends the ids that the refusal does not name yet.
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

// Unavailable is the answer when a database is unavailable or a deadline has
// passed.
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
