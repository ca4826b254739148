package devicedispenses

import (
	"fmt"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/medicalevents"
)

// Show renders a device dispense, as it is read and signed. Fields that were never set are absent.
func (d *Document) Show(keys *seal.Keys) (api.DeviceDispense, error) {
	patient, err := keys.OpenPatientID(d.Subject, d.SealedWith)
	if err != nil {
		return api.DeviceDispense{}, fmt.Errorf("show device dispense %s: %w", d.ID, err)
	}
	return api.DeviceDispense{
		ID: d.ID.String(), Subject: medicalevents.ShowPatient(patient), Status: api.DeviceDispenseStatus(d.Status),
		StatusReason: medicalevents.Optional(d.StatusReason, concept.Show), BasedOn: medicalevents.Optional(d.BasedOn, reference.Show),
		PrimarySource: d.PrimarySource, ReportOrigin: medicalevents.Optional(d.ReportOrigin, concept.Show),
		Performer:            medicalevents.Optional(d.Performer, reference.Show),
		Location:             medicalevents.Optional(d.Location, reference.Show),
		PerformerLegalEntity: medicalevents.Optional(d.PerformerLegalEntity, reference.Show),
		ExternalPerformer:    d.ExternalPerformer, ExternalProvider: medicalevents.Optional(d.ExternalProvider, ExternalProvider.show),
		WhenHandedOver: medicalevents.Optional(d.WhenHandedOver, envelope.Milli), Note: d.Note,
		Program: medicalevents.Optional(d.Program, reference.Show), Details: medicalevents.Each(d.Details, Detail.show),
		PaymentID: d.PaymentID, PaymentAmount: d.PaymentAmount,
		PartOf: medicalevents.Optional(d.PartOf, reference.Show), Encounter: medicalevents.Optional(d.Encounter, reference.Show),
		SupportingInfo: medicalevents.OptionalList(d.SupportingInfo, reference.ShowSent),
		InsertedAt:     envelope.Milli(d.InsertedAt), InsertedBy: d.InsertedBy.String(),
		UpdatedAt: envelope.Milli(d.UpdatedAt), UpdatedBy: d.UpdatedBy.String(),
	}, nil
}

func (a *API) showAll(found []Document) (shown []api.DeviceDispense, err error) {
	shown = make([]api.DeviceDispense, len(found))
	for i := range found {
		if shown[i], err = found[i].Show(a.Engine.Keys); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

func (d Detail) show() api.DeviceDispenseDetail {
	return api.DeviceDispenseDetail{
		Device: medicalevents.Optional(d.Device, reference.ShowSent), DeviceCode: medicalevents.Optional(d.DeviceCode, concept.Show),
		ProgramDevice: medicalevents.Optional(d.ProgramDevice, reference.Show), Quantity: d.Quantity.Show(),
		SellPrice: d.SellPrice, DiscountAmount: d.DiscountAmount, ReimbursementAmount: d.ReimbursementAmount,
	}
}

func (p ExternalProvider) show() api.ExternalProvider {
	return api.ExternalProvider{ProviderLegalEntityName: p.Name, ProviderLegalEntityEdrpou: p.EDRPOU}
}
