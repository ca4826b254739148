package servicerequests

import (
	"fmt"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/medicalevents"
)

// Show renders the service request, as it is read and signed, and tells whose it is. Fields
// that were never set are absent, unless the national system always sends them.
func (d *Document) Show(keys *seal.Keys) (shown api.ServiceRequest, patient uuid.UUID, err error) {
	if patient, err = keys.OpenPatientID(d.Subject, d.SealedWith); err != nil {
		return shown, patient, fmt.Errorf("show service request %s: %w", d.ID, err)
	}
	requisition, err := keys.OpenRequisition(d.Requisition, d.SealedWith)
	if err != nil {
		return shown, patient, fmt.Errorf("show service request %s: %w", d.ID, err)
	}
	insertedAt, updatedAt := envelope.Milli(d.InsertedAt), envelope.Milli(d.UpdatedAt)
	shown = api.ServiceRequest{
		ID: d.ID.String(), Subject: medicalevents.ShowPatient(patient), Requisition: medicalevents.ShowNumber(requisition),

		Status:       api.ServiceRequestStatus(d.Status),
		StatusReason: medicalevents.Nullable(d.StatusReason, concept.Show), ExplanatoryLetter: d.ExplanatoryLetter,
		StatusHistory: medicalevents.Each(d.StatusHistory, StatusChange.show),

		Program:                        medicalevents.Nullable(d.Program, reference.Show),
		ProgramProcessingStatus:        medicalevents.Nullable(d.ProgramProcessingStatus, medicalevents.AsIs),
		ProgramProcessingStatusHistory: medicalevents.OptionalList(d.ProgramProcessingStatusHistory, ProgramChange.show),
		ProgramService:                 medicalevents.Nullable(d.ProgramService, reference.Show),

		Intent: d.Intent, Priority: d.Priority, BasedOn: medicalevents.OptionalList(d.BasedOn, reference.ShowSent),
		Category: d.Category.Show(), Code: d.Code.Show(), Context: medicalevents.Nullable(d.Context, reference.Show),
		RequesterEmployee: d.RequesterEmployee.Show(), RequesterLegalEntity: d.RequesterLegalEntity.Show(),
		ReasonReference:    medicalevents.Each(d.ReasonReference, reference.Show),
		SupportingInfo:     medicalevents.OptionalList(d.SupportingInfo, reference.Show),
		PermittedResources: medicalevents.OptionalList(d.PermittedResources, reference.Show),
		Performer:          medicalevents.Optional(d.Performer, reference.Show),
		PerformerType:      medicalevents.Optional(d.PerformerType, concept.Show),
		LocationReference:  medicalevents.Optional(d.LocationReference, reference.Show),
		Quantity:           medicalevents.Optional(d.Quantity, quantity.Show),
		RemainingQuantity:  medicalevents.Optional(d.RemainingQuantity, quantity.Show),
		Specimens:          medicalevents.OptionalList(d.Specimens, reference.Show),
		Focus:              medicalevents.OptionalList(d.Focus, reference.Show),
		InformWith:         medicalevents.Optional(d.InformWith, InformWith.show),
		Note:               medicalevents.Nullable(d.Note, medicalevents.AsIs),
		PatientInstruction: medicalevents.Nullable(d.PatientInstruction, medicalevents.AsIs),
		ExpirationDate:     envelope.Milli(d.ExpirationDate),

		UsedByEmployee:           medicalevents.Nullable(d.UsedByEmployee, reference.Show),
		UsedByLegalEntity:        medicalevents.Nullable(d.UsedByLegalEntity, reference.Show),
		UsedByEmployeeHistory:    medicalevents.OptionalList(d.UsedByEmployeeHistory, EmployeeUse.show),
		UsedByLegalEntityHistory: medicalevents.OptionalList(d.UsedByLegalEntityHistory, LegalEntityUse.show),
		CompletedWith:            medicalevents.Nullable(d.CompletedWith, reference.Show),

		InsertedAt: &insertedAt, UpdatedAt: &updatedAt,
	}
	if d.Occurrence != nil {
		shown.OccurrenceDateTime = medicalevents.Optional(d.Occurrence.DateTime, envelope.Milli)
		shown.OccurrencePeriod = medicalevents.Optional(d.Occurrence.Period, medicalevents.Period.Show)
	}
	return shown, patient, nil
}

func (c StatusChange) show() api.ServiceRequestStatusHistoryItem {
	return api.ServiceRequestStatusHistoryItem{
		Status: c.Status, StatusReason: medicalevents.Nullable(c.StatusReason, concept.Show),
		InsertedAt: envelope.Milli(c.InsertedAt), InsertedBy: c.InsertedBy.String(),
	}
}

func (c ProgramChange) show() api.ServiceRequestProgramStatusHistoryItem {
	return api.ServiceRequestProgramStatusHistoryItem{
		ProgramProcessingStatus: c.ProgramProcessingStatus, InsertedAt: envelope.Milli(c.InsertedAt), InsertedBy: c.InsertedBy.String(),
	}
}

func (u EmployeeUse) show() api.ServiceRequestEmployeeHistoryItem {
	return api.ServiceRequestEmployeeHistoryItem{
		UsedByEmployee: u.UsedByEmployee.Show(), InsertedAt: envelope.Milli(u.InsertedAt), InsertedBy: u.InsertedBy.String(),
	}
}

func (u LegalEntityUse) show() api.ServiceRequestLegalEntityHistoryItem {
	return api.ServiceRequestLegalEntityHistoryItem{
		UsedByLegalEntity: u.UsedByLegalEntity.Show(), InsertedAt: envelope.Milli(u.InsertedAt), InsertedBy: u.InsertedBy.String(),
	}
}

func (w InformWith) show() api.ServiceRequestInformWith {
	return api.ServiceRequestInformWith{AuthMethodID: medicalevents.Optional(w.AuthMethodID, uuid.UUID.String)}
}
