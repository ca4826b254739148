package medicalrecords

import (
	"time"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// Immunization is a vaccination of a patient.
type Immunization struct {
	Header `bson:",inline"`

	Status               string                   `bson:"status"`
	NotGiven             bool                     `bson:"not_given"`
	VaccineCode          concept                  `bson:"vaccine_code"`
	Context              reference                `bson:"context"`
	Date                 time.Time                `bson:"date"`
	PrimarySource        bool                     `bson:"primary_source"`
	Performer            *reference               `bson:"performer,omitempty"`
	ReportOrigin         *concept                 `bson:"report_origin,omitempty"`
	Manufacturer         *string                  `bson:"manufacturer"`
	LotNumber            *string                  `bson:"lot_number"`
	ExpirationDate       *time.Time               `bson:"expiration_date"`
	Site                 *concept                 `bson:"site"`
	Route                *concept                 `bson:"route"`
	DoseQuantity         *medicalevents.Quantity  `bson:"dose_quantity,omitempty"`
	Explanation          *ImmunizationExplanation `bson:"explanation"`
	Reactions            []ImmunizationReaction   `bson:"reactions"`
	VaccinationProtocols []VaccinationProtocol    `bson:"vaccination_protocols"`
}

func (d *Immunization) show() api.Immunization {
	return api.Immunization{
		ID:                   d.ID.String(),
		Status:               d.Status,
		NotGiven:             d.NotGiven,
		VaccineCode:          d.VaccineCode.Show(),
		Context:              d.Context.Show(),
		Date:                 envelope.Milli(d.Date),
		PrimarySource:        d.PrimarySource,
		Performer:            medicalevents.Optional(d.Performer, reference.ShowSent),
		ReportOrigin:         medicalevents.Optional(d.ReportOrigin, concept.Show),
		Manufacturer:         medicalevents.Nullable(d.Manufacturer, medicalevents.AsIs),
		LotNumber:            medicalevents.Nullable(d.LotNumber, medicalevents.AsIs),
		ExpirationDate:       medicalevents.Nullable(d.ExpirationDate, envelope.Milli),
		Site:                 medicalevents.Nullable(d.Site, concept.Show),
		Route:                medicalevents.Nullable(d.Route, concept.Show),
		DoseQuantity:         medicalevents.Optional(d.DoseQuantity, medicalevents.Quantity.Show),
		Explanation:          medicalevents.Nullable(d.Explanation, ImmunizationExplanation.show),
		Reactions:            medicalevents.Each(d.Reactions, ImmunizationReaction.show),
		VaccinationProtocols: medicalevents.Each(d.VaccinationProtocols, VaccinationProtocol.show),
		InsertedAt:           envelope.Milli(d.InsertedAt),
		UpdatedAt:            envelope.Milli(d.UpdatedAt),
	}
}

// ImmunizationExplanation is why a vaccine was given or not.
type ImmunizationExplanation struct {
	Reasons         []concept `bson:"reasons"`
	ReasonsNotGiven []concept `bson:"reasons_not_given"`
}

func (i ImmunizationExplanation) show() api.ImmunizationExplanation {
	return api.ImmunizationExplanation{
		Reasons:         medicalevents.Each(i.Reasons, concept.Show),
		ReasonsNotGiven: medicalevents.Each(i.ReasonsNotGiven, concept.Show),
	}
}

// ImmunizationReaction is an observation of what a vaccine has caused.
type ImmunizationReaction struct {
	Detail reference `bson:"detail"`
}

func (i ImmunizationReaction) show() api.ImmunizationReaction {
	return api.ImmunizationReaction{
		Detail: i.Detail.Show(),
	}
}

// VaccinationProtocol is the programme that a vaccination belongs to.
type VaccinationProtocol struct {
	DoseSequence   *int      `bson:"dose_sequence"`
	Description    *string   `bson:"description"`
	Authority      *concept  `bson:"authority"`
	Series         *string   `bson:"series"`
	SeriesDoses    *int      `bson:"series_doses"`
	TargetDiseases []concept `bson:"target_diseases"`
}

func (v VaccinationProtocol) show() api.VaccinationProtocol {
	return api.VaccinationProtocol{
		DoseSequence:   medicalevents.Nullable(v.DoseSequence, medicalevents.AsIs),
		Description:    medicalevents.Nullable(v.Description, medicalevents.AsIs),
		Authority:      medicalevents.Nullable(v.Authority, concept.Show),
		Series:         medicalevents.Nullable(v.Series, medicalevents.AsIs),
		SeriesDoses:    medicalevents.Nullable(v.SeriesDoses, medicalevents.AsIs),
		TargetDiseases: medicalevents.Each(v.TargetDiseases, concept.Show),
	}
}
