package approvals

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"esoz/internal/resource/medicalevents"
)

// Document is an approval as stored.
type Document struct {
	ID                   uuid.UUID                       `bson:"_id"`
	PatientID            string                          `bson:"patient_id"` // hidden (decisions R13)
	GrantedResources     []Reference                     `bson:"granted_resources"`
	GrantedResourceTypes []medicalevents.CodeableConcept `bson:"granted_resource_types"`
	GrantedTo            Reference                       `bson:"granted_to"`
	GrantedBy            Reference                       `bson:"granted_by"`
	CreatedBy            Reference                       `bson:"created_by"`
	Reason               *Reference                      `bson:"reason"`
	ExpiresAt            time.Time                       `bson:"expires_at"`
	IsVerified           bool                            `bson:"is_verified"`
	Status               string                          `bson:"status"` // internal: what ended the approval
	AccessLevel          string                          `bson:"access_level"`
	AuthorizeWith        *uuid.UUID                      `bson:"authorize_with"`
	Urgent               *Urgent                         `bson:"urgent"` // nil: no confirmation was needed
	InsertedAt           time.Time                       `bson:"inserted_at"`
	InsertedBy           uuid.UUID                       `bson:"inserted_by"`
	UpdatedAt            time.Time                       `bson:"updated_at"`
	UpdatedBy            uuid.UUID                       `bson:"updated_by"`
	SealedWith           string                          `bson:"sealed_with,omitempty"` // see seal.KeyField
}

// Urgent is the authentication method as it was fixed when the approval was
// created. The phone is not masked: codes go to it.
type Urgent struct {
	Type        string `bson:"type"`
	PhoneNumber string `bson:"phone_number,omitempty"`
}

// Reference links to another object, which may be a patient.
type Reference = medicalevents.AnyReference

// To makes a reference to an object of a kind.
func To(kind string, id uuid.UUID) Reference {
	return medicalevents.ToAny(kind, medicalevents.AnyID{ID: id})
}

// ToPatient makes a reference to a patient by their hidden id.
func ToPatient(kind, hidden string) Reference {
	return medicalevents.ToAny(kind, medicalevents.AnyID{Patient: hidden})
}

// States of an approval. The stored status says only what ended an approval; the
// rest follows from is_verified and expires_at.
const (
	StateNew        = "new"
	StateCancelled  = "cancelled"
	StateTerminated = "terminated"
	StateActive     = "active"
	StateExpired    = "expired"
)

// State returns the state of the approval at a moment.
func (d *Document) State(now time.Time) string {
	switch {
	case d.Status == StateCancelled, d.Status == StateTerminated:
		return d.Status
	case !d.ExpiresAt.After(now):
		return StateExpired
	case d.IsVerified:
		return StateActive
	}
	return StateNew
}

// opensSame reports whether two approvals of a patient open the same things.
func (d *Document) opensSame(other *Document) bool {
	return maps.Equal(d.opened(), other.opened())
}

// opened are the things that the approval opens.
func (d *Document) opened() map[string]bool {
	all := map[string]bool{}
	for _, r := range d.GrantedResources {
		all[r.Identifier.Value.ID.String()+r.Identifier.Value.Patient] = true
	}
	for _, kind := range d.GrantedResourceTypes {
		for _, coding := range kind.Coding {
			all[coding.Code] = true
		}
	}
	return all
}
