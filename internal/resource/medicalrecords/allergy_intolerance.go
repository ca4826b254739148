package medicalrecords

import (
	"time"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// AllergyIntolerance is an allergy or intolerance of a patient.
type AllergyIntolerance struct {
	Header `bson:",inline"`

	ClinicalStatus     string     `bson:"clinical_status"`
	VerificationStatus string     `bson:"verification_status"`
	Type               string     `bson:"type"`
	Category           string     `bson:"category"`
	Criticality        string     `bson:"criticality"`
	Context            reference  `bson:"context"`
	Code               concept    `bson:"code"`
	OnsetDateTime      time.Time  `bson:"onset_date_time"`
	AssertedDate       time.Time  `bson:"asserted_date"`
	PrimarySource      bool       `bson:"primary_source"`
	Asserter           *reference `bson:"asserter,omitempty"`
	ReportOrigin       *concept   `bson:"report_origin,omitempty"`
	LastOccurrence     *time.Time `bson:"last_occurrence"`
}

func (d *AllergyIntolerance) show() api.AllergyIntolerance {
	return api.AllergyIntolerance{
		ID:                 d.ID.String(),
		ClinicalStatus:     d.ClinicalStatus,
		VerificationStatus: d.VerificationStatus,
		Type:               d.Type,
		Category:           d.Category,
		Criticality:        d.Criticality,
		Context:            d.Context.Show(),
		Code:               d.Code.Show(),
		OnsetDateTime:      envelope.Milli(d.OnsetDateTime),
		AssertedDate:       envelope.Milli(d.AssertedDate),
		PrimarySource:      d.PrimarySource,
		Asserter:           medicalevents.Optional(d.Asserter, reference.ShowSent),
		ReportOrigin:       medicalevents.Optional(d.ReportOrigin, concept.Show),
		LastOccurrence:     medicalevents.Nullable(d.LastOccurrence, envelope.Milli),
		InsertedAt:         envelope.Milli(d.InsertedAt),
		UpdatedAt:          envelope.Milli(d.UpdatedAt),
	}
}
