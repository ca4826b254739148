package episodes

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/resource/medicalevents"
)

// UpdateEpisode serves PATCH /api/patients/{patient_id}/episodes/{episode_id}.
func (a *API) UpdateEpisode(ctx context.Context, req api.UpdateEpisodeRequestObject) (api.UpdateEpisodeResponseObject, error) {
	job, err := Update.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.EpisodeID}, *req.Body)
	return api.UpdateEpisode202JSONResponse(job), err
}

type updating = operation.Call[*API, Document, api.EpisodeUpdate]

var newCareManager = operation.Reference[*updating]{
	Kind: "employee", Field: "care_manager", Sent: func(c *updating) *api.ReferenceRequest { return c.Body.CareManager },
}

// Update renames an active episode or gives it another care manager.
var Update = operation.Transition[*API, Document, api.EpisodeUpdate]{
	ID: "updateEpisode", Collection: Collection, Kind: kind, Again: true,
	Guard: []operation.Check[*updating]{
		{Rule: rules.EpisodeUpdatePerson, Pass: operation.FindPatient[*API, Document, api.EpisodeUpdate]},
		{Rule: rules.EpisodeUpdatePersonActive, Pass: operation.CalledPatientIsActive[*API, Document, api.EpisodeUpdate]},
		{Rule: rules.EpisodeUpdateNotFound, Want: operation.Exists},
		{Rule: rules.EpisodeUpdatePatient, Field: "patient_id", Want: operation.Is(operation.Patient)},
	},
	Checks: []operation.Check[*updating]{
		{Rule: rules.EpisodeUpdateEmpty, Pass: func(_ context.Context, c *updating) error {
			return operation.Expect(c.Body.Name != nil || c.Body.CareManager != nil, "body", "name or care_manager", "neither")
		}},
		{Rule: rules.EpisodeUpdateOwner, Field: "managing_organization.identifier.value", Want: operation.Is(operation.Client)},
		{Rule: rules.EpisodeUpdateOwnerStatus, Caller: operation.LegalEntityIsActive},
		{Rule: rules.EpisodeUpdateStatus, Field: "status", Want: operation.Is(Active)},
		managed[api.EpisodeUpdate](rules.EpisodeUpdateManager),
		newCareManager.Exists(rules.EpisodeUpdateCareManager),
		{Rule: rules.EpisodeUpdateTypeAllowedEmployee, Pass: newCareManagerMayHaveType},
		newCareManager.OfType(rules.EpisodeUpdateCareManagerType, careManagerTypes),
		newCareManager.InStatus(rules.EpisodeUpdateCareManagerStatus, approved),
		newCareManager.OfCaller(rules.EpisodeUpdateCareManagerOrganization),
	},
	Change: func(c *updating) operation.Change {
		change := operation.Change{Set: map[string]any{}}
		if c.Body.Name != nil {
			change.Set["name"] = *c.Body.Name
		}
		if c.Body.CareManager != nil {
			manager := medicalevents.Received(*c.Body.CareManager)
			manager.DisplayValue = newCareManager.Display(c)
			change.Set["care_manager"] = manager
		}
		return change
	},
}

func newCareManagerMayHaveType(ctx context.Context, c *updating) error {
	found, err := newCareManager.Referent(ctx, c)
	if err != nil || found == nil {
		return err
	}
	return typeIsAmong(c.Config.EpisodeEmployeeTypes[found.Type], c.Document.Type.Code, "a care_manager of type "+found.Type)
}
