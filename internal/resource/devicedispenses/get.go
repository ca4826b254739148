package devicedispenses

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/persons"
)

// GetDeviceDispense serves GET /api/patients/{patient_id}/device_dispenses/{device_dispense_id}.
func (a *API) GetDeviceDispense(
	ctx context.Context, req api.GetDeviceDispenseRequestObject,
) (api.GetDeviceDispenseResponseObject, error) {
	d, err := a.get(ctx, auth.From(ctx), req.PatientID, req.DeviceDispenseID)
	if err != nil {
		return nil, err
	}
	shown, err := a.show(d)
	if err != nil {
		return nil, err
	}
	return api.GetDeviceDispense200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: shown}, nil
}

// resource is the kind of a device dispense in references and approvals.
const resource = "device_dispense"

// get returns a device dispense that the caller may read. In this order (decisions R26):
//
//	device_dispense.get.person          the patient exists
//	device_dispense.get.person_active   the patient is active (starts off)
//	device_dispense.get.not_found       the dispense exists and is the patient's
//	device_dispense.get.owner           it is the caller's legal entity's (starts off)
//	device_dispense.get.access          the caller may read it
func (a *API) get(ctx context.Context, by auth.Subject, patientID, id string) (*Document, error) {
	cfg := a.config.Get()
	patient, err := a.people.Patient(ctx, patientID)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fault.Refuse(rules.DeviceDispenseGetPerson)
	}
	if err != nil {
		return nil, err
	}
	if cfg.On(rules.DeviceDispenseGetPersonActive) && !patient.Active {
		return nil, fault.Refuse(rules.DeviceDispenseGetPersonActive)
	}
	parsed, ok := envelope.ParseID(id)
	if !ok {
		return nil, fault.Refuse(rules.DeviceDispenseGetNotFound)
	}
	d, err := a.store.ofPatient(ctx, patient.Hidden, parsed)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fault.Refuse(rules.DeviceDispenseGetNotFound)
	}
	if err != nil {
		return nil, err
	}
	if cfg.On(rules.DeviceDispenseGetOwner) && !d.isOf(by.ClientID) {
		return nil, fault.Refuse(rules.DeviceDispenseGetOwner)
	}
	if !cfg.On(rules.DeviceDispenseGetAccess) {
		return d, nil
	}
	record := persons.Record{Resource: resource, ID: d.ID}
	if d.PerformerLegalEntity != nil {
		record.LegalEntities = []uuid.UUID{d.PerformerLegalEntity.Identifier.Value}
	}
	may, err := a.people.MayRead(ctx, by, patient, record)
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, fault.Refuse(rules.DeviceDispenseGetAccess)
	}
	return d, nil
}
