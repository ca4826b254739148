package devicerequests

import (
	"fmt"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/medicalevents"
)

// Show renders a device request, as it is read and signed, and tells whose it is. Fields that were never set are
// absent.
func (d *Document) Show(keys *seal.Keys) (shown api.DeviceRequest, patient uuid.UUID, err error) {
	if patient, err = keys.OpenPatientID(d.Subject, d.SealedWith); err != nil {
		return shown, patient, fmt.Errorf("show device request %s: %w", d.ID, err)
	}
	requisition, err := keys.OpenRequisition(d.Requisition, d.SealedWith)
	if err != nil {
		return shown, patient, fmt.Errorf("show device request %s: %w", d.ID, err)
	}
	insertedAt, updatedAt := envelope.Milli(d.InsertedAt), envelope.Milli(d.UpdatedAt)
	return api.DeviceRequest{
		ID: d.ID.String(), Subject: medicalevents.ShowPatient(patient), Requisition: medicalevents.ShowNumber(requisition),
		Status: api.DeviceRequestStatus(d.Status), StatusReason: medicalevents.Optional(d.StatusReason, concept.Show), Intent: d.Intent,

		Code: medicalevents.Optional(d.Code, concept.Show), CodeReference: medicalevents.Optional(d.CodeReference, reference.ShowSent),
		Quantity: medicalevents.Optional(d.Quantity, quantity.Show), Parameter: medicalevents.OptionalList(d.Parameter, Parameter.show),

		Requester: d.Requester.Show(), RequesterLegalEntity: d.RequesterLegalEntity.Show(),
		Performer: medicalevents.Optional(d.Performer, reference.Show), Encounter: d.Encounter.Show(),
		Reason: medicalevents.OptionalList(d.Reason, reference.Show), BasedOn: medicalevents.OptionalList(d.BasedOn, reference.Show),
		AuthoredOn: envelope.Milli(d.AuthoredOn), OccurrencePeriod: d.OccurrencePeriod.Show(), Priority: d.Priority,
		SupportingInfo: medicalevents.OptionalList(d.SupportingInfo, reference.Show), Note: d.Note,
		InformWith: medicalevents.Optional(d.InformWith, uuid.UUID.String), Program: medicalevents.Optional(d.Program, reference.Show),
		DispenseValidTo: envelope.Milli(d.DispenseValidTo), InsertedAt: &insertedAt, UpdatedAt: &updatedAt,
	}, patient, nil
}

func (p Parameter) show() api.DeviceParameter {
	return api.DeviceParameter{
		Code: p.Code.Show(), ValueCodeableConcept: medicalevents.Optional(p.ValueCodeableConcept, concept.Show),
		ValueQuantity: medicalevents.Optional(p.ValueQuantity, quantity.Show),
		ValueRange:    medicalevents.Optional(p.ValueRange, medicalevents.Range.Show),
		ValueBoolean:  p.ValueBoolean, ValueString: p.ValueString,
	}
}
