package servicerequests

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

// ReleaseServiceRequest serves PATCH /api/service_requests/{service_request_id}/actions/release.
func (a *API) ReleaseServiceRequest(
	ctx context.Context, req api.ReleaseServiceRequestRequestObject,
) (api.ReleaseServiceRequestResponseObject, error) {
	job, err := a.startRelease(ctx, auth.From(ctx), req.ServiceRequestID)
	if err != nil {
		return nil, err
	}
	return api.ReleaseServiceRequest202JSONResponse(jobs.Accepted(ctx, job)), nil
}

// operation is the operationId under which releases are queued.
const operation = "releaseServiceRequest"

// releaseParams identify a request: the same caller releasing the same service
// request gets the same job while it is pending.
type releaseParams struct {
	ID       uuid.UUID `json:"service_request_id"`
	UserID   uuid.UUID `json:"user_id"`
	ClientID uuid.UUID `json:"client_id"`
}

// startRelease runs every check, so that the caller gets the documented status,
// and leaves the change to a job. Token and scope are already checked; the rest
// in this order (seed 002):
//
//	service_request.release.legal_entity          the caller's legal entity exists
//	service_request.release.legal_entity_type     it is of an allowed type
//	service_request.release.legal_entity_status   it is ACTIVE
//	service_request.release.not_found             the service request exists
//	and those of checkRelease
func (a *API) startRelease(ctx context.Context, by auth.Subject, id string) (*jobs.Job, error) {
	if err := a.checkLegalEntity(by.LegalEntity); err != nil {
		return nil, err
	}
	parsed, ok := envelope.ParseID(id)
	if !ok {
		return nil, fault.Refuse(rules.ServiceRequestReleaseNotFound)
	}
	d, err := a.store.get(ctx, parsed)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fault.Refuse(rules.ServiceRequestReleaseNotFound)
	}
	if err != nil {
		return nil, err
	}
	params := releaseParams{ID: d.ID, UserID: by.UserID, ClientID: by.ClientID}
	if refusal := a.checkRelease(d, by.ClientID); refusal != nil {
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
	switch {
	case le == nil:
		return fault.Refuse(rules.ServiceRequestReleaseLegalEntity)
	case !slices.Contains(a.config.Get().MedicalEventsLETypes, le.Type):
		return fault.Refuse(rules.ServiceRequestReleaseLegalEntityType)
	case le.Status != subject.Active:
		return fault.Refuse(rules.ServiceRequestReleaseLegalEntityStatus)
	}
	return nil
}

// checkRelease tells why a service request cannot be released, nil when it can.
// In this order:
//
//	service_request.release.status           it is active
//	service_request.release.program_status   it waits in the queue
//	service_request.release.owner            the caller's legal entity holds it (starts off, decisions R8)
func (a *API) checkRelease(d *Document, clientID uuid.UUID) *fault.Error {
	switch {
	case d.Status != Active:
		return fault.Refuse(rules.ServiceRequestReleaseStatus)
	case d.programStatus() != ProgramInQueue:
		return fault.Refuse(rules.ServiceRequestReleaseProgramStatus)
	case a.config.Get().On(rules.ServiceRequestReleaseOwner) && !d.isUsedBy(clientID):
		return fault.Refuse(rules.ServiceRequestReleaseOwner)
	}
	return nil
}

// CarryOutRelease is the jobs.Handler of Release Service Request.
func (a *API) CarryOutRelease(ctx context.Context, jobID string, raw json.RawMessage) (*jobs.Outcome, error) {
	var params releaseParams
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, fmt.Errorf("decode params: %w", err)
	}
	r := release{id: params.ID, by: params.UserID, at: a.clock.Now().Truncate(time.Millisecond), job: jobID}
	if a.config.Get().On(rules.ServiceRequestReleaseOwner) {
		r.owner = &params.ClientID
	}
	d, err := a.store.release(ctx, r)
	if errors.Is(err, fault.ErrStale) {
		d, err = a.releasedBefore(ctx, r, params.ClientID)
	}
	if err != nil {
		return nil, err
	}
	patient, err := a.keys.OpenPatientID(d.Subject)
	if err != nil {
		return nil, fmt.Errorf("service request %s: %w", d.ID, err)
	}
	if mark, ok := d.AppliedJobs.Of(jobID); ok {
		r.at = mark.At // a job that carries on after a crash tells of the moment of the change
	}
	return &jobs.Outcome{
		Links:  []jobs.Link{{Entity: "service_request", Href: fmt.Sprintf("/api/patients/%s/service_requests/%s", patient, d.ID)}},
		Commit: func(ctx context.Context, tx postgres.Tx) error { return a.commitRelease(ctx, tx, r) },
		Forget: func(ctx context.Context) error { return a.store.forget(ctx, r.id, r.mark()) },
	}, nil
}

// releasedBefore returns the service request when an earlier try of the job has
// released it, whatever others have done to it since, and refuses when somebody
// else was faster.
func (a *API) releasedBefore(ctx context.Context, r release, clientID uuid.UUID) (*Document, error) {
	d, err := a.store.get(ctx, r.id)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return nil, fault.Refuse(rules.ServiceRequestReleaseNotFound)
	case err != nil:
		return nil, err
	}
	if _, ours := d.AppliedJobs.Of(r.job); ours {
		return d, nil
	}
	if refusal := a.checkRelease(d, clientID); refusal != nil {
		return nil, refusal
	}
	return nil, fault.ErrStale // it can be released again already: try once more
}

// commitRelease writes the event and the audit row of a release.
func (a *API) commitRelease(ctx context.Context, tx postgres.Tx, r release) error {
	err := events.Write(ctx, tx, events.Event{
		ID: events.IDOfJob(r.job), Type: events.StateChange, EntityType: "ServiceRequest", EntityID: r.id,
		Attribute: "program_processing_status", NewValue: ProgramNew, At: r.at, ChangedBy: r.by,
	})
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{
		Actor: r.by, Resource: Collection, ResourceID: r.id, At: r.at,
		Changeset: r.changes(),
	})
}
