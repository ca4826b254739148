// Package persons answers what the resources ask about patients: whether they
// exist, how they confirm, and who may read their data.
package persons

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/gen/db"
	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/medicalevents"
)

// Store reads the master patient index and the patients of the medical events.
type Store struct {
	Pool      *pgxpool.Pool
	Documents *mongo.Database
	Keys      *seal.Keys
	Clock     *clock.Clock
}

// Document is a patient as stored in the collection patients.
type Document struct {
	ID         string `bson:"_id"`
	Status     string `bson:"status"`
	SealedWith string `bson:"sealed_with,omitempty"` // see seal.KeyField
}

// Collection holds the patients of the medical events.
const Collection = "patients"

// Statuses of a patient.
const (
	Active   = "active"
	Inactive = "inactive"
)

// Patient looks a patient up by the id of a path. A malformed id is not found
// (decisions R12): fault.ErrNotFound.
func (s *Store) Patient(ctx context.Context, id string) (operation.Person, error) {
	parsed, ok := envelope.ParseID(id)
	if !ok {
		return operation.Person{}, fault.ErrNotFound
	}
	p := operation.Person{ID: parsed, Hidden: s.Keys.PatientIDs(parsed)}
	var stored Document
	err := s.Documents.Collection(Collection).FindOne(ctx, bson.D{{Key: "_id", Value: mongodb.AnyOf(p.Hidden)}}).Decode(&stored)
	if err != nil {
		return operation.Person{}, fmt.Errorf("look up patient: %w", mongodb.Error(err))
	}
	p.Active = stored.Status == Active
	return p, nil
}

// AddPatient makes a person known to the medical events. It can be repeated.
func (s *Store) AddPatient(ctx context.Context, id uuid.UUID) error {
	patient := Document{ID: s.Keys.PatientID(id), Status: Active, SealedWith: s.Keys.PatientKeyIDs()[0]}
	_, err := s.Documents.Collection(Collection).InsertOne(ctx, patient)
	if err != nil && !mongo.IsDuplicateKeyError(err) {
		return fmt.Errorf("add the patient: %w", mongodb.Error(err))
	}
	return nil
}

// HasChosen reports whether the person has an active declaration with one of the
// employees.
func (s *Store) HasChosen(ctx context.Context, person uuid.UUID, employees []uuid.UUID) (bool, error) {
	has, err := db.New().HasChosenDoctor(ctx, s.Pool, db.HasChosenDoctorParams{PersonID: person, Employees: employees})
	if err != nil {
		return false, fmt.Errorf("look up declaration: %w", postgres.Error(err))
	}
	return has, nil
}

// hasDeclaration reports whether the person has an active declaration with a
// doctor of the legal entity.
func (s *Store) hasDeclaration(ctx context.Context, person, legalEntity uuid.UUID) (bool, error) {
	has, err := db.New().HasActiveDeclaration(ctx, s.Pool, db.HasActiveDeclarationParams{PersonID: person, LegalEntityID: legalEntity})
	if err != nil {
		return false, fmt.Errorf("look up declaration: %w", postgres.Error(err))
	}
	return has, nil
}

// Employees returns the ids of the employees that the caller is in the legal
// entity of the token: approved and active.
func (s *Store) Employees(ctx context.Context, by auth.Subject) ([]uuid.UUID, error) {
	rows, err := db.New().ListUserEmployees(ctx, s.Pool, db.ListUserEmployeesParams{UserID: by.UserID, LegalEntityID: by.ClientID})
	if err != nil {
		return nil, fmt.Errorf("look up employees: %w", postgres.Error(err))
	}
	ids := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	return ids, nil
}

// IsEmployee tells whether the caller is an employee of a type in the legal entity of the
// token: approved and active.
func (s *Store) IsEmployee(ctx context.Context, by auth.Subject, employeeType string) (bool, error) {
	rows, err := db.New().ListUserEmployees(ctx, s.Pool, db.ListUserEmployeesParams{UserID: by.UserID, LegalEntityID: by.ClientID})
	if err != nil {
		return false, fmt.Errorf("look up employees: %w", postgres.Error(err))
	}
	return slices.ContainsFunc(rows, func(e db.ListUserEmployeesRow) bool { return e.EmployeeType == employeeType }), nil
}

// Method returns an authentication method, nil when there is none.
func (s *Store) Method(ctx context.Context, id uuid.UUID) (*medicalevents.Method, error) {
	now := s.Clock.Now()
	row, err := db.New().GetAuthenticationMethod(ctx, s.Pool, db.GetAuthenticationMethodParams{ID: id, At: now})
	if err = postgres.Error(err); errors.Is(err, fault.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up authentication method: %w", err)
	}
	return &medicalevents.Method{
		ID: row.ID, PersonID: row.PersonID, Type: row.Type,
		Usable:         row.IsActive && (row.EndedAt == nil || row.EndedAt.After(now)),
		ThirdPersonOTP: row.ThirdPersonOTP, ConfidantApproved: row.ConfidantApproved,
	}, nil
}

// Confirmations returns the ways in which a person confirms now, the default one first
// (decisions R45).
func (s *Store) Confirmations(ctx context.Context, person uuid.UUID) ([]medicalevents.Confirmation, error) {
	rows, err := db.New().ListConfirmingMethods(ctx, s.Pool, db.ListConfirmingMethodsParams{PersonID: person, At: s.Clock.Now()})
	if err != nil {
		return nil, fmt.Errorf("look up authentication methods: %w", postgres.Error(err))
	}
	found := make([]medicalevents.Confirmation, len(rows))
	for i, row := range rows {
		found[i] = medicalevents.Confirmation{ID: row.ID, Type: row.Type, By: row.Kind}
		if row.Kind == medicalevents.MethodOTP && row.PhoneNumber != nil {
			found[i].Phone = *row.PhoneNumber
		}
	}
	return found, nil
}

// IsPreperson reports whether the master index does not know a patient.
func (s *Store) IsPreperson(ctx context.Context, patient uuid.UUID) (bool, error) {
	known, err := s.Identities(ctx, []uuid.UUID{patient})
	return len(known) == 0, err
}
