package persons

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/gen/db"
	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/fault"
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

// MayReadEvent applies decisions R41: a record of the caller's legal entity, an active
// declaration of one of the user's own employees, something of the caller's legal entity
// that the event belongs to, or an effective approval of the patient, of the event, of its
// episode or of its report.
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
	managed, err := s.managesWhole(ctx, by.ClientID, patient, on)
	if err != nil || managed {
		return managed, err
	}
	return s.approved(ctx, by, patient, func(r medicalevents.AnyReference) bool {
		names := func(id uuid.UUID) bool { return id != uuid.Nil && r.Identifier.Value.ID == id }
		return r.IsTo("patient") || r.IsTo(on.Kind) && names(on.ID) || r.IsTo("diagnostic_report") && names(on.Report) ||
			(r.IsTo("episode") || r.IsTo("episode_of_care")) && names(on.Episode)
	})
}

// managesWhole tells whether a legal entity manages what an event belongs to: its episode,
// the episode that it began with or that its encounter began with, or its report.
func (s *Store) managesWhole(ctx context.Context, legalEntity uuid.UUID, patient operation.Person, on operation.Grounds) (bool, error) {
	if on.Encounter != uuid.Nil && on.Origin == uuid.Nil {
		encounter, err := s.whole(ctx, "encounters", patient, on.Encounter)
		if err != nil {
			return false, err
		}
		on.Origin = encounter.OriginEpisode.Identifier.Value
	}
	for _, one := range []struct {
		collection string
		id         uuid.UUID
	}{{"episodes", on.Episode}, {"episodes", on.Origin}, {"diagnostic_reports", on.Report}} {
		found, err := s.whole(ctx, one.collection, patient, one.id)
		if err != nil {
			return false, err
		}
		if found.ManagingOrganization.Identifier.Value == legalEntity {
			return true, nil
		}
	}
	return false, nil
}

// whole is what decides who may see its parts, of an episode, an encounter or a report.
type whole struct {
	PatientID            string                  `bson:"patient_id"`
	ManagingOrganization medicalevents.Reference `bson:"managing_organization"`
	OriginEpisode        medicalevents.Reference `bson:"origin_episode"`
}

// whole is empty when the patient has none with the id.
func (s *Store) whole(ctx context.Context, collection string, patient operation.Person, id uuid.UUID) (found whole, err error) {
	if id == uuid.Nil {
		return whole{}, nil
	}
	stored, err := mongodb.DocumentsOf(s.Documents, collection).Get(ctx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return whole{}, nil
	}
	seen := err == nil
	if seen {
		seen, err = operation.IsSeen(ctx, s.Documents, stored)
	}
	if seen && err == nil {
		err = stored.Decode(&found)
	}
	if err != nil || !slices.Contains(patient.Hidden, found.PatientID) {
		return whole{}, err
	}
	return found, nil
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

// MayWrite tells whether an effective approval of the access level write opens one of the
// resources to the caller.
func (s *Store) MayWrite(ctx context.Context, by auth.Subject, patient operation.Person, kind string, ids []uuid.UUID) (bool, error) {
	granted, err := s.effective(ctx, by, patient, "write")
	return slices.ContainsFunc(granted, func(r medicalevents.AnyReference) bool {
		return r.IsTo(kind) && slices.Contains(ids, r.Identifier.Value.ID)
	}), err
}

// Hidden returns what forbidden groups hide from the caller (decisions R41).
func (s *Store) Hidden(
	ctx context.Context, by auth.Subject, patient operation.Person, kind string, of operation.Items,
) (hidden operation.Hidden, err error) {
	rows, err := db.New().ListForbiddenItems(ctx, s.Pool, of)
	if err != nil {
		return hidden, fmt.Errorf("list items of forbidden groups: %w", postgres.Error(err))
	}
	if len(rows) == 0 {
		return hidden, nil
	}
	granted, err := s.effective(ctx, by, patient)
	if err != nil {
		return hidden, err
	}
	opened := map[uuid.UUID]bool{}
	for _, r := range granted {
		switch {
		case r.IsTo("forbidden_group"):
			opened[r.Identifier.Value.ID] = true
		case r.IsTo(kind), kind == "episode" && r.IsTo("episode_of_care"):
			hidden.Named = append(hidden.Named, r.Identifier.Value.ID)
		}
	}
	for _, row := range rows { // in the order of items
		if !opened[row.ForbiddenGroupID] && (len(hidden.Items) == 0 || hidden.Items[len(hidden.Items)-1] != row.Item) {
			hidden.Items = append(hidden.Items, row.Item)
		}
	}
	if len(hidden.Items) == 0 {
		return operation.Hidden{}, nil
	}
	hidden.Authors, err = db.New().ListUsersOfParty(ctx, s.Pool, by.UserID)
	if err != nil {
		return hidden, fmt.Errorf("look up the caller's users: %w", postgres.Error(err))
	}
	return hidden, nil
}

// ForbiddenGroups returns the active forbidden groups that name one of the items.
func (s *Store) ForbiddenGroups(ctx context.Context, of operation.Items) (groups []uuid.UUID, err error) {
	if len(of) == 0 {
		return nil, nil // none asked for would be all
	}
	rows, err := db.New().ListForbiddenItems(ctx, s.Pool, of)
	if err != nil {
		return nil, fmt.Errorf("list items of forbidden groups: %w", postgres.Error(err))
	}
	for _, row := range rows {
		if !slices.Contains(groups, row.ForbiddenGroupID) {
			groups = append(groups, row.ForbiddenGroupID)
		}
	}
	return groups, nil
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
func (s *Store) effective(ctx context.Context, by auth.Subject, patient operation.Person, levels ...string) (opened []medicalevents.AnyReference, err error) {
	employees, err := s.Employees(ctx, by)
	if err != nil {
		return nil, err
	}
	var granted []grant
	cursor, err := s.Documents.Collection("approvals").Find(ctx, bson.D{
		{Key: "patient_id", Value: mongodb.AnyOf(patient.Hidden)},
		{Key: "granted_to.identifier.value", Value: bson.D{{Key: "$in", Value: append(employees, by.ClientID)}}},
		{Key: "is_verified", Value: true},
	}, options.Find().SetProjection(bson.D{
		{Key: "expires_at", Value: 1}, {Key: "access_level", Value: 1}, {Key: "granted_resources", Value: 1},
	}))
	if err == nil {
		err = cursor.All(ctx, &granted)
	}
	if err != nil {
		return nil, fmt.Errorf("look up approvals: %w", mongodb.Error(err))
	}
	now := s.Clock.Now()
	for _, g := range granted {
		if g.ExpiresAt.After(now) && (len(levels) == 0 || slices.Contains(levels, g.AccessLevel)) {
			opened = append(opened, g.GrantedResources...)
		}
	}
	return opened, nil
}

// grant is the part of an approval that says what it opens and until when.
type grant struct {
	ExpiresAt        time.Time                    `bson:"expires_at"`
	AccessLevel      string                       `bson:"access_level"`
	GrantedResources []medicalevents.AnyReference `bson:"granted_resources"`
}
