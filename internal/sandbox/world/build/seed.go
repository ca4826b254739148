package build

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/dictionaries"
	"esoz/internal/resource/uaddresses"
)

// Collections that the world fills and a reset empties.
var collections = []string{"patients", "approvals", "service_requests", "device_dispenses"}

// emptied are the tables that a reset empties. Dictionaries and addresses stay:
// they come with the migrations and from imports.
const emptied = `
TRUNCATE
	mithril.users, mithril.client_types, mithril.clients, mithril.connections, mithril.roles, mithril.user_roles,
	mithril.global_user_roles, mithril.apps, mithril.tokens, mithril.rate_limits,
	prm.legal_entities, prm.licenses, prm.parties, prm.party_users, prm.divisions, prm.division_addresses, prm.employees,
	prm.audit_log, prm.employee_roles, prm.related_legal_entities, prm.healthcare_services, prm.equipment,
	prm.medical_program_provision, prm.global_parameters,
	prm.medical_programs, prm.services, prm.service_groups, prm.service_inclusions, prm.program_services,
	mpi.persons, mpi.person_authentication_methods, mpi.person_documents, mpi.person_phones, mpi.person_addresses, mpi.person_verifications,
	mpi.confidant_person_relationships, mpi.confidant_person_relationship_documents,
	ops.declarations, il.declaration_requests, il.person_requests, il.employee_requests, il.authentication_method_requests, il.media,
	otp.verifications, otp.verified_phones, otp.sms_logs, otp.code_counts,
	admin.registered,
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
		return errors.Join(dictionaries.Changed(ctx, tx, w.Now), uaddresses.Changed(ctx, tx, w.Now))
	})
	if err != nil {
		return fmt.Errorf("seed PostgreSQL: %w", err)
	}
	if err := w.SeedDocuments(ctx, documents); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, "INSERT INTO prm.cache_versions (name, version, updated_at) VALUES ($1, $2, $3)", seededMark, w.version(), w.Now); err != nil {
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
		if len(w.Documents[name]) == 0 {
			continue
		}
		if _, err := collection.InsertMany(ctx, w.Documents[name]); err != nil {
			return fmt.Errorf("seed collection %s: %w", name, mongodb.Error(err))
		}
	}
	return nil
}

// insertRows sends all rows in one round trip per table.
func (w *World) insertRows(ctx context.Context, tx pgx.Tx) error {
	for _, table := range w.tables {
		batch := &pgx.Batch{}
		for _, r := range w.Rows[table] {
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

// seededMark is a row that is there while both databases hold the world: a
// seeding that was killed between them leaves none.
const seededMark = "world"

// Seeded tells whether the databases hold a whole world, and whether it is this one:
// another version of the program may have seeded it.
func (w *World) Seeded(ctx context.Context, pool *pgxpool.Pool) (seeded, same bool, err error) {
	var version int64
	err = pool.QueryRow(ctx, "SELECT version FROM prm.cache_versions WHERE name = $1", seededMark).Scan(&version)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("look for the world: %w", postgres.Error(err))
	}
	return true, version == w.version(), nil
}

// version is the same for worlds of the same tokens, objects and cases, whenever
// they were made. Requests and rows hold moments and random values and do not count.
func (w *World) version() int64 {
	hash := sha256.New()
	encoder := json.NewEncoder(hash)
	note := func(v any) {
		if err := encoder.Encode(v); err != nil {
			panic(err) // nothing in it that JSON does not know
		}
	}
	note([]any{w.Tokens, w.Keys, w.Objects})
	for _, c := range w.Cases {
		note([]any{c.ID, c.OperationID, c.Rules, c.Title, c.Config, c.Request.Method})
	}
	for _, table := range slices.Sorted(maps.Keys(w.Rows)) {
		note([]any{table, len(w.Rows[table])})
	}
	for _, collection := range slices.Sorted(maps.Keys(w.Documents)) {
		note([]any{collection, len(w.Documents[collection])})
	}
	return int64(binary.BigEndian.Uint64(hash.Sum(nil))) //nolint:gosec // any number will do
}
