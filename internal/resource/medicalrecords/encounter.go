package medicalrecords

import (
	"slices"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// Encounter is a meeting of a patient with a doctor.
type Encounter struct {
	Header `bson:",inline"`

	OriginEpisode      *reference                `bson:"origin_episode"`
	Status             string                    `bson:"status"`
	Period             medicalevents.Period      `bson:"period"`
	IncomingReferral   *reference                `bson:"incoming_referral"`
	PaperReferral      *PaperReferral            `bson:"paper_referral"`
	Visit              reference                 `bson:"visit"`
	Episode            reference                 `bson:"episode"`
	Class              medicalevents.Coding      `bson:"class"`
	Type               concept                   `bson:"type"`
	Priority           *concept                  `bson:"priority"` // never shown
	Performer          reference                 `bson:"performer"`
	Reasons            []concept                 `bson:"reasons"`
	Diagnoses          []medicalevents.Diagnosis `bson:"diagnoses"`
	Actions            []concept                 `bson:"actions"`
	ActionReferences   []reference               `bson:"action_references"`
	Division           *reference                `bson:"division"`
	Prescriptions      *string                   `bson:"prescriptions"`
	SupportingInfo     []reference               `bson:"supporting_info"`
	CancellationReason *concept                  `bson:"cancellation_reason"`
	ExplanatoryLetter  *string                   `bson:"explanatory_letter"`
	Hospitalization    *EncounterHospitalization `bson:"hospitalization"`
	Participant        []reference               `bson:"participant"`

	// SignedContentLinks are the names of what was signed, in the media store.
	SignedContentLinks []string `bson:"signed_content_links,omitempty"`
}

// KeepItems keeps what forbidden groups may name.
func (d *Encounter) KeepItems() {
	concepts := slices.Concat(d.Reasons, d.Actions)
	for _, diagnosis := range d.Diagnoses {
		concepts = append(concepts, diagnosis.Code)
	}
	d.Items = medicalevents.ItemsOf(concepts, d.ActionReferences...)
}

func (d *Encounter) show() api.Encounter {
	return api.Encounter{
		ID:                 d.ID.String(),
		OriginEpisode:      medicalevents.Nullable(d.OriginEpisode, reference.Show),
		Status:             d.Status,
		Period:             d.Period.Show(),
		IncomingReferral:   medicalevents.Nullable(d.IncomingReferral, reference.Show),
		PaperReferral:      medicalevents.Nullable(d.PaperReferral, PaperReferral.show),
		Visit:              d.Visit.Show(),
		Episode:            d.Episode.Show(),
		Class:              d.Class.Show(),
		Type:               d.Type.Show(),
		Performer:          d.Performer.Show(),
		Reasons:            medicalevents.Each(d.Reasons, concept.Show),
		Diagnoses:          medicalevents.Each(d.Diagnoses, medicalevents.Diagnosis.Show),
		Actions:            medicalevents.Each(d.Actions, concept.Show),
		ActionReferences:   medicalevents.Each(d.ActionReferences, reference.ShowSent),
		Division:           medicalevents.Nullable(d.Division, reference.Show),
		Prescriptions:      medicalevents.Nullable(d.Prescriptions, medicalevents.AsIs),
		SupportingInfo:     medicalevents.Each(d.SupportingInfo, reference.Show),
		CancellationReason: medicalevents.Nullable(d.CancellationReason, concept.Show),
		ExplanatoryLetter:  medicalevents.Nullable(d.ExplanatoryLetter, medicalevents.AsIs),
		Hospitalization:    medicalevents.Nullable(d.Hospitalization, EncounterHospitalization.show),
		Participant:        medicalevents.Each(d.Participant, reference.Show),
		InsertedAt:         envelope.Milli(d.InsertedAt),
		UpdatedAt:          envelope.Milli(d.UpdatedAt),
	}
}

// EncounterHospitalization is how a patient came to hospital and left it.
type EncounterHospitalization struct {
	AdmitSource            *concept   `bson:"admit_source"`
	ReAdmission            *concept   `bson:"re_admission"`
	Destination            *reference `bson:"destination"`
	DischargeDisposition   *concept   `bson:"discharge_disposition"`
	DischargeDepartment    *concept   `bson:"discharge_department"`
	PreAdmissionIdentifier *string    `bson:"pre_admission_identifier"`
}

func (e EncounterHospitalization) show() api.EncounterHospitalization {
	return api.EncounterHospitalization{
		AdmitSource:            medicalevents.Nullable(e.AdmitSource, concept.Show),
		ReAdmission:            medicalevents.Nullable(e.ReAdmission, concept.Show),
		Destination:            medicalevents.Nullable(e.Destination, reference.Show),
		DischargeDisposition:   medicalevents.Nullable(e.DischargeDisposition, concept.Show),
		DischargeDepartment:    medicalevents.Nullable(e.DischargeDepartment, concept.Show),
		PreAdmissionIdentifier: medicalevents.Nullable(e.PreAdmissionIdentifier, medicalevents.AsIs),
	}
}

// PaperReferral is a referral on paper.
type PaperReferral struct {
	Requisition                *string `bson:"requisition"`
	RequesterLegalEntityName   *string `bson:"requester_legal_entity_name"`
	RequesterLegalEntityEdrpou string  `bson:"requester_legal_entity_edrpou"`
	RequesterEmployeeName      string  `bson:"requester_employee_name"`
	ServiceRequestDate         string  `bson:"service_request_date"`
	Note                       *string `bson:"note"`
}

func (p PaperReferral) show() api.PaperReferral {
	return api.PaperReferral{
		Requisition:                medicalevents.Nullable(p.Requisition, medicalevents.AsIs),
		RequesterLegalEntityName:   medicalevents.Nullable(p.RequesterLegalEntityName, medicalevents.AsIs),
		RequesterLegalEntityEdrpou: p.RequesterLegalEntityEdrpou,
		RequesterEmployeeName:      p.RequesterEmployeeName,
		ServiceRequestDate:         p.ServiceRequestDate,
		Note:                       medicalevents.Nullable(p.Note, medicalevents.AsIs),
	}
}
