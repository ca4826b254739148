// Package admin registers what no public operation creates and every team needs of its own: a MIS, legal entities,
// users with their employees, and persons. The sandbox has methods for it, the server a command.
package admin

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/persons"
)

// Registry registers, lists and deletes.
type Registry struct {
	Pool       *pgxpool.Pool
	Documents  *mongo.Database
	Keys       *seal.Keys
	Clock      *clock.Clock
	SystemUser uuid.UUID
}

// Registered is an object of a team's own.
type Registered struct {
	ID   uuid.UUID `json:"id"`
	Kind string    `json:"kind"`
	Name string    `json:"name"`
	// Secret is shown once: the API-key of a MIS, or the secret of a legal entity's connection with it.
	Secret string `json:"secret,omitempty"`
	// Employees of a user.
	Employees []RegisteredEmployee `json:"employees,omitempty"`
}

// RegisteredEmployee is what other operations name as employee_id.
type RegisteredEmployee struct {
	ID            uuid.UUID `json:"id"`
	LegalEntityID uuid.UUID `json:"legal_entity_id"`
	EmployeeType  string    `json:"employee_type"`
}

// Kinds of objects.
const (
	KindMIS         = "mis"
	KindLegalEntity = "legal_entity"
	KindUser        = "user"
	KindPerson      = "person"
)

// Entry is what can be registered: MIS, LegalEntity, User and Person.
type Entry interface {
	register(ctx context.Context, s *session) (Registered, error)
}

// InvalidError says what is wrong with an entry, or why an object cannot go.
type InvalidError struct{ Reason string }

func (e *InvalidError) Error() string { return e.Reason }

func invalid(format string, args ...any) error { return &InvalidError{fmt.Sprintf(format, args...)} }

// ErrUnknown is returned for an id that is not registered.
var ErrUnknown = errors.New("no such registered object")

// session is one registration.
type session struct {
	*Registry
	*db.Queries
	tx pgx.Tx
	at time.Time
}

// Register adds an entry. It has happened when no error is returned, and not otherwise.
func (r *Registry) Register(ctx context.Context, e Entry) (added Registered, err error) {
	err = r.inTx(ctx, func(s *session) error {
		if added, err = e.register(ctx, s); err != nil {
			return err
		}
		return s.InsertRegistered(ctx, s.tx, db.InsertRegisteredParams{ID: added.ID, Kind: added.Kind, At: s.at})
	})
	if err == nil && added.Kind == KindPerson {
		err = r.addPatients(ctx, added.ID)
	}
	if err != nil {
		return Registered{}, fmt.Errorf("register: %w", err)
	}
	return added, nil
}

func (r *Registry) inTx(ctx context.Context, do func(s *session) error) error {
	err := postgres.InTx(ctx, r.Pool, func(tx pgx.Tx) error {
		return do(&session{Registry: r, Queries: db.New(), tx: tx, at: r.Clock.Now()})
	})
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		switch refused.Code {
		case "23505": // unique_violation
			return invalid("taken already: %s", refused.ConstraintName)
		case "23503": // foreign_key_violation
			return invalid("in use, or names what is not there: %s", refused.ConstraintName)
		case "23514": // check_violation
			return invalid("not a possible value: %s", refused.ConstraintName)
		}
	}
	return err
}

// addPatients makes persons known to the medical events. It can be repeated.
func (r *Registry) addPatients(ctx context.Context, ids ...uuid.UUID) error {
	people := &persons.Store{Documents: r.Documents, Keys: r.Keys}
	for _, id := range ids {
		if err := people.AddPatient(ctx, id); err != nil {
			return err //nolint:wrapcheck // says what failed
		}
	}
	return nil
}

// List returns what is registered, oldest first.
func (r *Registry) List(ctx context.Context) ([]Registered, error) {
	rows, err := db.New().ListRegistered(ctx, r.Pool)
	if err != nil {
		return nil, fmt.Errorf("list what is registered: %w", postgres.Error(err))
	}
	list := make([]Registered, len(rows))
	for i, row := range rows {
		list[i] = Registered{ID: row.ID, Kind: row.Kind, Name: row.Name}
		if err := json.Unmarshal(row.Employees, &list[i].Employees); err != nil {
			return nil, fmt.Errorf("decode the employees of %s: %w", row.ID, err)
		}
	}
	return list, nil
}

