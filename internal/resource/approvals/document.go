package approvals

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"

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
	Status               string                          `bson:"status"` // internal: it tells what ended an approval
	AccessLevel          string                          `bson:"access_level"`
	AuthorizeWith        *uuid.UUID                      `bson:"authorize_with"`
	Urgent               *Urgent                         `bson:"urgent"` // nil: no confirmation was needed
	InsertedAt           time.Time                       `bson:"inserted_at"`
	InsertedBy           uuid.UUID                       `bson:"inserted_by"`
	UpdatedAt            time.Time                       `bson:"updated_at"`
	UpdatedBy            uuid.UUID                       `bson:"updated_by"`
}

// Urgent is the authentication method as it was fixed when the approval was
// created. The phone is not masked: codes go to it.
type Urgent struct {
	Type        string `bson:"type"`
	PhoneNumber string `bson:"phone_number,omitempty"`
}

// Reference links to another object.
type Reference struct {
	Identifier   Identifier `bson:"identifier"`
	DisplayValue *string    `bson:"display_value,omitempty"`
}

// Identifier says which object of which kind is meant.
type Identifier struct {
	Type  medicalevents.CodeableConcept `bson:"type"`
	Value Value                         `bson:"value"`
}

// Value is the id that a reference holds: that of a patient lies hidden, as a
// string, every other one as a uuid.
type Value struct {
	ID      uuid.UUID
	Patient string
}

// MarshalBSONValue implements bson.ValueMarshaler.
func (v Value) MarshalBSONValue() (kind byte, data []byte, err error) {
	var stored any = bson.Binary{Subtype: bson.TypeBinaryUUID, Data: v.ID[:]}
	if v.Patient != "" {
		stored = v.Patient
	}
	t, data, err := bson.MarshalValue(stored)
	if err != nil {
		return 0, nil, fmt.Errorf("encode reference: %w", err)
	}
	return byte(t), data, nil
}

// UnmarshalBSONValue implements bson.ValueUnmarshaler.
func (v *Value) UnmarshalBSONValue(kind byte, data []byte) error {
	raw := bson.RawValue{Type: bson.Type(kind), Value: data}
	if hidden, ok := raw.StringValueOK(); ok {
		*v = Value{Patient: hidden}
		return nil
	}
	subtype, id, ok := raw.BinaryOK()
	if !ok || subtype != bson.TypeBinaryUUID {
		return fmt.Errorf("decode reference: %s is no id", raw.Type)
	}
	parsed, err := uuid.FromBytes(id)
	if err != nil {
		return fmt.Errorf("decode reference: %w", err)
	}
	*v = Value{ID: parsed}
	return nil
}

// To makes a reference to an object of a kind.
func To(kind string, id uuid.UUID) Reference { return reference(kind, Value{ID: id}) }

// ToPatient makes a reference to a patient by their hidden id.
func ToPatient(kind, hidden string) Reference { return reference(kind, Value{Patient: hidden}) }

func reference(kind string, value Value) Reference {
	return Reference{Identifier: Identifier{Type: medicalevents.Concept(medicalevents.Resources, kind), Value: value}}
}

// States of an approval . The stored status only tells
// what ended an approval; the rest follows from is_verified and expires_at.
const (
	StateNew        = "new"
	StateCancelled  = "cancelled"
	StateTerminated = "terminated"
	StateActive     = "active"
	StateExpired    = "expired"
)

// State tells where in its life an approval is.
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
