// Package build makes a world: the rows, the documents and the cases that the
// packages beside it add to it.
package build

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/medicalevents"
)

// World is everything that a freshly seeded sandbox holds.
type World struct {
	Tokens  []Token  `json:"tokens"`
	Keys    []Key    `json:"keys"`
	Objects []Object `json:"objects"`
	Cases   []Case   `json:"cases"`

	Now       time.Time        `json:"-"` // what is expired or fresh is so against this moment
	Seal      *seal.Keys       `json:"-"`
	Rows      map[string][]Row `json:"-"` // by table
	Documents map[string][]any `json:"-"` // by collection

	tables  []string        // in the order of their first row
	ids     map[string]int  // how many cases have an id
	secrets map[string]bool // see Confide
}

// Token is a token that a caller may use.
type Token struct {
	Name          string    `json:"name"`
	Value         string    `json:"value"`
	Scopes        []string  `json:"scopes"`
	LegalEntityID uuid.UUID `json:"legal_entity_id"`
	UserID        uuid.UUID `json:"user_id"`
	Direct        bool      `json:"direct,omitempty"` // its client calls without a MIS: an API-key is not asked for
	Note          string    `json:"note"`
}

// Key is the API-key of a MIS.
type Key struct {
	Name   string   `json:"name"`
	Value  string   `json:"value"`
	Scopes []string `json:"scopes"` // what the MIS may do for others
	Note   string   `json:"note"`
}

// Object is a row or a document worth knowing by name.
type Object struct {
	Name string    `json:"name"`
	Kind string    `json:"kind"`
	ID   uuid.UUID `json:"id"`
	Note string    `json:"note"`
}

// Row is one row of a table, by column, or an object of JSON.
type Row = map[string]any

// New returns a world without anything in it.
func New(keys *seal.Keys, now time.Time) *World {
	return &World{
		Now: now.UTC().Truncate(time.Millisecond), Seal: keys, Rows: map[string][]Row{}, Documents: map[string][]any{},
		ids: map[string]int{}, secrets: map[string]bool{},
	}
}

// Day is the date of the day that is so many days from today, as Kyiv counts them.
func (w *World) Day(n int) string { return clock.Today(w.Now).AddDate(0, 0, n).Format(time.DateOnly) }

// namespace makes ids that are the same in every world.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://esoz/sandbox"))

// ID returns the id of the named object: the same in every sandbox.
func ID(name string) uuid.UUID { return uuid.NewSHA1(namespace, []byte(name)) }

// TokenValue is the token of a name.
func TokenValue(name string) string { return "sandbox-" + strings.ReplaceAll(name, "_", "-") }

// API-keys of the world's MIS.
const (
	MISKey         = "sandbox-mis-key"          // holds every scope
	MISKeyNoScope  = "sandbox-mis-key-no-scope" // its MIS has a scope that no operation here wants
	MISKeyUnbroken = "sandbox-mis-key-unset"    // its MIS has no broker_scope
)

// SystemUser is the author of everything that was there before the first
// request (EHEALTH_SYSTEM_USER).
var SystemUser = uuid.MustParse("4261eacf-8008-4e62-899f-de1e2f7065f0")

// Insert adds a row.
func (w *World) Insert(table string, r Row) {
	if _, known := w.Rows[table]; !known {
		w.tables = append(w.tables, table)
	}
	w.Rows[table] = append(w.Rows[table], r)
}

// InsertBefore has the rows of one table inserted before those of another,
// which refers to it.
func (w *World) InsertBefore(first, second string) {
	w.tables = slices.DeleteFunc(w.tables, func(t string) bool { return t == first })
	w.tables = slices.Insert(w.tables, slices.Index(w.tables, second), first)
}

// Audited adds the audit columns of the national tables.
func (w *World) Audited(r Row) Row {
	return Changed(w.Stamped(Row{"inserted_by": SystemUser, "updated_by": SystemUser}), r)
}

// Stamped adds only the moments.
func (w *World) Stamped(r Row) Row { return Changed(Row{"inserted_at": w.Now, "updated_at": w.Now}, r) }

// Document adds a document to a collection of the document store.
func (w *World) Document(collection string, doc any) {
	w.Documents[collection] = append(w.Documents[collection], doc)
}

// Object makes an id known by name.
func (w *World) Object(kind, name, note string) uuid.UUID {
	id := ID(name)
	w.Objects = append(w.Objects, Object{Name: name, Kind: kind, ID: id, Note: note})
	return id
}

// Count tells how many rows a freshly seeded table has.
func (w *World) Count(table string) int { return len(w.Rows[table]) }

// Changed returns r with other values.
func Changed(r, changes Row) Row {
	changed := maps.Clone(r)
	maps.Copy(changed, changes)
	return changed
}

// Reference names an object as bodies do.
func Reference(kind string, id any) Row {
	return Row{"identifier": Row{"type": Row{"coding": []Row{{"system": medicalevents.Resources, "code": kind}}}, "value": id}}
}

// ReferenceTo names an object of the world.
func ReferenceTo(kind, name string) Row { return Reference(kind, ID(name)) }

// ReferencesTo is a list of one.
func ReferencesTo(kind, name string) []Row { return []Row{ReferenceTo(kind, name)} }

// Edit returns r with other values; a nil value takes its key away.
func Edit(r, changes Row) Row {
	changed := Changed(r, changes)
	maps.DeleteFunc(changed, func(_ string, value any) bool { return value == nil })
	return changed
}
