package medicalevents

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// AnyReference links to an object of any kind, patients included.
type AnyReference struct {
	Identifier   AnyIdentifier `bson:"identifier"`
	DisplayValue *string       `bson:"display_value,omitempty"`
}

// AnyIdentifier says which object of which kind is meant.
type AnyIdentifier struct {
	Type  CodeableConcept `bson:"type"`
	Value AnyID           `bson:"value"`
}

// AnyID is the id that a reference holds. The id of a patient is hidden and
// stored as a string (decisions R13), every other id as a uuid.
type AnyID struct {
	ID      uuid.UUID
	Patient string
}

// ToAny makes a reference to an object of a kind.
func ToAny(kind string, id AnyID) AnyReference {
	return AnyReference{Identifier: AnyIdentifier{Type: Concept(Resources, kind), Value: id}}
}

// IsTo reports whether the reference leads to an object of a kind.
func (r AnyReference) IsTo(kind string) bool {
	return slices.ContainsFunc(r.Identifier.Type.Coding, func(c Coding) bool { return c.Code == kind })
}

// MarshalBSONValue implements bson.ValueMarshaler.
func (v AnyID) MarshalBSONValue() (kind byte, data []byte, err error) {
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
func (v *AnyID) UnmarshalBSONValue(kind byte, data []byte) error {
	raw := bson.RawValue{Type: bson.Type(kind), Value: data}
	if hidden, ok := raw.StringValueOK(); ok {
		*v = AnyID{Patient: hidden}
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
	*v = AnyID{ID: parsed}
	return nil
}
