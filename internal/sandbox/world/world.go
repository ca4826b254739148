// Package world is the world that the sandbox is seeded with: legal entities,
// users and their tokens, patients, an object for every rule that can refuse,
// and the cases that show each rule at work. docs/sandbox-world.md is made from
// the same values.
package world

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/dictionaries"
	"esoz/internal/resource/uaddresses"
)

// World is everything that a freshly seeded sandbox holds.
type World struct {
	Tokens  []Token  `json:"tokens"`
	Keys    []Key    `json:"keys"`
	Objects []Object `json:"objects"`
	Cases   []Case   `json:"cases"`

	now       time.Time
	keys      *seal.Keys
	tables    []string // in the order of their first row
	rows      map[string][]row
	documents map[string][]any
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

// row is one row of a table, by column.
type row map[string]any

// namespace makes ids that are the same in every world.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://esoz/sandbox"))

// ID returns the id of the named object: the same in every sandbox.
func ID(name string) uuid.UUID { return uuid.NewSHA1(namespace, []byte(name)) }

// New describes the world at a moment: what is expired or fresh is so against now.
func New(keys *seal.Keys, now time.Time) *World {
	w := &World{
		now: now.UTC().Truncate(time.Millisecond), keys: keys,
		rows: map[string][]row{}, documents: map[string][]any{},
	}
	w.addresses()
	w.legalEntities()
	w.users()
	w.tokens()
	w.persons()
	w.gateway()
	w.divisions()
	w.idempotency()
	w.declarationRequests()
	w.verifications()
	w.approvals()
	w.serviceRequests()
	w.deviceDispenses()
	w.jobsAndEvents()
	w.references()
	w.oauth()
	return w
}

// insert adds a row; its audit columns are filled when the table has them.
func (w *World) insert(table string, r row) {
	if _, known := w.rows[table]; !known {
		w.tables = append(w.tables, table)
	}
	w.rows[table] = append(w.rows[table], r)
}

// audited adds the audit columns of the national tables.
func (w *World) audited(r row) row {
	full := row{"inserted_at": w.now, "inserted_by": SystemUser, "updated_at": w.now, "updated_by": SystemUser}
	maps.Copy(full, r)
	return full
}

// stamped adds only the moments.
func (w *World) stamped(r row) row {
	full := row{"inserted_at": w.now, "updated_at": w.now}
	maps.Copy(full, r)
	return full
}

// document adds a document to a collection of the document store.
func (w *World) document(collection string, doc any) {
	w.documents[collection] = append(w.documents[collection], doc)
}

// object makes an id known by name.
func (w *World) object(kind, name, note string) uuid.UUID {
	id := ID(name)
	w.Objects = append(w.Objects, Object{Name: name, Kind: kind, ID: id, Note: note})
	return id
}

// Collections that the world fills and a reset empties.
var collections = []string{"patients", "approvals", "service_requests", "device_dispenses"}

// emptied are the tables that a reset empties. Dictionaries and addresses stay:
// they come with the migrations and from imports.
const emptied = `
TRUNCATE
	mithril.users, mithril.client_types, mithril.clients, mithril.connections, mithril.roles, mithril.user_roles,
	mithril.global_user_roles, mithril.apps, mithril.tokens, mithril.rate_limits,
	prm.legal_entities, prm.parties, prm.party_users, prm.divisions, prm.division_addresses, prm.employees,
	prm.audit_log, prm.healthcare_services, prm.equipment,
	prm.medical_program_provision, prm.global_parameters,
	mpi.persons, mpi.person_authentication_methods, mpi.confidant_person_relationships,
	ops.declarations, il.declaration_requests,
	otp.verifications, otp.verified_phones, otp.sms_logs, otp.code_counts,
	event_manager.events, jobs.jobs, idempotency.keys, river.river_job`

// Seed empties both databases and fills them with the world.
func (w *World) Seed(ctx context.Context, pool *pgxpool.Pool, documents *mongo.Database) error {
	err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, emptied); err != nil {
			return fmt.Errorf("empty the tables: %w", err)
		}
		if _, err := tx.Exec(ctx, "DELETE FROM prm.cache_versions WHERE name = $1", seededMark); err != nil {
			return fmt.Errorf("take the mark away: %w", err)
		}
		if err := w.insertRows(ctx, tx); err != nil {
			return err
		}
		// The world has rows of its own among what is served from memory.
		return errors.Join(dictionaries.Changed(ctx, tx, w.now), uaddresses.Changed(ctx, tx, w.now))
	})
	if err != nil {
		return fmt.Errorf("seed PostgreSQL: %w", err)
	}
	if err := w.SeedDocuments(ctx, documents); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, "INSERT INTO prm.cache_versions (name, version, updated_at) VALUES ($1, 1, $2)", seededMark, w.now); err != nil {
		return fmt.Errorf("mark the world as whole: %w", postgres.Error(err))
	}
	return nil
}

// SeedDocuments fills the document store alone.
func (w *World) SeedDocuments(ctx context.Context, documents *mongo.Database) error {
	for _, name := range collections {
		collection := documents.Collection(name)
		if _, err := collection.DeleteMany(ctx, bson.D{}); err != nil {
			return fmt.Errorf("empty collection %s: %w", name, mongodb.Error(err))
		}
		if len(w.documents[name]) == 0 {
			continue
		}
		if _, err := collection.InsertMany(ctx, w.documents[name]); err != nil {
			return fmt.Errorf("seed collection %s: %w", name, mongodb.Error(err))
		}
	}
	return nil
}

// insertRows sends all rows in one round trip per table.
func (w *World) insertRows(ctx context.Context, tx pgx.Tx) error {
	for _, table := range w.tables {
		batch := &pgx.Batch{}
		for _, r := range w.rows[table] {
			columns := slices.Sorted(maps.Keys(r))
			values := make([]any, len(columns))
			places := make([]string, len(columns))
			for i, column := range columns {
				values[i], places[i] = r[column], fmt.Sprintf("$%d", i+1)
			}
			batch.Queue(fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT DO NOTHING",
				table, strings.Join(columns, ", "), strings.Join(places, ", ")), values...)
		}
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
	}
	return nil
}

// seededMark is a row that stands while both halves of a world do: a seeding
// that was killed between them leaves none.
const seededMark = "world"

// Seeded tells whether the databases hold a whole world.
func Seeded(ctx context.Context, pool *pgxpool.Pool) (seeded bool, err error) {
	err = pool.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM prm.cache_versions WHERE name = $1)", seededMark).Scan(&seeded)
	if err != nil {
		return false, fmt.Errorf("look for the world: %w", postgres.Error(err))
	}
	return seeded, nil
}

// Passing returns the first case in which an operation passes with the
// configuration as it is.
func (w *World) Passing(operation string) (Case, bool) {
	for _, c := range w.Cases {
		if c.OperationID == operation && len(c.Rules) == 0 && len(c.Config) == 0 {
			return c, true
		}
	}
	return Case{}, false
}

// Count tells how many rows a freshly seeded table has.
func (w *World) Count(table string) int { return len(w.rows[table]) }
