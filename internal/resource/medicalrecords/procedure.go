package medicalrecords

import (
	"time"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// Procedure is what was done for a patient.
type Procedure struct {
	Header `bson:",inline"`

	BasedOn             *reference            `bson:"based_on"`
	PaperReferral       *PaperReferral        `bson:"paper_referral"`
	Status              string                `bson:"status"`
	StatusReason        *concept              `bson:"status_reason"`
	Code                reference             `bson:"code"`
	PerformedDateTime   *time.Time            `bson:"performed_date_time,omitempty"`
	PerformedPeriod     *medicalevents.Period `bson:"performed_period,omitempty"`
	RecordedBy          reference             `bson:"recorded_by"`
	PrimarySource       bool                  `bson:"primary_source"`
	Performer           *reference            `bson:"performer,omitempty"`
	ReportOrigin        *concept              `bson:"report_origin,omitempty"`
	Division            *reference            `bson:"division"`
	ReasonReferences    []reference           `bson:"reason_references"`
	UsedReferences      []reference           `bson:"used_references"`
	Outcome             *concept              `bson:"outcome"`
	Note                *string               `bson:"note"`
	Category            concept               `bson:"category"`
	Encounter           reference             `bson:"encounter"`
	ExplanatoryLetter   *string               `bson:"explanatory_letter"`
	OriginEpisode       *reference            `bson:"origin_episode,omitempty"`
	ComplicationDetails []reference           `bson:"complication_details"`
	UsedCodes           []concept             `bson:"used_codes"`
	FocalDevice         *ProcedureFocalDevice `bson:"focal_device"`
}

// KeepItems keeps what forbidden groups may name; conditions are those that it was done for.
func (d *Procedure) KeepItems(conditions ...concept) {
	d.Items = medicalevents.ItemsOf(conditions, d.Code)
}

func (d *Procedure) show() api.Procedure {
	return api.Procedure{
		ID:                   d.ID.String(),
		BasedOn:              medicalevents.Nullable(d.BasedOn, reference.Show),
		PaperReferral:        medicalevents.Nullable(d.PaperReferral, PaperReferral.show),
		Status:               d.Status,
		StatusReason:         medicalevents.Nullable(d.StatusReason, concept.Show),
		Code:                 d.Code.Show(),
		PerformedDateTime:    medicalevents.Optional(d.PerformedDateTime, envelope.Milli),
		PerformedPeriod:      medicalevents.Optional(d.PerformedPeriod, medicalevents.Period.Show),
		RecordedBy:           d.RecordedBy.Show(),
		PrimarySource:        d.PrimarySource,
		Performer:            medicalevents.Optional(d.Performer, reference.ShowSent),
		ReportOrigin:         medicalevents.Optional(d.ReportOrigin, concept.Show),
		Division:             medicalevents.Nullable(d.Division, reference.Show),
		ManagingOrganization: d.ManagingOrganization.Show(),
		ReasonReferences:     medicalevents.Each(d.ReasonReferences, reference.ShowSent),
		UsedReferences:       medicalevents.Each(d.UsedReferences, reference.ShowSent),
		Outcome:              medicalevents.Nullable(d.Outcome, concept.Show),
		Note:                 medicalevents.Nullable(d.Note, medicalevents.AsIs),
		Category:             d.Category.Show(),
		Encounter:            d.Encounter.Show(),
		ExplanatoryLetter:    medicalevents.Nullable(d.ExplanatoryLetter, medicalevents.AsIs),
		OriginEpisode:        medicalevents.Optional(d.OriginEpisode, reference.ShowSent),
		ComplicationDetails:  medicalevents.Each(d.ComplicationDetails, reference.Show),
		UsedCodes:            medicalevents.Each(d.UsedCodes, concept.Show),
		FocalDevice:          medicalevents.Nullable(d.FocalDevice, ProcedureFocalDevice.show),
		InsertedAt:           envelope.Milli(d.InsertedAt),
		UpdatedAt:            envelope.Milli(d.UpdatedAt),
	}
}

// ProcedureFocalDevice is the device that a procedure was about.
type ProcedureFocalDevice struct {
	Action      *concept  `bson:"action"`
	Manipulated reference `bson:"manipulated"`
}

func (p ProcedureFocalDevice) show() api.ProcedureFocalDevice {
	return api.ProcedureFocalDevice{
		Action:      medicalevents.Nullable(p.Action, concept.Show),
		Manipulated: p.Manipulated.ShowSent(),
	}
}
