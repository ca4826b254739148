package episodes

import (
	"context"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
)

// CancelEpisode serves PATCH /api/patients/{patient_id}/episodes/{episode_id}/actions/cancel.
func (a *API) CancelEpisode(ctx context.Context, req api.CancelEpisodeRequestObject) (api.CancelEpisodeResponseObject, error) {
	job, err := Cancel.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.EpisodeID}, *req.Body)
	return api.CancelEpisode202JSONResponse(job), err
}

type cancelling = operation.Call[*API, Document, api.EpisodeCancel]

// Cancel marks an episode as entered in error.
var Cancel = operation.Transition[*API, Document, api.EpisodeCancel]{
	ID: "cancelEpisode", Collection: Collection, Kind: kind, Again: true,
	Guard: []operation.Check[*cancelling]{
		{Rule: rules.EpisodeCancelPerson, Pass: operation.FindPatient[*API, Document, api.EpisodeCancel]},
		{Rule: rules.EpisodeCancelPersonActive, Pass: operation.CalledPatientIsActive[*API, Document, api.EpisodeCancel]},
		{Rule: rules.EpisodeCancelNotFound, Want: operation.Exists},
		{Rule: rules.EpisodeCancelPatient, Field: "patient_id", Want: operation.Is(operation.Patient)},
	},
	Checks: []operation.Check[*cancelling]{
		{Rule: rules.EpisodeCancelStatus, Field: "status", Want: operation.OneOf(Active, Closed)},
		{Rule: rules.EpisodeCancelOwner, Field: "managing_organization.identifier.value", Want: operation.Is(operation.Client)},
		managed[api.EpisodeCancel](rules.EpisodeCancelManager),
		{Rule: rules.EpisodeCancelReason, Pass: func(_ context.Context, c *cancelling) error {
			return medicalevents.CodesAreKnown(c.API.Dictionaries, "eHealth/cancellation_reasons", c.Body.StatusReason)
		}},
		{Rule: rules.EpisodeCancelEncounters, Pass: encountersAreCancelled, Seen: func(*cancelling) mongodb.Condition {
			return mongodb.Condition{Field: "diagnoses_history.is_active", Operator: mongodb.Not, Values: []any{true}}
		}},
	},
	Change: func(c *cancelling) operation.Change {
		reason := medicalevents.ReceivedConcept(c.Body.StatusReason)
		return operation.Change{
			Set:  map[string]any{"status": EnteredInError, "status_reason": reason, "explanatory_letter": c.Body.ExplanatoryLetter},
			Push: map[string]any{"status_history": StatusChange{Status: EnteredInError, StatusReason: &reason, InsertedAt: c.Now, InsertedBy: c.UserID}},
		}
	},
	Event: operation.Event{Attribute: "status", To: []string{EnteredInError}}, // no entity: the catalogue of events has no episodes
}

// encountersAreCancelled passes when no encounter of the episode is in force. Every
// encounter leaves its diagnoses in the history (decisions R38).
func encountersAreCancelled(_ context.Context, c *cancelling) error {
	inForce := slices.ContainsFunc(c.Document.DiagnosesHistory, func(i DiagnosesItem) bool { return i.IsActive })
	return operation.Expect(!inForce, "encounters of the episode", "each entered in error", "one in force")
}
