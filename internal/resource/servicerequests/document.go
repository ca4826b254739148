package servicerequests

import (
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
)

type (
	reference = medicalevents.Reference
	concept   = medicalevents.CodeableConcept
	quantity  = medicalevents.Quantity
)

// Document is a service request as stored.
type Document struct {
	ID          uuid.UUID `bson:"_id"`
	Subject     string    `bson:"subject"`     // hidden (decisions R13)
	Requisition string    `bson:"requisition"` // hidden as well: see seal.Keys.Requisition

	Status            string         `bson:"status"`
	StatusReason      *concept       `bson:"status_reason"`
	ExplanatoryLetter *string        `bson:"explanatory_letter,omitempty"`
	StatusHistory     []StatusChange `bson:"status_history"`

	Program                        *reference      `bson:"program"`
	ProgramProcessingStatus        *string         `bson:"program_processing_status"` // nil without a program
	ProgramProcessingStatusHistory []ProgramChange `bson:"program_processing_status_history"`
	ProgramService                 *reference      `bson:"program_service"`

	Intent               string      `bson:"intent"`
	Priority             *string     `bson:"priority,omitempty"`
	BasedOn              []reference `bson:"based_on,omitempty"`
	Category             concept     `bson:"category"`
	Code                 reference   `bson:"code"`
	Context              *reference  `bson:"context"`
	ContextEpisodeID     *uuid.UUID  `bson:"context_episode_id"` // that of the context; never shown
	Occurrence           *Occurrence `bson:"occurrence,omitempty"`
	RequesterEmployee    reference   `bson:"requester_employee"`
	RequesterLegalEntity reference   `bson:"requester_legal_entity"`
	ReasonReference      []reference `bson:"reason_reference"`
	SupportingInfo       []reference `bson:"supporting_info,omitempty"`
	PermittedResources   []reference `bson:"permitted_resources,omitempty"`
	Performer            *reference  `bson:"performer,omitempty"`
	PerformerType        *concept    `bson:"performer_type,omitempty"`
	LocationReference    *reference  `bson:"location_reference,omitempty"`
	Quantity             *quantity   `bson:"quantity,omitempty"`
	RemainingQuantity    *quantity   `bson:"remaining_quantity,omitempty"`
	Specimens            []reference `bson:"specimens,omitempty"`
	Focus                []reference `bson:"focus,omitempty"`
	InformWith           *InformWith `bson:"inform_with,omitempty"`
	Note                 *string     `bson:"note"`
	PatientInstruction   *string     `bson:"patient_instruction"`
	ExpirationDate       time.Time   `bson:"expiration_date"`

	UsedByEmployee           *reference       `bson:"used_by_employee"`
	UsedByLegalEntity        *reference       `bson:"used_by_legal_entity"`
	UsedByDivision           *reference       `bson:"used_by_division"` // never shown
	UsedByEmployeeHistory    []EmployeeUse    `bson:"used_by_employee_history"`
	UsedByLegalEntityHistory []LegalEntityUse `bson:"used_by_legal_entity_history"`
	CompletedWith            *reference       `bson:"completed_with"`

	// SignedContentLinks are the names of what was signed, in the media store.
	SignedContentLinks []string `bson:"signed_content_links,omitempty"`

	InsertedAt time.Time `bson:"inserted_at"`
	InsertedBy uuid.UUID `bson:"inserted_by"`
	UpdatedAt  time.Time `bson:"updated_at"`
	UpdatedBy  uuid.UUID `bson:"updated_by"`

	SealedWith string `bson:"sealed_with,omitempty"` // see seal.KeyField

	// AppliedJobs are the jobs that have changed the document and have not yet
	// committed the rest of their work (docs/architecture.md).
	AppliedJobs []mongodb.Mark `bson:"applied_jobs,omitempty"`
}

// Statuses of a service request.
const (
	Active         = "active"
	Completed      = "completed"
	EnteredInError = "entered_in_error"
	Recalled       = "recalled"
)

// Statuses of its way through a medical program.
const (
	ProgramNew        = "new"
	ProgramInQueue    = "in_queue"
	ProgramInProgress = "in_progress"
	ProgramCompleted  = "completed"
)

// Change tells who changed something and when.
type Change struct {
	InsertedAt time.Time `bson:"inserted_at"`
	InsertedBy uuid.UUID `bson:"inserted_by"`
}

// StatusChange is an item of status_history.
type StatusChange struct {
	Status       string   `bson:"status"`
	StatusReason *concept `bson:"status_reason"`
	Change       `bson:",inline"`
}

// ProgramChange is an item of program_processing_status_history.
type ProgramChange struct {
	ProgramProcessingStatus string `bson:"program_processing_status"`
	Change                  `bson:",inline"`
}

// EmployeeUse is an item of used_by_employee_history.
type EmployeeUse struct {
	UsedByEmployee reference `bson:"used_by_employee"`
	Change         `bson:",inline"`
}

// LegalEntityUse is an item of used_by_legal_entity_history.
type LegalEntityUse struct {
	UsedByLegalEntity reference `bson:"used_by_legal_entity"`
	Change            `bson:",inline"`
}

// Occurrence is when the service is wanted: a moment or a period.
type Occurrence struct {
	DateTime *time.Time            `bson:"date_time,omitempty"`
	Period   *medicalevents.Period `bson:"period,omitempty"`
}

// InformWith is how the patient is told of the referral.
type InformWith struct {
	AuthMethodID *uuid.UUID `bson:"auth_method_id,omitempty"`
}

// method is the authentication method that it names, nil when it names none.
func (w *InformWith) method() *uuid.UUID {
	if w == nil {
		return nil
	}
	return w.AuthMethodID
}
