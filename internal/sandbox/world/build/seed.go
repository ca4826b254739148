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
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/catalogues"
	"esoz/internal/resource/dictionaries"
	"esoz/internal/resource/uaddresses"
)

// Collections that the world fills and a reset empties.
var collections = []string{
	"patients", "approvals", "service_requests", "device_dispenses", "device_requests", "episodes", "visits", "encounters", "conditions", "observations",
	"diagnostic_reports", "procedures", "immunizations", "allergy_intolerances", "risk_assessments", "specimens", "compositions", "care_plans", "activities",
	"numbers",
}

// emptied are the tables that a reset empties. Dictionaries and addresses stay:
// they come with the migrations and from imports. TRUNCATE would make new files for
// every table and index, which takes twenty times as long; foreign keys are not
// asked, because everything that refers to a row goes with it.
const emptied = `
SET LOCAL session_replication_role = replica;
DELETE FROM mithril.users;
DELETE FROM mithril.client_types;
DELETE FROM mithril.clients;
DELETE FROM mithril.connections;
DELETE FROM mithril.roles;
DELETE FROM mithril.user_roles;
DELETE FROM mithril.global_user_roles;
DELETE FROM mithril.apps;
DELETE FROM mithril.tokens;
DELETE FROM mithril.rate_limits;
DELETE FROM prm.legal_entities;
DELETE FROM prm.licenses;
DELETE FROM prm.parties;
DELETE FROM prm.party_users;
DELETE FROM prm.divisions;
DELETE FROM prm.division_addresses;
DELETE FROM prm.employees;
DELETE FROM prm.audit_log;
DELETE FROM prm.employee_roles;
DELETE FROM prm.related_legal_entities;
DELETE FROM prm.healthcare_services;
DELETE FROM prm.equipment;
DELETE FROM prm.medical_program_provision;
DELETE FROM prm.global_parameters;
DELETE FROM prm.medical_programs;
DELETE FROM prm.services;
DELETE FROM prm.service_groups;
DELETE FROM prm.service_inclusions;
DELETE FROM prm.program_services;
DELETE FROM prm.device_definitions;
DELETE FROM prm.device_definition_names;
DELETE FROM prm.device_definition_classification_types;
DELETE FROM prm.program_devices;
DELETE FROM prm.forbidden_groups;
DELETE FROM prm.forbidden_group_codes;
DELETE FROM prm.forbidden_group_services;
DELETE FROM prm.diagnoses_groups;
DELETE FROM prm.diagnoses_group_codes;
DELETE FROM mpi.persons;
DELETE FROM mpi.person_authentication_methods;
DELETE FROM mpi.person_documents;
DELETE FROM mpi.person_phones;
DELETE FROM mpi.person_addresses;
DELETE FROM mpi.person_verifications;
DELETE FROM mpi.confidant_person_relationships;
DELETE FROM mpi.confidant_person_relationship_documents;
DELETE FROM ops.declarations;
DELETE FROM il.declaration_requests;
DELETE FROM il.person_requests;
DELETE FROM il.employee_requests;
DELETE FROM il.authentication_method_requests;
DELETE FROM il.media;
DELETE FROM otp.verifications;
DELETE FROM otp.verified_phones;
DELETE FROM otp.sms_logs;
DELETE FROM otp.code_counts;
DELETE FROM otp.sms_attempts;
DELETE FROM admin.registered;
DELETE FROM event_manager.events;
DELETE FROM jobs.jobs;
DELETE FROM idempotency.keys;
DELETE FROM river.river_job;
SET LOCAL session_replication_role = origin`

// Seed empties both databases and fills them with the world.
func (w *World) Seed(ctx context.Context, pool *pgxpool.Pool, documents *mongo.Database) error {
	err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, emptied); err != nil {
			return fmt.Errorf("empty the tables: %w", err)
		}
		if _, err := tx.Exec(ctx, "DELETE FROM prm.cache_versions WHERE name = $1", seededMark); err != nil {
			return fmt.Errorf("take the mark away: %w", err)
		}
		return w.insertRows(ctx, tx)
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

// patience is for all documents. With a deadline of the context, that of single commands
// (ENGINE_TIMEOUT) does not count: a busy laptop may need longer for the largest collection.
const patience = time.Minute

// SeedDocuments fills the document store alone.
func (w *World) SeedDocuments(ctx context.Context, documents *mongo.Database) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
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

// insertRows sends all rows in one round trip per table. What is served from memory
// is read again only where the world has added a row of its own.
func (w *World) insertRows(ctx context.Context, tx pgx.Tx) error {
	var inDictionaries, inAddresses int64 // rows that were not there
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
				table, strings.Join(columns, ", "), strings.Join(places, ", ")), values...).
				Exec(func(tag pgconn.CommandTag) error {
					switch {
					case strings.HasPrefix(table, "prm.dictionar"):
						inDictionaries += tag.RowsAffected()
					case strings.HasPrefix(table, "uaddresses."):
						inAddresses += tag.RowsAffected()
					}
					return nil
				})
		}
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
	}
	if inDictionaries > 0 {
		if err := dictionaries.Changed(ctx, tx, w.Now); err != nil {
			return err
		}
	}
	if inAddresses > 0 {
		if err := uaddresses.Changed(ctx, tx, w.Now); err != nil {
			return err
		}
	}
	return catalogues.ServicesChanged(ctx, tx, w.Now)
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
