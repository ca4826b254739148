package episodes

import (
	"time"

	"github.com/google/uuid"

	"esoz/internal/operation"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
)

type (
	reference = medicalevents.Reference
	concept   = medicalevents.CodeableConcept
)

// Document is an episode as stored (decisions R42).
type Document struct {
	ID        uuid.UUID `bson:"_id"`
	PatientID string    `bson:"patient_id"` // hidden (decisions R13)

	Type   medicalevents.Coding `bson:"type"`
	Status string               `bson:"status"`
	Name   string               `bson:"name"`

	ManagingOrganization reference            `bson:"managing_organization"`
	CareManager          reference            `bson:"care_manager"`
	Period               medicalevents.Period `bson:"period"`

	StatusReason      *concept       `bson:"status_reason"`
	ClosingSummary    *string        `bson:"closing_summary"`
	ExplanatoryLetter *string        `bson:"explanatory_letter"`
	StatusHistory     []StatusChange `bson:"status_history"`

	CurrentDiagnoses []medicalevents.Diagnosis `bson:"current_diagnoses"`
	DiagnosesHistory []DiagnosesItem           `bson:"diagnoses_history"`

	// Items are what forbidden groups may name of the episode. Who writes its diagnoses keeps them.
	Items operation.Items `bson:"items,omitempty"`

	// Revision counts the packages that were submitted and cancelled, so that each sees what the one before it has left.
	Revision int64 `bson:"revision,omitempty"`

	InsertedAt time.Time `bson:"inserted_at"`
	InsertedBy uuid.UUID `bson:"inserted_by"`
	UpdatedAt  time.Time `bson:"updated_at"`
	UpdatedBy  uuid.UUID `bson:"updated_by"`

	SealedWith string `bson:"sealed_with,omitempty"` // see seal.KeyField

	// AppliedJobs are the jobs that have written the document and have not yet
	// committed the rest of their work (docs/architecture.md).
	AppliedJobs []mongodb.Mark `bson:"applied_jobs,omitempty"`
}

// KeepItems keeps what forbidden groups may name: the diagnoses of encounters in force.
func (d *Document) KeepItems() {
	var concepts []concept
	for _, item := range d.DiagnosesHistory {
		if item.IsActive {
			for _, diagnosis := range item.Diagnoses {
				concepts = append(concepts, diagnosis.Code)
			}
		}
	}
	d.Items = medicalevents.ItemsOf(concepts)
}

// Statuses of an episode.
const (
	Active         = "active"
	Closed         = "closed"
	EnteredInError = "entered_in_error"
)

// StatusChange is an item of status_history.
type StatusChange struct {
	Status       string    `bson:"status"`
	StatusReason *concept  `bson:"status_reason"`
	InsertedAt   time.Time `bson:"inserted_at"`
	InsertedBy   uuid.UUID `bson:"inserted_by"`
}

// DiagnosesItem is an item of diagnoses_history.
type DiagnosesItem struct {
	Date      time.Time                 `bson:"date"`
	IsActive  bool                      `bson:"is_active"`
	Evidence  reference                 `bson:"evidence"` // the encounter
	Diagnoses []medicalevents.Diagnosis `bson:"diagnoses"`

	// Cancelled names the records of its package that were taken back without the encounter, before they are marked.
	Cancelled []string `bson:"cancelled,omitempty"`
}
