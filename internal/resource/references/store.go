// Package references looks up what the bodies of medical events refer to. A kind is an
// entry of a table; the checks of a reference are those of operation.Reference.
package references

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/gen/db"
	"esoz/internal/operation"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// Store looks objects up.
type Store struct {
	Pool      *pgxpool.Pool
	Documents *mongo.Database
}

// finder looks an object of one kind up.
type finder func(ctx context.Context, s Store, id uuid.UUID) (operation.Referent, error)

// kinds by the code of their references.
var kinds = map[string]finder{
	"division":     division,
	"employee":     employee,
	"legal_entity": legalEntity,

	"forbidden_group": group((*db.Queries).GetReferredForbiddenGroup),
	"diagnoses_group": group((*db.Queries).GetReferredDiagnosesGroup),
	"service":         service,
	"service_group":   serviceGroup,

	"activity":            document("activities", planned),
	"allergy_intolerance": document("allergy_intolerances"),
	"care_plan":           document("care_plans", plan),
	"clinical_impression": document("clinical_impressions"),
	"composition":         document("compositions"),
	"condition":           document("conditions"),
	"device":              document("devices"),
	"device_association":  document("device_associations"),
	"device_request":      document("device_requests"),
	"diagnostic_report":   document("diagnostic_reports", ofReferral),
	"encounter":           document("encounters", meeting),
	"episode":             document("episodes", care),
	"episode_of_care":     document("episodes", care),
	"immunization":        document("immunizations"),
	"observation":         document("observations"),
	"procedure":           document("procedures", ofReferral),
	"risk_assessment":     document("risk_assessments"),
	"service_request":     document("service_requests", referral),
	"visit":               document("visits"),
	"specimen":            document("specimens"),
}

// Referent implements operation.Referents.
func (s Store) Referent(ctx context.Context, kind string, id uuid.UUID) (operation.Referent, error) {
	find := kinds[kind]
	if find == nil {
		return operation.Referent{}, fmt.Errorf("references to %s cannot be looked up", kind)
	}
	found, err := find(ctx, s, id)
	if err != nil {
		return operation.Referent{}, fmt.Errorf("look up %s: %w", kind, err)
	}
	return found, nil
}

var _ operation.Referents = Store{}

func employee(ctx context.Context, s Store, id uuid.UUID) (operation.Referent, error) {
	row, err := db.New().GetReferredEmployee(ctx, s.Pool, id)
	if err != nil {
		return operation.Referent{}, postgres.Error(err)
	}
	name := row.FirstName + " " + row.LastName
	if row.SecondName != nil && *row.SecondName != "" {
		name = strings.Join([]string{row.FirstName, *row.SecondName, row.LastName}, " ")
	}
	found := operation.Referent{Status: row.Status, Type: row.EmployeeType, LegalEntity: row.LegalEntityID, Display: &name, Until: row.EndDate, Party: row.PartyID, Speciality: row.Speciality}
	if row.TaxID != nil {
		found.TaxID = *row.TaxID
	}
	return found, nil
}

func division(ctx context.Context, s Store, id uuid.UUID) (operation.Referent, error) {
	row, err := db.New().GetReferredDivision(ctx, s.Pool, id)
	if err != nil {
		return operation.Referent{}, postgres.Error(err)
	}
	verified := row.DLSVerified != nil && *row.DLSVerified
	return operation.Referent{Status: row.Status, LegalEntity: row.LegalEntityID, Display: &row.Name, Verified: verified}, nil
}

func legalEntity(ctx context.Context, s Store, id uuid.UUID) (operation.Referent, error) {
	row, err := db.New().GetReferredLegalEntity(ctx, s.Pool, id)
	if err != nil {
		return operation.Referent{}, postgres.Error(err)
	}
	return operation.Referent{Status: row.Status, Type: row.Type, LegalEntity: id, Display: row.PublicName}, nil
}

// Statuses of a group: its rows have none, but are marked active or not.
const (
	Active   = "active"
	Inactive = "inactive"
)

// group looks a group of codes or services up.
func group(get func(q *db.Queries, ctx context.Context, from db.DBTX, id uuid.UUID) (bool, error)) finder {
	return func(ctx context.Context, s Store, id uuid.UUID) (operation.Referent, error) {
		active, err := get(db.New(), ctx, s.Pool, id)
		if err != nil {
			return operation.Referent{}, postgres.Error(err)
		}
		return operation.Referent{Status: statusOf(active)}, nil
	}
}

func serviceGroup(ctx context.Context, s Store, id uuid.UUID) (operation.Referent, error) {
	row, err := db.New().GetReferredServiceGroup(ctx, s.Pool, id)
	if err != nil {
		return operation.Referent{}, postgres.Error(err)
	}
	return operation.Referent{Status: statusOf(row.IsActive), Requestable: row.RequestAllowed}, nil
}

// service looks a service up; its type is its category.
func service(ctx context.Context, s Store, id uuid.UUID) (operation.Referent, error) {
	row, err := db.New().GetReferredService(ctx, s.Pool, id)
	if err != nil {
		return operation.Referent{}, postgres.Error(err)
	}
	return operation.Referent{Status: statusOf(row.IsActive), Type: row.Category, Display: &row.Name, Groups: row.Groups, Requestable: row.RequestAllowed}, nil
}

