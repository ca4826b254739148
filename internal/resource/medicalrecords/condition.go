package medicalrecords

import (
	"time"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// Condition is a state of health of a patient.
type Condition struct {
	Header `bson:",inline"`

	PrimarySource      bool                `bson:"primary_source"`
	Asserter           *reference          `bson:"asserter,omitempty"`
	ReportOrigin       *concept            `bson:"report_origin,omitempty"`
	Context            reference           `bson:"context"`
	Code               concept             `bson:"code"`
	ClinicalStatus     string              `bson:"clinical_status"`
	VerificationStatus string              `bson:"verification_status"`
	Severity           *concept            `bson:"severity"`
	BodySites          []concept           `bson:"body_sites"`
	OnsetDate          time.Time           `bson:"onset_date"`
	AssertedDate       *time.Time          `bson:"asserted_date"`
	Stage              *ConditionStage     `bson:"stage"`
	Evidences          []ConditionEvidence `bson:"evidences"`
}

// KeepItems keeps what forbidden groups may name.
func (d *Condition) KeepItems() {
	concepts := []concept{d.Code}
	for _, evidence := range d.Evidences {
		concepts = append(concepts, evidence.Codes...)
	}
	d.Items = medicalevents.ItemsOf(concepts)
}

func (d *Condition) show() api.Condition {
	return api.Condition{
		ID:                 d.ID.String(),
		PrimarySource:      d.PrimarySource,
		Asserter:           medicalevents.Optional(d.Asserter, reference.ShowSent),
		ReportOrigin:       medicalevents.Optional(d.ReportOrigin, concept.Show),
		Context:            d.Context.Show(),
		Code:               d.Code.Show(),
		ClinicalStatus:     d.ClinicalStatus,
		VerificationStatus: d.VerificationStatus,
		Severity:           medicalevents.Nullable(d.Severity, concept.Show),
		BodySites:          medicalevents.Each(d.BodySites, concept.Show),
		OnsetDate:          envelope.Milli(d.OnsetDate),
		AssertedDate:       medicalevents.Nullable(d.AssertedDate, envelope.Milli),
		Stage:              medicalevents.Nullable(d.Stage, ConditionStage.show),
		Evidences:          medicalevents.Each(d.Evidences, ConditionEvidence.show),
		InsertedAt:         envelope.Milli(d.InsertedAt),
		UpdatedAt:          envelope.Milli(d.UpdatedAt),
	}
}

// ConditionStage is how far a condition has gone.
type ConditionStage struct {
	Summary concept `bson:"summary"`
}

func (c ConditionStage) show() api.ConditionStage {
	return api.ConditionStage{
		Summary: c.Summary.Show(),
	}
}

// ConditionEvidence is what a condition was told by.
type ConditionEvidence struct {
	Codes   []concept   `bson:"codes"`
	Details []reference `bson:"details"`
}

func (c ConditionEvidence) show() api.ConditionEvidence {
	return api.ConditionEvidence{
		Codes:   medicalevents.Each(c.Codes, concept.Show),
		Details: medicalevents.Each(c.Details, reference.Show),
	}
}
