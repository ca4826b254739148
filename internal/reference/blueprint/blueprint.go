// Package blueprint lists the operations that the published blueprints of the national system document, served here or
// not. Left out are the page GET /sign-in and the "dummy" entries, which only show what is to be signed.
package blueprint

import (
	_ "embed"
	"strings"
	"sync"
)

// One operation a line: of two entries with one method and path the first stands.
//
//go:embed operations.tsv
var table string

// Operation is an entry of a blueprint.
type Operation struct {
	Document string // general.apib, medical-events.apib
	Line     string // where it begins
	Resource string
	Method   string
	Path     string // with {placeholders}
	Title    string
	State    string // "", deprecated, to be deprecated
	Scope    string // "" where the blueprint names none
}

// Source is the place of an operation: general.apib L253.
func (o Operation) Source() string { return o.Document + " L" + o.Line }

// All returns the operations in the order of the documents.
var All = sync.OnceValue(func() []Operation {
	lines := strings.Split(strings.TrimSuffix(table, "\n"), "\n")[1:]
	all := make([]Operation, len(lines))
	for i, line := range lines {
		f := strings.Split(line, "\t")
		all[i] = Operation{Document: f[0], Line: f[1], Resource: f[2], Method: f[3], Path: f[4], Title: f[5], State: f[6], Scope: f[7]}
	}
	return all
})

// Find returns the operation that a request is meant for. Of several that fit it is the one with the fewest placeholders.
func Find(method, path string) (found Operation, ok bool) {
	best := -1
	for _, op := range All() {
		if n := fits(op.Path, path); op.Method == method && n > best {
			found, ok, best = op, true, n
		}
	}
	return found, ok
}

// fits returns how many parts of a path are those of a pattern, and -1 when the path is another.
func fits(pattern, path string) int {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return -1
	}
	literal := 0
	for i, part := range want {
		switch {
		case part == have[i]:
			literal++
		case !strings.HasPrefix(part, "{") || have[i] == "":
			return -1
		}
	}
	return literal
}

// Shape is a path whose placeholders have no names, by which paths of different documents are compared.
func Shape(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}