func statusOf(active bool) string {
	if active {
		return Active
	}
	return Inactive
}

// record is what documents of all kinds have in common (decisions R42). Service requests
// name their patient subject, conditions and allergies their status verification_status.
type record struct {
	PatientID            string                         `bson:"patient_id"`
	Subject              string                         `bson:"subject"`
	Status               string                         `bson:"status"`
	VerificationStatus   string                         `bson:"verification_status"`
	ManagingOrganization *medicalevents.Reference       `bson:"managing_organization"`
	TermsOfService       *medicalevents.CodeableConcept `bson:"terms_of_service"`
	Code                 medicalevents.Reference        `bson:"code"`  // a service, or a concept
	Items                operation.Items                `bson:"items"` // kept where forbidden groups hide
}

// document looks a document of a patient up. The type of a care plan is where its
// services are given (terms_of_service). more reads what only a kind has.
func document(collection string, more ...func(stored mongodb.Document, found *operation.Referent) error) finder {
	return func(ctx context.Context, s Store, id uuid.UUID) (operation.Referent, error) {
		stored, err := mongodb.DocumentsOf(s.Documents, collection).Get(ctx, id)
		if err != nil {
			return operation.Referent{}, err
		}
		seen, err := operation.IsSeen(ctx, s.Documents, stored)
		if err != nil {
			return operation.Referent{}, err
		}
		if !seen {
			return operation.Referent{}, fault.ErrNotFound
		}
		var r record
		if err := stored.Decode(&r); err != nil {
			return operation.Referent{}, err
		}
		found := operation.Referent{Patient: cmp.Or(r.PatientID, r.Subject), Status: cmp.Or(r.VerificationStatus, r.Status), Items: r.Items}
		if service := r.Code.Identifier.Value; service != uuid.Nil {
			found.Service = service
			found.Items = append(found.Items, service.String())
		}
		if r.ManagingOrganization != nil {
			found.LegalEntity = r.ManagingOrganization.Identifier.Value
		}
		if r.TermsOfService != nil && len(r.TermsOfService.Coding) > 0 {
			found.Type = r.TermsOfService.Coding[0].Code
		}
		for _, read := range more {
			if err := read(stored, &found); err != nil {
				return operation.Referent{}, err
			}
		}
		return found, nil
	}
}

// care reads what an episode has.
func care(stored mongodb.Document, found *operation.Referent) error {
	var e struct {
		Type   medicalevents.Coding `bson:"type"`
		Period medicalevents.Period `bson:"period"`
	}
	if err := stored.Decode(&e); err != nil {
		return err
	}
	found.Type, found.Since = e.Type.Code, e.Period.Start
	return nil
}

// meeting reads what an encounter has.
func meeting(stored mongodb.Document, found *operation.Referent) error {
	var e struct {
		IncomingReferral *medicalevents.Reference      `bson:"incoming_referral"`
		Episode          medicalevents.Reference       `bson:"episode"`
		Type             medicalevents.CodeableConcept `bson:"type"`
		Performer        medicalevents.Reference       `bson:"performer"`
		Period           medicalevents.Period          `bson:"period"`
	}
	if err := stored.Decode(&e); err != nil {
		return err
	}
	found.Episode, found.Performer, found.Since = e.Episode.Identifier.Value, e.Performer.Identifier.Value, e.Period.Start
	if e.IncomingReferral != nil {
		found.Referral = e.IncomingReferral.Identifier.Value
	}
	if len(e.Type.Coding) > 0 {
		found.Type = e.Type.Coding[0].Code
	}
	return nil
}

// ofReferral reads which referral a report or a procedure carries out.
func ofReferral(stored mongodb.Document, found *operation.Referent) error {
	var r struct {
		BasedOn *medicalevents.Reference `bson:"based_on"`
	}
	if err := stored.Decode(&r); err != nil {
		return err
	}
	if r.BasedOn != nil {
		found.Referral = r.BasedOn.Identifier.Value
	}
	return nil
}

// referral reads what an encounter, a report or a procedure asks of a service request.
func referral(stored mongodb.Document, found *operation.Referent) error {
	var r operation.Referral
	if err := stored.Decode(&r); err != nil {
		return err
	}
	found.Order = &r
	return nil
}

// plan reads when a care plan ends.
func plan(stored mongodb.Document, found *operation.Referent) error {
	var p struct {
		Period *medicalevents.Period `bson:"period"`
	}
	if err := stored.Decode(&p); err != nil {
		return err
	}
	if p.Period != nil {
		found.Until = p.Period.End
	}
	return nil
}

// planned reads what is left of an activity, and of which care plan it is.
func planned(stored mongodb.Document, found *operation.Referent) error {
	var a struct {
		CarePlan *medicalevents.Reference `bson:"care_plan"`
		Detail   struct {
			Remaining *medicalevents.Quantity `bson:"remaining_quantity"`
		} `bson:"detail"`
	}
	if err := stored.Decode(&a); err != nil {
		return err
	}
	if a.Detail.Remaining != nil {
		found.Remaining = &a.Detail.Remaining.Value
	}
	if a.CarePlan != nil {
		found.Whole = a.CarePlan.Identifier.Value
	}
	return nil
}
