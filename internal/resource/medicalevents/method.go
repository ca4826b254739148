package medicalevents

import "github.com/google/uuid"

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

// Types of authentication methods.
const (
	MethodOTP         = "OTP"
	MethodOffline     = "OFFLINE"
	MethodThirdPerson = "THIRD_PERSON"
)
