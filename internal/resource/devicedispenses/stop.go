package devicedispenses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/subject"
)

// StopDeviceDispense serves PATCH /api/patients/{patient_id}/device_dispenses/{device_dispense_id}/actions/stop.
func (a *API) StopDeviceDispense(
	ctx context.Context, req api.StopDeviceDispenseRequestObject,
) (api.StopDeviceDispenseResponseObject, error) {
	job, err := a.startStop(ctx, auth.From(ctx), req.PatientID, req.DeviceDispenseID)
	if err != nil {
		return nil, err
	}
	return api.StopDeviceDispense202JSONResponse(jobs.Accepted(ctx, job)), nil
}

// operation is the operationId under which stops are queued.
const operation = "stopDeviceDispense"

// stopParams identify a request: the same caller stopping the same dispense
// gets the same job while it is pending.
type stopParams struct {
	ID       uuid.UUID `json:"device_dispense_id"`
	UserID   uuid.UUID `json:"user_id"`
	ClientID uuid.UUID `json:"client_id"`
}

// startStop runs every check, so that the caller gets the documented status,
// and leaves the change to a job. Token and scope are already checked; the rest
// in this order (seed 004):
//
//	device_dispense.stop.legal_entity_type     the caller's legal entity is of an allowed type (starts off)
//	device_dispense.stop.legal_entity          it exists
//	device_dispense.stop.legal_entity_status   it is ACTIVE
//	device_dispense.stop.not_found             the dispense exists
//	device_dispense.stop.patient               it is the patient's of the URL
//	device_dispense.stop.owner_conflict        it is the caller's legal entity's, told by a 409 (starts off)
//	device_dispense.stop.owner                 it is the caller's legal entity's
//	device_dispense.stop.status                it is in progress
func (a *API) startStop(ctx context.Context, by auth.Subject, patientID, id string) (*jobs.Job, error) {
	if err := a.checkLegalEntity(by.LegalEntity); err != nil {
		return nil, err
	}
	d, err := a.own(ctx, by, patientID, id)
	if err != nil {
		return nil, err
	}
	params := stopParams{ID: d.ID, UserID: by.UserID, ClientID: by.ClientID}
	if refusal := checkStop(d); refusal != nil {
		// The same request's job may be pending still, and the state its work.
		job, err := a.queue.Pending(ctx, operation, params)
		if errors.Is(err, fault.ErrNotFound) {
			return nil, refusal
		}
		return job, err
	}
	return a.queue.Start(ctx, operation, params)
}

func (a *API) checkLegalEntity(le *subject.LegalEntity) error {
	cfg := a.config.Get()
	switch {
	case le != nil && cfg.On(rules.DeviceDispenseStopLegalEntityType) && !slices.Contains(cfg.MedicalEventsLETypes, le.Type):
		return fault.Refuse(rules.DeviceDispenseStopLegalEntityType)
	case le == nil:
		return fault.Refuse(rules.DeviceDispenseStopLegalEntity)
	case le.Status != subject.Active:
		return fault.Refuse(rules.DeviceDispenseStopLegalEntityStatus)
	}
	return nil
}

// own returns the dispense of the path when it is the caller's to stop. A
// stranger must not learn which ids exist.
func (a *API) own(ctx context.Context, by auth.Subject, patientID, id string) (*Document, error) {
	cfg := a.config.Get()
	parsed, ok := envelope.ParseID(id)
	if !ok {
		return nil, fault.Refuse(rules.DeviceDispenseStopNotFound)
	}
	d, err := a.store.get(ctx, parsed)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fault.Refuse(rules.DeviceDispenseStopNotFound)
	}
	if err != nil {
		return nil, err
	}
	patient, ok := envelope.ParseID(patientID)
	switch {
	case cfg.On(rules.DeviceDispenseStopPatient) && (!ok || d.Subject != a.keys.PatientID(patient)):
		return nil, fault.Refuse(rules.DeviceDispenseStopPatient)
	case cfg.On(rules.DeviceDispenseStopOwnerConflict) && !d.isOf(by.ClientID):
		return nil, fault.Refuse(rules.DeviceDispenseStopOwnerConflict)
	case !d.isOf(by.ClientID):
		return nil, fault.Refuse(rules.DeviceDispenseStopOwner)
	}
	return d, nil
}

// checkStop tells why a dispense cannot be stopped, nil when it can.
func checkStop(d *Document) *fault.Error {
	if d.Status != InProgress {
		return fault.Refuse(rules.DeviceDispenseStopStatus, "status", d.Status)
	}
	return nil
}

// CarryOutStop is the jobs.Handler of Stop Device Dispense.
func (a *API) CarryOutStop(ctx context.Context, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
	var params stopParams
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, fmt.Errorf("decode params: %w", err)
	}
	by := stop{id: params.ID, by: params.UserID, at: a.clock.Now().Truncate(time.Millisecond), job: jobID}
	d, err := a.store.stop(ctx, by)
	if errors.Is(err, fault.ErrStale) {
		d, err = a.stoppedBefore(ctx, by)
	}
	if err != nil {
		return nil, err
	}
	patient, err := a.keys.OpenPatientID(d.Subject)
	if err != nil {
		return nil, fmt.Errorf("device dispense %s: %w", d.ID, err)
	}
	if mark, ok := d.AppliedJobs.Of(jobID); ok {
		by.at = mark.At // a job that carries on after a crash tells of the moment of the change
	}
	return &jobs.Outcome{
		Links:  []jobs.Link{{Entity: "device_dispense", Href: fmt.Sprintf("/api/patients/%s/device_dispenses/%s", patient, d.ID)}},
		Commit: func(ctx context.Context, tx postgres.Tx) error { return commitStop(ctx, tx, by) },
		Forget: func(ctx context.Context) error { return a.store.forget(ctx, by.id, by.mark()) },
	}, nil
}

// stoppedBefore returns the dispense when an earlier try of the job has stopped
// it, whatever others have done to it since, and refuses when somebody else was
// faster.
func (a *API) stoppedBefore(ctx context.Context, by stop) (*Document, error) {
	d, err := a.store.get(ctx, by.id)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return nil, fault.Refuse(rules.DeviceDispenseStopNotFound)
	case err != nil:
		return nil, err
	}
	if _, ours := d.AppliedJobs.Of(by.job); ours {
		return d, nil
	}
	if refusal := checkStop(d); refusal != nil {
		return nil, refusal
	}
	return nil, fault.ErrStale // it is in progress again already: try once more
}

// commitStop writes the event and the audit row of a stop.
func commitStop(ctx context.Context, tx postgres.Tx, by stop) error {
	err := events.Write(ctx, tx, events.Event{
		ID: events.IDOfJob(by.job), Type: events.StatusChange, EntityType: "DeviceDispense", EntityID: by.id,
		Attribute: "status", NewValue: Stopped, At: by.at, ChangedBy: by.by,
	})
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{
		Actor: by.by, Resource: Collection, ResourceID: by.id, At: by.at, Changeset: by.changes(),
	})
}
