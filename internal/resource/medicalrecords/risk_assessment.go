package medicalrecords

import (
	"time"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// RiskAssessment is what may happen to a patient.
type RiskAssessment struct {
	Header `bson:",inline"`

	Status           string                     `bson:"status"`
	Method           *concept                   `bson:"method"`
	Code             concept                    `bson:"code"`
	Context          reference                  `bson:"context"`
	AssertedDate     time.Time                  `bson:"asserted_date"`
	Performer        reference                  `bson:"performer"`
	Basis            *RiskAssessmentBasis       `bson:"basis"`
	ReasonReferences []reference                `bson:"reason_references,omitempty"`
	ReasonCodes      []concept                  `bson:"reason_codes,omitempty"`
	Predictions      []RiskAssessmentPrediction `bson:"predictions"`
	Mitigation       *string                    `bson:"mitigation"`
	Comment          *string                    `bson:"comment"`
}

func (d *RiskAssessment) show() api.RiskAssessment {
	return api.RiskAssessment{
		ID:               d.ID.String(),
		Status:           d.Status,
		Method:           medicalevents.Nullable(d.Method, concept.Show),
		Code:             d.Code.Show(),
		Context:          d.Context.ShowSent(),
		AssertedDate:     envelope.Milli(d.AssertedDate),
		Performer:        d.Performer.ShowSent(),
		Basis:            medicalevents.Nullable(d.Basis, RiskAssessmentBasis.show),
		ReasonReferences: medicalevents.OptionalList(d.ReasonReferences, reference.ShowSent),
		ReasonCodes:      medicalevents.OptionalList(d.ReasonCodes, concept.Show),
		Predictions:      medicalevents.Each(d.Predictions, RiskAssessmentPrediction.show),
		Mitigation:       medicalevents.Nullable(d.Mitigation, medicalevents.AsIs),
		Comment:          medicalevents.Nullable(d.Comment, medicalevents.AsIs),
		InsertedAt:       envelope.Milli(d.InsertedAt),
		UpdatedAt:        envelope.Milli(d.UpdatedAt),
	}
}

// RiskAssessmentBasis is what an assessment rests on.
type RiskAssessmentBasis struct {
	References []reference `bson:"references"`
	Text       *string     `bson:"text"`
}

func (r RiskAssessmentBasis) show() api.RiskAssessmentBasis {
	return api.RiskAssessmentBasis{
		References: medicalevents.Each(r.References, reference.ShowSent),
		Text:       medicalevents.Nullable(r.Text, medicalevents.AsIs),
	}
}

// RiskAssessmentPrediction is one thing that may happen.
type RiskAssessmentPrediction struct {
	Outcome            *concept              `bson:"outcome"`
	ProbabilityRange   *medicalevents.Range  `bson:"probability_range,omitempty"`
	ProbabilityDecimal *float64              `bson:"probability_decimal,omitempty"`
	QualitativeRisk    *concept              `bson:"qualitative_risk"`
	RelativeRisk       *float64              `bson:"relative_risk"`
	WhenRange          *medicalevents.Range  `bson:"when_range,omitempty"`
	WhenPeriod         *medicalevents.Period `bson:"when_period,omitempty"`
	Rationale          *string               `bson:"rationale"`
}

func (r RiskAssessmentPrediction) show() api.RiskAssessmentPrediction {
	return api.RiskAssessmentPrediction{
		Outcome:            medicalevents.Nullable(r.Outcome, concept.Show),
		ProbabilityRange:   medicalevents.Optional(r.ProbabilityRange, medicalevents.Range.Show),
		ProbabilityDecimal: r.ProbabilityDecimal,
		QualitativeRisk:    medicalevents.Nullable(r.QualitativeRisk, concept.Show),
		RelativeRisk:       medicalevents.Nullable(r.RelativeRisk, medicalevents.AsIs),
		WhenRange:          medicalevents.Optional(r.WhenRange, medicalevents.Range.Show),
		WhenPeriod:         medicalevents.Optional(r.WhenPeriod, medicalevents.Period.Show),
		Rationale:          medicalevents.Nullable(r.Rationale, medicalevents.AsIs),
	}
}
