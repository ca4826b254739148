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
