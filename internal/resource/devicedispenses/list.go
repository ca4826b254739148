package devicedispenses

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/validation"
	"esoz/internal/resource/persons"
)

// ListDeviceDispenses serves GET /api/patients/{patient_id}/device_dispenses.
func (a *API) ListDeviceDispenses(
	ctx context.Context, req api.ListDeviceDispensesRequestObject,
) (api.ListDeviceDispensesResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.list(ctx, auth.From(ctx), req.PatientID, req.Params, page)
	if err != nil {
		return nil, err
	}
	data := make([]api.DeviceDispense, len(found))
	for i := range found {
		if data[i], err = a.show(&found[i]); err != nil {
			return nil, err
		}
	}
	return api.ListDeviceDispenses200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptyMedicalEvents),
	}, nil
}

// list returns the device dispenses of a patient. In this order, the first five
// in one answer (decisions R26):
//
//	device_dispense.list.unknown_parameter   no other filter was sent
//	device_dispense.list.id_filter           ids are uuids
//	device_dispense.list.date_time_filter    moments have the form of one
//	device_dispense.list.date_time_exists    and exist
//	device_dispense.list.status              status is one of the statuses
//	device_dispense.list.person              the patient exists
//	device_dispense.list.person_active       the patient is active (starts off)
//	device_dispense.list.access              the caller may read what was asked for
func (a *API) list(
	ctx context.Context, by auth.Subject, patientID string, params api.ListDeviceDispensesParams, page envelope.Page,
) (found []Document, total int, err error) {
	cfg := a.config.Get()
	f, refusal := filterOf(params, envelope.RequestFrom(ctx).Undeclared, cfg)
	if refusal != nil {
		return nil, 0, refusal
	}
	patient, err := a.people.Patient(ctx, patientID)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, 0, fault.Refuse(rules.DeviceDispenseListPerson)
	}
	if err != nil {
		return nil, 0, err
	}
	if cfg.On(rules.DeviceDispenseListPersonActive) && !patient.Active {
		return nil, 0, fault.Refuse(rules.DeviceDispenseListPersonActive)
	}
	if cfg.On(rules.DeviceDispenseListAccess) {
		record := persons.Record{Resource: resource}
		if owner, asked := f.equal[ownerPath].(uuid.UUID); asked {
			record.LegalEntities = []uuid.UUID{owner}
		}
		may, err := a.people.MayRead(ctx, by, patient, record)
		if err != nil {
			return nil, 0, err
		}
		if !may {
			return nil, 0, fault.Refuse(rules.DeviceDispenseListAccess)
		}
	}
	f.patient = patient.Hidden
	return a.store.list(ctx, f, page)
}

// ownerPath is where a dispense names the legal entity that has made it.
const ownerPath = "performer_legal_entity.identifier.value"

// filterOf reads the query; everything that is wrong with it comes in one refusal.
func filterOf(params api.ListDeviceDispensesParams, undeclared map[string]string, cfg *config.Config) (filter, *fault.Error) {
	q := query{found: filter{equal: map[string]any{}}}
	if cfg.On(rules.DeviceDispenseListUnknownParameter) {
		for _, name := range slices.Sorted(maps.Keys(undeclared)) {
			q.refuse(fault.RefuseAt(rules.DeviceDispenseListUnknownParameter, "$."+name, map[string]any{"properties": undeclared}))
		}
	}
	q.id("based_on", params.BasedOn, "based_on.identifier.value")
	q.id("performer_legal_entity", params.PerformerLegalEntity, ownerPath)
	q.id("location", params.Location, "location.identifier.value")
	q.id("performer", params.Performer, "performer.identifier.value")
	q.id("part_of", params.PartOf, "part_of.identifier.value")
	q.id("encounter", params.Encounter, "encounter.identifier.value")
	q.id("context_episode_id", params.ContextEpisodeID, "context_episode_id")
	q.id("origin_episode_id", params.OriginEpisodeID, "origin_episode_id")
	q.id("device", params.Device, "details.device.identifier.value")
	q.id("program", params.Program, "program.identifier.value")
	q.found.handedOver.from = q.moment("when_handed_over_from", params.WhenHandedOverFrom)
	q.found.handedOver.to = q.moment("when_handed_over_to", params.WhenHandedOverTo)
	q.found.inserted.from = q.moment("inserted_at_from", params.InsertedAtFrom)
	q.found.inserted.to = q.moment("inserted_at_to", params.InsertedAtTo)
	if params.DeviceCode != nil {
		q.found.equal["details.device_code.coding.code"] = *params.DeviceCode
	}
	if params.Status != nil {
		if cfg.On(rules.DeviceDispenseListStatus) && !slices.Contains(Statuses, *params.Status) {
			q.refuse(fault.Refuse(rules.DeviceDispenseListStatus))
		}
		q.found.equal["status"] = *params.Status
	}
	return q.found, fault.Join(q.wrong...)
}

// query collects what a query asks for and what is wrong with it.
type query struct {
	found filter
	wrong []*fault.Error
}

func (q *query) refuse(refusal *fault.Error) { q.wrong = append(q.wrong, refusal) }

// id reads a filter that must be a uuid and be found at path.
func (q *query) id(parameter string, value *string, path string) {
	if value == nil {
		return
	}
	id, ok := envelope.ParseID(*value)
	if !ok || !validation.IsUUID(*value) {
		q.refuse(fault.Refuse(rules.DeviceDispenseListIDFilter, "parameter", parameter))
		return
	}
	q.found.equal[path] = id
}

// moment reads a filter that must be a date and time.
func (q *query) moment(parameter string, value *string) *time.Time {
	if value == nil {
		return nil
	}
	if !validation.HasDateTimeForm(*value) {
		q.refuse(fault.Refuse(rules.DeviceDispenseListDateTimeFilter, "parameter", parameter, "actual", *value))
		return nil
	}
	moment, err := time.Parse(time.RFC3339Nano, *value)
	if err != nil {
		q.refuse(fault.Refuse(rules.DeviceDispenseListDateTimeExists, "parameter", parameter, "actual", *value))
		return nil
	}
	return &moment
}
