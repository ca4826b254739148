package medicalrecords

import (
	"time"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// DiagnosticReport is what an examination of a patient has shown.
type DiagnosticReport struct {
	Header `bson:",inline"`

	BasedOn            *reference                 `bson:"based_on"`
	PaperReferral      *PaperReferral             `bson:"paper_referral"`
	Status             string                     `bson:"status"`
	Code               reference                  `bson:"code"`
	Category           []concept                  `bson:"category"`
	EffectiveDateTime  *time.Time                 `bson:"effective_date_time,omitempty"`
	EffectivePeriod    *medicalevents.Period      `bson:"effective_period,omitempty"`
	Issued             time.Time                  `bson:"issued"`
	Conclusion         *string                    `bson:"conclusion"`
	ConclusionCode     *concept                   `bson:"conclusion_code"`
	RecordedBy         reference                  `bson:"recorded_by"`
	Specimens          []reference                `bson:"specimens"`
	UsedReferences     []reference                `bson:"used_references"`
	Encounter          *reference                 `bson:"encounter"`
	OriginEpisode      *reference                 `bson:"origin_episode"`
	Division           *reference                 `bson:"division"`
	PrimarySource      bool                       `bson:"primary_source"`
	Performer          *DiagnosticReportPerformer `bson:"performer,omitempty"`
	ReportOrigin       *concept                   `bson:"report_origin,omitempty"`
	ResultsInterpreter *DiagnosticReportPerformer `bson:"results_interpreter,omitempty"`
	ExplanatoryLetter  *string                    `bson:"explanatory_letter"`
	CancellationReason *concept                   `bson:"cancellation_reason"`
}

// KeepItems keeps what forbidden groups may name.
func (d *DiagnosticReport) KeepItems() {
	var concepts []concept
	if d.ConclusionCode != nil {
		concepts = append(concepts, *d.ConclusionCode)
	}
	d.Items = medicalevents.ItemsOf(concepts, d.Code)
}

func (d *DiagnosticReport) show() api.DiagnosticReport {
	return api.DiagnosticReport{
		ID:                   d.ID.String(),
		BasedOn:              medicalevents.Nullable(d.BasedOn, reference.Show),
		PaperReferral:        medicalevents.Nullable(d.PaperReferral, PaperReferral.show),
		Status:               d.Status,
		Code:                 d.Code.Show(),
		Category:             medicalevents.Each(d.Category, concept.Show),
		EffectiveDateTime:    medicalevents.Optional(d.EffectiveDateTime, envelope.Milli),
		EffectivePeriod:      medicalevents.Optional(d.EffectivePeriod, medicalevents.Period.Show),
		Issued:               envelope.Milli(d.Issued),
		Conclusion:           medicalevents.Nullable(d.Conclusion, medicalevents.AsIs),
		ConclusionCode:       medicalevents.Nullable(d.ConclusionCode, concept.Show),
		RecordedBy:           d.RecordedBy.Show(),
		Specimens:            medicalevents.Each(d.Specimens, reference.Show),
		UsedReferences:       medicalevents.Each(d.UsedReferences, reference.Show),
		Encounter:            medicalevents.Nullable(d.Encounter, reference.Show),
		OriginEpisode:        medicalevents.Nullable(d.OriginEpisode, reference.Show),
		Division:             medicalevents.Nullable(d.Division, reference.Show),
		ManagingOrganization: d.ManagingOrganization.Show(),
		PrimarySource:        d.PrimarySource,
		Performer:            medicalevents.Optional(d.Performer, DiagnosticReportPerformer.show),
		ReportOrigin:         medicalevents.Optional(d.ReportOrigin, concept.Show),
		ResultsInterpreter:   medicalevents.Optional(d.ResultsInterpreter, DiagnosticReportPerformer.show),
		ExplanatoryLetter:    medicalevents.Nullable(d.ExplanatoryLetter, medicalevents.AsIs),
		CancellationReason:   medicalevents.Nullable(d.CancellationReason, concept.Show),
		InsertedAt:           envelope.Milli(d.InsertedAt),
		UpdatedAt:            envelope.Milli(d.UpdatedAt),
	}
}

// DiagnosticReportPerformer is an employee, or somebody outside in words.
type DiagnosticReportPerformer struct {
	Reference *reference `bson:"reference,omitempty"`
	Text      *string    `bson:"text,omitempty"`
}

func (d DiagnosticReportPerformer) show() api.DiagnosticReportPerformer {
	return api.DiagnosticReportPerformer{
		Reference: medicalevents.Optional(d.Reference, reference.Show),
		Text:      d.Text,
	}
}
