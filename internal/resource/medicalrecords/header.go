// Package medicalrecords holds what encounters have brought to light of patients:
// encounters, conditions, observations, diagnostic reports, procedures, immunizations,
// allergies and risk assessments. They are read here; encounter packages write them.
package medicalrecords

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

// Header is what documents of all kinds have in common (decisions R42).
type Header struct {
	ID        uuid.UUID `bson:"_id"`
	PatientID string    `bson:"patient_id"` // hidden (decisions R13)

	// ContextEpisodeID is the episode of the encounter, which the context of a record shows.
	ContextEpisodeID     *uuid.UUID `bson:"context_episode_id"`
	ManagingOrganization reference  `bson:"managing_organization"`
	Visible              bool       `bson:"visible"` // false until all documents of its package are stored

	// Items are what forbidden groups may name of the record. Who writes it keeps them.
	Items operation.Items `bson:"items,omitempty"`

	InsertedAt time.Time `bson:"inserted_at"`
	InsertedBy uuid.UUID `bson:"inserted_by"`
	UpdatedAt  time.Time `bson:"updated_at"`
	UpdatedBy  uuid.UUID `bson:"updated_by"`

	SealedWith string `bson:"sealed_with,omitempty"` // see seal.KeyField

	// AppliedJobs are the jobs that have written the document and have not yet
	// committed the rest of their work (docs/architecture.md).
	AppliedJobs []mongodb.Mark `bson:"applied_jobs,omitempty"`
}

// Head is what a document has in common with those of other kinds.
func (h *Header) Head() *Header { return h }

// compared is what is compared with forbidden groups, and the author.
func (h *Header) compared() (operation.Items, uuid.UUID) { return h.Items, h.InsertedBy }
