package devicerequests

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

// Document is a device request as stored.
type Document struct {
	ID               uuid.UUID `bson:"_id"`
	Subject          string    `bson:"subject"`                     // hidden (decisions R13)
	Requisition      string    `bson:"requisition"`                 // hidden as well: see seal.Keys.Requisition
	VerificationCode *string   `bson:"verification_code,omitempty"` // hidden as well: see seal.Keys.DocumentCode; only with a program

	Status       string   `bson:"status"`
	StatusReason *concept `bson:"status_reason"`
	Intent       string   `bson:"intent"`

	Code          *concept    `bson:"code,omitempty"`           // what is prescribed: this
	CodeReference *reference  `bson:"code_reference,omitempty"` // or this
	Quantity      *quantity   `bson:"quantity,omitempty"`
	Parameter     []Parameter `bson:"parameter,omitempty"`

	Requester            reference            `bson:"requester"`
	RequesterLegalEntity reference            `bson:"requester_legal_entity"` // the owner
	Performer            *reference           `bson:"performer,omitempty"`
	Encounter            reference            `bson:"encounter"`
	Reason               []reference          `bson:"reason,omitempty"`
	BasedOn              []reference          `bson:"based_on,omitempty"`
	AuthoredOn           time.Time            `bson:"authored_on"`
	OccurrencePeriod     medicalevents.Period `bson:"occurrence_period"`
	Priority             *string              `bson:"priority,omitempty"`
	SupportingInfo       []reference          `bson:"supporting_info,omitempty"`
	Note                 *string              `bson:"note,omitempty"`
	InformWith           *uuid.UUID           `bson:"inform_with,omitempty"` // an authentication method
	Program              *reference           `bson:"program,omitempty"`
	DispenseValidTo      time.Time            `bson:"dispense_valid_to"`
	ContextEpisodeID     *uuid.UUID           `bson:"context_episode_id,omitempty"` // only the context shows it

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

// Parameter says of which kind the prescribed device is. It has one of the values.
type Parameter struct {
	Code                 concept              `bson:"code"`
	ValueCodeableConcept *concept             `bson:"value_codeable_concept,omitempty"`
	ValueQuantity        *quantity            `bson:"value_quantity,omitempty"`
	ValueRange           *medicalevents.Range `bson:"value_range,omitempty"`
	ValueBoolean         *bool                `bson:"value_boolean,omitempty"`
	ValueString          *string              `bson:"value_string,omitempty"`
}

// Statuses of a device request.
const (
	Active         = "active"
	Completed      = "completed"
	Revoked        = "revoked"
	EnteredInError = "entered_in_error"
)

// Statuses are all of them.
var Statuses = []string{Active, Completed, Revoked, EnteredInError}
