package devicedispenses

import (
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
)

type (
	reference = medicalevents.Reference
	concept   = medicalevents.CodeableConcept
)

// Document is a device dispense as stored.
type Document struct {
	ID                   uuid.UUID         `bson:"_id"`
	BasedOn              *reference        `bson:"based_on,omitempty"`
	Status               string            `bson:"status"`
	StatusReason         *concept          `bson:"status_reason"`
	ExplanatoryLetter    *string           `bson:"explanatory_letter,omitempty"` // never shown
	Subject              string            `bson:"subject"`                      // hidden (decisions R13)
	PrimarySource        bool              `bson:"primary_source"`
	ReportOrigin         *concept          `bson:"report_origin,omitempty"`
	Performer            *reference        `bson:"performer,omitempty"`
	Location             *reference        `bson:"location,omitempty"`
	PerformerLegalEntity *reference        `bson:"performer_legal_entity,omitempty"` // the owner
	ExternalPerformer    *string           `bson:"external_performer,omitempty"`
	ExternalProvider     *ExternalProvider `bson:"external_provider,omitempty"`
	WhenHandedOver       *time.Time        `bson:"when_handed_over,omitempty"`
	Note                 *string           `bson:"note,omitempty"`
	Program              *reference        `bson:"program,omitempty"`
	Details              []Detail          `bson:"details"`
	PaymentID            *string           `bson:"payment_id,omitempty"`
	PaymentAmount        *float64          `bson:"payment_amount,omitempty"`
	PartOf               *reference        `bson:"part_of,omitempty"`
	Encounter            *reference        `bson:"encounter,omitempty"`
	SupportingInfo       []reference       `bson:"supporting_info,omitempty"`
	ContextEpisodeID     *uuid.UUID        `bson:"context_episode_id,omitempty"` // never shown
	OriginEpisodeID      *uuid.UUID        `bson:"origin_episode_id,omitempty"`  // never shown

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

// Detail is one kind of device in a dispense.
type Detail struct {
	Device              *reference             `bson:"device,omitempty"`
	DeviceCode          *concept               `bson:"device_code,omitempty"`
	ProgramDevice       *reference             `bson:"program_device,omitempty"`
	Quantity            medicalevents.Quantity `bson:"quantity"`
	SellPrice           *float64               `bson:"sell_price,omitempty"`
	DiscountAmount      *float64               `bson:"discount_amount,omitempty"`
	ReimbursementAmount *float64               `bson:"reimbursement_amount,omitempty"`
}

// ExternalProvider is a legal entity outside the system.
type ExternalProvider struct {
	Name   string `bson:"provider_legal_entity_name"`
	EDRPOU string `bson:"provider_legal_entity_edrpou"`
}

// Statuses of a device dispense (dictionary device_dispense_statuses).
const (
	Preparation    = "preparation"
	InProgress     = "in_progress"
	Completed      = "completed"
	Declined       = "declined"
	Stopped        = "stopped"
	EnteredInError = "entered_in_error"
	Unknown        = "unknown"
	Canceled       = "canceled"
)

// Statuses are all of them.
var Statuses = []string{Preparation, InProgress, Completed, Declined, Stopped, EnteredInError, Unknown, Canceled}
