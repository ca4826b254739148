package medicalrecords

import (
	"time"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// Observation is what was measured or seen of a patient.
type Observation struct {
	Header `bson:",inline"`

	Status               string                      `bson:"status"`
	DiagnosticReport     *reference                  `bson:"diagnostic_report"`
	Context              *reference                  `bson:"context"`
	Categories           []concept                   `bson:"categories"`
	Code                 concept                     `bson:"code"`
	EffectiveDateTime    *time.Time                  `bson:"effective_date_time,omitempty"`
	EffectivePeriod      *medicalevents.Period       `bson:"effective_period,omitempty"`
	Issued               time.Time                   `bson:"issued"`
	PrimarySource        bool                        `bson:"primary_source"`
	Performer            *reference                  `bson:"performer,omitempty"`
	ReportOrigin         *concept                    `bson:"report_origin,omitempty"`
	Interpretation       *concept                    `bson:"interpretation"`
	Comment              *string                     `bson:"comment"`
	BodySite             *concept                    `bson:"body_site"`
	Method               *concept                    `bson:"method"`
	ValueQuantity        *medicalevents.Quantity     `bson:"value_quantity,omitempty"`
	ValueCodeableConcept *concept                    `bson:"value_codeable_concept,omitempty"`
	ValueSampledData     *SampledData                `bson:"value_sampled_data,omitempty"`
	ValueString          *string                     `bson:"value_string,omitempty"`
	ValueBoolean         *bool                       `bson:"value_boolean,omitempty"`
	ValueRange           *medicalevents.Range        `bson:"value_range,omitempty"`
	ValueRatio           *Ratio                      `bson:"value_ratio,omitempty"`
	ValueTime            *string                     `bson:"value_time,omitempty"`
	ValueDateTime        *time.Time                  `bson:"value_date_time,omitempty"`
	ValuePeriod          *medicalevents.Period       `bson:"value_period,omitempty"`
	ReferenceRanges      []ObservationReferenceRange `bson:"reference_ranges"`
	Components           []ObservationComponent      `bson:"components"`
	Specimen             *reference                  `bson:"specimen"`
	Device               *reference                  `bson:"device"`
}

func (d *Observation) show() api.Observation {
	return api.Observation{
		ID:                   d.ID.String(),
		Status:               d.Status,
		DiagnosticReport:     medicalevents.Nullable(d.DiagnosticReport, reference.Show),
		Context:              medicalevents.Nullable(d.Context, reference.Show),
		Categories:           medicalevents.Each(d.Categories, concept.Show),
		Code:                 d.Code.Show(),
		EffectiveDateTime:    medicalevents.Optional(d.EffectiveDateTime, envelope.Milli),
		EffectivePeriod:      medicalevents.Optional(d.EffectivePeriod, medicalevents.Period.Show),
		Issued:               envelope.Milli(d.Issued),
		PrimarySource:        d.PrimarySource,
		Performer:            medicalevents.Optional(d.Performer, reference.Show),
		ReportOrigin:         medicalevents.Optional(d.ReportOrigin, concept.Show),
		Interpretation:       medicalevents.Nullable(d.Interpretation, concept.Show),
		Comment:              medicalevents.Nullable(d.Comment, medicalevents.AsIs),
		BodySite:             medicalevents.Nullable(d.BodySite, concept.Show),
		Method:               medicalevents.Nullable(d.Method, concept.Show),
		ValueQuantity:        medicalevents.Optional(d.ValueQuantity, medicalevents.Quantity.Show),
		ValueCodeableConcept: medicalevents.Optional(d.ValueCodeableConcept, concept.Show),
		ValueSampledData:     medicalevents.Optional(d.ValueSampledData, SampledData.show),
		ValueString:          d.ValueString,
		ValueBoolean:         d.ValueBoolean,
		ValueRange:           medicalevents.Optional(d.ValueRange, medicalevents.Range.Show),
		ValueRatio:           medicalevents.Optional(d.ValueRatio, Ratio.show),
		ValueTime:            d.ValueTime,
		ValueDateTime:        medicalevents.Optional(d.ValueDateTime, envelope.Milli),
		ValuePeriod:          medicalevents.Optional(d.ValuePeriod, medicalevents.Period.Show),
		ReferenceRanges:      medicalevents.Each(d.ReferenceRanges, ObservationReferenceRange.show),
		Components:           medicalevents.Each(d.Components, ObservationComponent.show),
		Specimen:             medicalevents.Nullable(d.Specimen, reference.Show),
		Device:               medicalevents.Nullable(d.Device, reference.Show),
		InsertedAt:           envelope.Milli(d.InsertedAt),
		UpdatedAt:            envelope.Milli(d.UpdatedAt),
	}
}

// ObservationComponent is a part of an observation.
type ObservationComponent struct {
	Code                 concept                     `bson:"code"`
	ValueQuantity        *medicalevents.Quantity     `bson:"value_quantity,omitempty"`
	ValueCodeableConcept *concept                    `bson:"value_codeable_concept,omitempty"`
	ValueSampledData     *SampledData                `bson:"value_sampled_data,omitempty"`
	ValueString          *string                     `bson:"value_string,omitempty"`
	ValueBoolean         *bool                       `bson:"value_boolean,omitempty"`
	ValueRange           *medicalevents.Range        `bson:"value_range,omitempty"`
	ValueRatio           *Ratio                      `bson:"value_ratio,omitempty"`
	ValueTime            *string                     `bson:"value_time,omitempty"`
	ValueDateTime        *time.Time                  `bson:"value_date_time,omitempty"`
	ValuePeriod          *medicalevents.Period       `bson:"value_period,omitempty"`
	Interpretation       *concept                    `bson:"interpretation"`
	ReferenceRanges      []ObservationReferenceRange `bson:"reference_ranges"`
}

func (o ObservationComponent) show() api.ObservationComponent {
	return api.ObservationComponent{
		Code:                 o.Code.Show(),
		ValueQuantity:        medicalevents.Optional(o.ValueQuantity, medicalevents.Quantity.Show),
		ValueCodeableConcept: medicalevents.Optional(o.ValueCodeableConcept, concept.Show),
		ValueSampledData:     medicalevents.Optional(o.ValueSampledData, SampledData.show),
		ValueString:          o.ValueString,
		ValueBoolean:         o.ValueBoolean,
		ValueRange:           medicalevents.Optional(o.ValueRange, medicalevents.Range.Show),
		ValueRatio:           medicalevents.Optional(o.ValueRatio, Ratio.show),
		ValueTime:            o.ValueTime,
		ValueDateTime:        medicalevents.Optional(o.ValueDateTime, envelope.Milli),
		ValuePeriod:          medicalevents.Optional(o.ValuePeriod, medicalevents.Period.Show),
		Interpretation:       medicalevents.Nullable(o.Interpretation, concept.Show),
		ReferenceRanges:      medicalevents.Each(o.ReferenceRanges, ObservationReferenceRange.show),
	}
}

// ObservationReferenceRange is what a value is compared with.
type ObservationReferenceRange struct {
	Low       *medicalevents.Quantity `bson:"low,omitempty"`
	High      *medicalevents.Quantity `bson:"high,omitempty"`
	Type      *concept                `bson:"type"`
	AppliesTo *concept                `bson:"applies_to"`
	Age       *medicalevents.Range    `bson:"age,omitempty"`
	Text      *string                 `bson:"text"`
}

func (o ObservationReferenceRange) show() api.ObservationReferenceRange {
	return api.ObservationReferenceRange{
		Low:       medicalevents.Optional(o.Low, medicalevents.Quantity.Show),
		High:      medicalevents.Optional(o.High, medicalevents.Quantity.Show),
		Type:      medicalevents.Nullable(o.Type, concept.Show),
		AppliesTo: medicalevents.Nullable(o.AppliesTo, concept.Show),
		Age:       medicalevents.Optional(o.Age, medicalevents.Range.Show),
		Text:      medicalevents.Nullable(o.Text, medicalevents.AsIs),
	}
}

// SampledData are values that a device took one after another.
type SampledData struct {
	Origin     *float64 `bson:"origin,omitempty"`
	Period     *float64 `bson:"period,omitempty"`
	Factor     *float64 `bson:"factor,omitempty"`
	LowerLimit *float64 `bson:"lower_limit,omitempty"`
	UpperLimit *float64 `bson:"upper_limit,omitempty"`
	Dimensions *int     `bson:"dimensions,omitempty"`
	Data       string   `bson:"data"`
}

func (s SampledData) show() api.SampledData {
	return api.SampledData{
		Origin:     s.Origin,
		Period:     s.Period,
		Factor:     s.Factor,
		LowerLimit: s.LowerLimit,
		UpperLimit: s.UpperLimit,
		Dimensions: s.Dimensions,
		Data:       s.Data,
	}
}

// Ratio is one amount in relation to another.
type Ratio struct {
	Numerator   medicalevents.Quantity `bson:"numerator"`
	Denominator medicalevents.Quantity `bson:"denominator"`
}

func (r Ratio) show() api.Ratio {
	return api.Ratio{
		Numerator:   r.Numerator.Show(),
		Denominator: r.Denominator.Show(),
	}
}
