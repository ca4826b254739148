package medicalevents

import (
	"github.com/google/uuid"

	"esoz/internal/operation"
	"esoz/internal/platform/otp"
)

// Method is an authentication method of a person.
type Method struct {
	ID       uuid.UUID
	PersonID uuid.UUID
	Type     string
	// Usable: the method is active and has not ended.
	Usable bool
	// ThirdPersonOTP: the third person has an active OTP method of their own.
	ThirdPersonOTP bool
	// ConfidantApproved: the third person is an approved confidant of the person.
	ConfidantApproved bool
}

// Confirmation is a way in which a person confirms now.
type Confirmation struct {
	ID   uuid.UUID
	Type string // of the method
	// By is how it confirms: as Type, or as the third person does. MethodNone: that one cannot.
	By    string
	Phone string // that gets the code of MethodOTP
}

// Types of authentication methods.
const (
	MethodOTP         = "OTP"
	MethodOffline     = "OFFLINE"
	MethodThirdPerson = "THIRD_PERSON"
	MethodNone        = "NA"
)

// WayOf is how a patient is told of a request: by the method that it names, else by the
// default one (decisions R45). nil: in no way.
func WayOf(ways []Confirmation, named *uuid.UUID) *Confirmation {
	for _, way := range ways {
		if way.Type != MethodNone && (named == nil || way.ID == *named) {
			return &way
		}
	}
	return nil
}

// SMS is the phone that gets SMS, "" when none does.
func (c *Confirmation) SMS() string {
	if c == nil || c.By != MethodOTP || !otp.IsPhone(c.Phone) {
		return ""
	}
	return c.Phone
}

// IsUsableBy passes an active method of the person.
func (m *Method) IsUsableBy(person uuid.UUID) error {
	return operation.Expect(m != nil && m.PersonID == person && m.Usable,
		"authentication method that inform_with names", "an active one of the patient", "none, an ended one, or another person's")
}
