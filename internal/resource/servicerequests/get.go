package servicerequests

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

// GetServiceRequest serves GET /api/patients/{patient_id}/service_requests/{service_request_id}.
func (a *API) GetServiceRequest(
	ctx context.Context, req api.GetServiceRequestRequestObject,
) (api.GetServiceRequestResponseObject, error) {
	d, err := a.get(ctx, auth.From(ctx), req.PatientID, req.ServiceRequestID)
	if err != nil {
		return nil, err
	}
	shown, _, err := a.show(d)
	if err != nil {
		return nil, err
	}
	return api.GetServiceRequest200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: shown}, nil
}

// get returns a service request that the caller may read. In this order (decisions R26):
//
//	service_request.get.person          the patient exists
//	service_request.get.person_active   the patient is active
//	service_request.get.not_found       the service request exists and is the patient's
//	service_request.get.access          the caller may read it
func (a *API) get(ctx context.Context, by auth.Subject, patientID, id string) (*Document, error) {
	cfg := a.config.Get()
	patient, err := a.people.Patient(ctx, patientID)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fault.Refuse(rules.ServiceRequestGetPerson)
	}
	if err != nil {
		return nil, err
	}
	if cfg.On(rules.ServiceRequestGetPersonActive) && !patient.Active {
		return nil, fault.Refuse(rules.ServiceRequestGetPersonActive)
	}
	parsed, ok := envelope.ParseID(id)
	if !ok {
		return nil, fault.Refuse(rules.ServiceRequestGetNotFound)
	}
	d, err := a.store.ofPatient(ctx, patient.Hidden, parsed)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fault.Refuse(rules.ServiceRequestGetNotFound)
	}
	if err != nil {
		return nil, err
	}
	if !cfg.On(rules.ServiceRequestGetAccess) {
		return d, nil
	}
	may, err := a.people.MayRead(ctx, by, patient, persons.Record{
		Resource: "service_request", ID: d.ID, LegalEntities: []uuid.UUID{d.RequesterLegalEntity.Identifier.Value},
	})
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, fault.Refuse(rules.ServiceRequestGetAccess)
	}
	return d, nil
}