// Delete removes an object with its rows. What others refer to stays, with an error that says so.
func (r *Registry) Delete(ctx context.Context, id uuid.UUID) error {
	var kind string
	err := r.inTx(ctx, func(s *session) (err error) {
		kind, err = s.DeleteRegistered(ctx, s.tx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrUnknown
		}
		if err != nil {
			return err
		}
		if callers, err := s.CountConsumers(ctx, s.tx, id); err != nil {
			return err
		} else if callers > 0 {
			return invalid("in use: %d other clients call through it", callers)
		}
		for i := len(parts[kind]) - 1; i >= 0; i-- {
			p := parts[kind][i]
			if _, err := s.tx.Exec(ctx, "DELETE FROM "+p.table+" AS t WHERE "+p.where, []uuid.UUID{id}); err != nil {
				return fmt.Errorf("delete from %s: %w", p.table, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete %s: %w", id, err)
	}
	if kind != KindPerson {
		return nil
	}
	if _, err := r.Documents.Collection(persons.Collection).DeleteMany(ctx, bson.M{"_id": bson.M{"$in": r.Keys.PatientIDs(id)}}); err != nil {
		return fmt.Errorf("delete the patient: %w", mongodb.Error(err))
	}
	return nil
}

// part is where the rows of an object are; in `where`, t is a row and $1 are ids of objects.
type part struct{ table, where string }

// parts of each kind, in an order in which they can be inserted.
var parts = map[string][]part{
	KindMIS: {
		{"mithril.users", "t.id = ANY ($1)"}, // the administrator has the id of the client
		{"mithril.clients", "t.id = ANY ($1)"},
		{"mithril.connections", "t.client_id = ANY ($1) AND t.consumer_id = t.client_id"},
	},
	KindLegalEntity: {
		{"prm.legal_entities", "t.id = ANY ($1)"},
		{"mithril.users", "t.id = ANY ($1)"},
		{"mithril.clients", "t.id = ANY ($1)"},
		{"mithril.connections", "t.client_id = ANY ($1)"},
	},
	KindUser: {
		{"mithril.users", "t.id = ANY ($1)"},
		{"prm.parties", "t.id = ANY ($1)"}, // the party has the id of its user
		{"prm.party_users", "t.user_id = ANY ($1)"},
		{"prm.employees", "t.party_id = ANY ($1)"},
		{"mithril.user_roles", "t.user_id = ANY ($1)"},
	},
	KindPerson: {
		{"mpi.persons", "t.id = ANY ($1)"},
		{"mpi.person_documents", "t.person_id = ANY ($1)"},
		{"mpi.person_authentication_methods", "t.person_id = ANY ($1)"},
	},
}

// kinds in an order in which they can be inserted.
var kinds = []string{KindMIS, KindLegalEntity, KindUser, KindPerson}

// Kept are the rows of registered objects, while their tables are emptied.
type Kept struct {
	tables []keptTable
	people []uuid.UUID
}

type keptTable struct{ name, rows string }

// Keep reads everything that is registered.
func (r *Registry) Keep(ctx context.Context) (*Kept, error) {
	list, err := db.New().ListRegistered(ctx, r.Pool)
	if err != nil {
		return nil, fmt.Errorf("list what is registered: %w", postgres.Error(err))
	}
	ids := map[string][]uuid.UUID{}
	var all []uuid.UUID
	for _, row := range list {
		ids[row.Kind] = append(ids[row.Kind], row.ID)
		all = append(all, row.ID)
	}
	kept := &Kept{people: ids[KindPerson]}
	keep := func(p part, of []uuid.UUID) error {
		var rows string
		err := r.Pool.QueryRow(ctx, "SELECT COALESCE(json_agg(t), '[]')::text FROM "+p.table+" AS t WHERE "+p.where, of).Scan(&rows)
		if err != nil {
			return fmt.Errorf("keep %s: %w", p.table, postgres.Error(err))
		}
		kept.tables = append(kept.tables, keptTable{p.table, rows})
		return nil
	}
	for _, kind := range kinds {
		for _, p := range parts[kind] {
			if err := keep(p, ids[kind]); err != nil {
				return nil, err
			}
		}
	}
	return kept, keep(part{"admin.registered", "t.id = ANY ($1)"}, all)
}

// Restore writes back what was kept.
func (r *Registry) Restore(ctx context.Context, kept *Kept) error {
	err := r.inTx(ctx, func(s *session) error {
		for _, t := range kept.tables {
			statement := "INSERT INTO " + t.name + " SELECT * FROM json_populate_recordset(NULL::" + t.name + ", $1)"
			if _, err := s.tx.Exec(ctx, statement, t.rows); err != nil {
				return fmt.Errorf("restore %s: %w", t.name, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("restore what was registered: %w", err)
	}
	return r.addPatients(ctx, kept.people...)
}

// client adds a client and its connection with a MIS. Its administrator is a user that nobody logs in as.
func (s *session) client(ctx context.Context, c client) (secret string, err error) {
	types, err := s.ListClientTypes(ctx, s.tx)
	if err != nil {
		return "", err
	}
	var typeID uuid.UUID
	var known []string
	for _, t := range types {
		known = append(known, t.Name)
		if t.Name == c.kind {
			typeID = t.ID
		}
	}
	if typeID == uuid.Nil {
		return "", invalid("type: %q is none of %s", c.kind, strings.Join(known, ", "))
	}
	const noPassword = "!" // no bcrypt hash
	if err := s.InsertUser(ctx, s.tx, db.InsertUserParams{ID: c.id, Email: c.id.String() + "@clients.invalid", Password: noPassword, At: s.at}); err != nil {
		return "", err
	}
	if err := s.InsertClient(ctx, s.tx, db.InsertClientParams{
		ID: c.id, Name: c.name, UserID: c.id, ClientTypeID: typeID, Settings: []byte(`{"allowed_grant_types":["password"]}`), PrivSettings: c.privSettings, At: s.at,
	}); err != nil {
		return "", err
	}
	if secret = c.secret; secret == "" {
		secret = rand.Text()
	}
	return secret, s.InsertConnection(ctx, s.tx, db.InsertConnectionParams{
		ID: uuid.New(), SecretHash: seal.Token(secret), RedirectURI: c.redirectURI, ClientID: c.id, ConsumerID: c.consumer, At: s.at,
	})
}

type client struct {
	id, consumer                    uuid.UUID
	kind, name, redirectURI, secret string
	privSettings                    []byte
}
