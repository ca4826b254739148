package persons

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/gen/db"
	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// MayRead applies decisions R26: an active declaration with the caller's legal
// entity, an own record, or an effective approval.
func (s *Store) MayRead(ctx context.Context, by auth.Subject, patient operation.Person, record operation.Access) (bool, error) {
	if slices.Contains(record.LegalEntities, by.ClientID) {
		return true, nil
	}
	declared, err := s.hasDeclaration(ctx, patient.ID, by.ClientID)
	if err != nil || declared {
		return declared, err
	}
	return s.approved(ctx, by, patient, func(r medicalevents.AnyReference) bool {
		// Compared in Go, since FerretDB finds nothing with $elemMatch. An approval of the patient that grants "patient"
		// opens all their records.
		return r.IsTo("patient") || r.IsTo(record.Kind) && record.ID != uuid.Nil && r.Identifier.Value.ID == record.ID
	})
}

// MayReadEvent applies decisions R41: an own record, an active declaration of one of the
// user's own employees, or an effective approval of the patient, of the event or of its
// episode.
func (s *Store) MayReadEvent(ctx context.Context, by auth.Subject, patient operation.Person, on operation.Grounds) (bool, error) {
	if slices.Contains(on.LegalEntities, by.ClientID) {
		return true, nil
	}
	employees, err := s.Employees(ctx, by)
	if err != nil {
		return false, err
	}
	if len(employees) > 0 {
		declared, err := db.New().HasDeclarationWithEmployees(ctx, s.Pool, db.HasDeclarationWithEmployeesParams{
			PersonID: patient.ID, Employees: employees, LegalEntityID: by.ClientID,
		})
		if err != nil {
			return false, fmt.Errorf("look up declaration: %w", postgres.Error(err))
		}
		if declared {
			return true, nil
		}
	}
	return s.approved(ctx, by, patient, func(r medicalevents.AnyReference) bool {
		names := func(id uuid.UUID) bool { return id != uuid.Nil && r.Identifier.Value.ID == id }
		return r.IsTo("patient") || r.IsTo(on.Kind) && names(on.ID) || (r.IsTo("episode") || r.IsTo("episode_of_care")) && names(on.Episode)
	})
}

// Granted returns what effective approvals of the kinds open to the caller.
func (s *Store) Granted(ctx context.Context, by auth.Subject, patient operation.Person, kinds ...string) (ids []uuid.UUID, err error) {
	granted, err := s.effective(ctx, by, patient)
	for _, r := range granted {
		if id := r.Identifier.Value.ID; id != uuid.Nil && slices.ContainsFunc(kinds, r.IsTo) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// approved reports whether an effective approval of the patient names something that opens
// what the caller asks for.
func (s *Store) approved(
	ctx context.Context, by auth.Subject, patient operation.Person, opens func(medicalevents.AnyReference) bool,
) (bool, error) {
	granted, err := s.effective(ctx, by, patient)
	return err == nil && slices.ContainsFunc(granted, opens), err
}

// effective are the resources that verified, unexpired approvals of the patient open to
// the caller.
func (s *Store) effective(ctx context.Context, by auth.Subject, patient operation.Person) (opened []medicalevents.AnyReference, err error) {
	employees, err := s.Employees(ctx, by)
	if err != nil {
		return nil, err
	}
	var granted []grant
	cursor, err := s.Documents.Collection("approvals").Find(ctx, bson.D{
		{Key: "patient_id", Value: mongodb.AnyOf(patient.Hidden)},
		{Key: "granted_to.identifier.value", Value: bson.D{{Key: "$in", Value: append(employees, by.ClientID)}}},
		{Key: "is_verified", Value: true},
	}, options.Find().SetProjection(bson.D{{Key: "expires_at", Value: 1}, {Key: "granted_resources", Value: 1}}))
	if err == nil {
		err = cursor.All(ctx, &granted)
	}
	if err != nil {
		return nil, fmt.Errorf("look up approvals: %w", mongodb.Error(err))
	}
	now := s.Clock.Now()
	for _, g := range granted {
		if g.ExpiresAt.After(now) {
			opened = append(opened, g.GrantedResources...)
		}
	}
	return opened, nil
}

// grant is the part of an approval that says what it opens and until when.
type grant struct {
	ExpiresAt        time.Time                    `bson:"expires_at"`
	GrantedResources []medicalevents.AnyReference `bson:"granted_resources"`
}
