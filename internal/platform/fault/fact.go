package fault

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"

	"esoz/gen/rules"
)

// Fact is what a refusing check expected and what it found. The sandbox's explain
// shows it; no answer and no log line does. It holds names, statuses, scopes,
// moments, numbers and ids of legal entities. It never holds personal data, keys,
// codes, or a value of the request that is not one of a known list.
type Fact struct {
	Rule     rules.ID `json:"-"`
	What     string   `json:"what"` // what the check looked at: status, scopes, $.addresses[0].zip
	Expected string   `json:"expected"`
	Found    string   `json:"found,omitempty"`
	Hint     string   `json:"hint,omitempty"` // what to do; the header X-Sandbox-Hint of a sandbox has it too
}

// NewFact describes texts, lists, moments and numbers as a reader wants them.
func NewFact(what string, expected, found any) Fact {
	return Fact{What: what, Expected: shown(expected), Found: shown(found)}
}

// String words the fact in a line.
func (f Fact) String() string {
	text := f.What + ": expected " + f.Expected
	if f.Found != "" {
		text += "; found " + f.Found
	}
	if f.Hint != "" {
		text += "; " + f.Hint
	}
	return text
}

// Because says what the check that refuses expected and what it found.
func (e *Error) Because(what string, expected, found any) *Error {
	return e.With(NewFact(what, expected, found))
}

// With adds a fact to the check that refuses.
func (e *Error) With(f Fact) *Error {
	f.Rule = e.Rules[0]
	e.Facts = append(e.Facts, f)
	return e
}

// ScopeFact compares scopes that were asked for with those that are allowed.
func ScopeFact(what string, asked, allowed []string) Fact {
	var refused []string
	others := 0
	for _, scope := range asked {
		switch {
		case slices.Contains(allowed, scope):
		case isScope(scope):
			refused = append(refused, scope)
		default:
			others++ // it may hold anything
		}
	}
	hint := "refused scopes: " + list(refused)
	if others > 0 {
		hint = strings.TrimPrefix(fmt.Sprintf("%s; words that are no scopes: %d", hint, others), "refused scopes: none; ")
	}
	return Fact{What: what, Expected: "only " + list(sameKindFirst(allowed, asked)), Found: list(slices.DeleteFunc(slices.Clone(asked), isNoScope)), Hint: hint}
}

// sameKindFirst orders scopes so that a list that is cut has those of the kinds that
// were asked for.
func sameKindFirst(allowed, asked []string) []string {
	kinds := map[string]bool{}
	for _, scope := range asked {
		kinds[kindOf(scope)] = true
	}
	order := func(scope string) int {
		if kinds[kindOf(scope)] {
			return 0
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(allowed), func(a, b string) int { return cmp.Compare(order(a), order(b)) })
}

func kindOf(scope string) string {
	kind, _, _ := strings.Cut(scope, ":")
	return kind
}

// isScope returns whether a word of a client has the form of a scope, so that it
// may be shown.
func isScope(word string) bool {
	kind, action, ok := strings.Cut(word, ":")
	letters := func(s string) bool {
		return s != "" && len(s) <= 60 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
	}
	return ok && letters(kind) && letters(action)
}

func isNoScope(word string) bool { return !isScope(word) }

func shown(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case []string:
		return list(value)
	case time.Time:
		return value.UTC().Format(time.RFC3339)
	}
	return fmt.Sprint(value)
}

// most is how many items of a list are shown: dictionaries have thousands.
const most = 60

func list(items []string) string {
	if len(items) == 0 {
		return "none"
	}
	if len(items) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(items[:most], ", "), len(items)-most)
	}
	return strings.Join(items, ", ")
}

// NameFact compares the name of a field or a parameter with the documented ones.
// A name that is near to none of them may hold anything, and is not shown.
func NameFact(what, name string, known []string) Fact {
	f := Fact{What: what, Expected: "one of " + list(known), Found: "a name that is not documented"}
	if near := Nearest(name, known); near != "" {
		f.Found, f.Hint = name, what+": did you mean "+near+"?"
	}
	return f
}

// Nearest returns the known name that a misspelt one is most like, or "".
func Nearest(name string, known []string) string {
	const longest = 64
	if len(name) > longest || !isASCII(name) {
		return ""
	}
	best, distance := "", len(name)/3+1 // of three letters, one may be wrong
	for _, k := range known {
		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k))
		if d == 2 && sorted(name) == sorted(k) {
			d = 1 // two letters have changed places
		}
		if d < distance {
			best, distance = k, d
		}
	}
	return best
}

func sorted(name string) string {
	letters := []byte(strings.ToLower(name))
	slices.Sort(letters)
	return string(letters)
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}
