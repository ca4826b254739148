package episodes

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/resource/medicalevents"
)

// CloseEpisode serves PATCH /api/patients/{patient_id}/episodes/{episode_id}/actions/close.
func (a *API) CloseEpisode(ctx context.Context, req api.CloseEpisodeRequestObject) (api.CloseEpisodeResponseObject, error) {
	job, err := Close.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.EpisodeID}, *req.Body)
	return api.CloseEpisode202JSONResponse(job), err
}

type closing = operation.Call[*API, Document, api.EpisodeClose]

// Close ends an episode. Its service requests stay as they are (decisions R38).
var Close = operation.Transition[*API, Document, api.EpisodeClose]{
	ID: "closeEpisode", Collection: Collection, Kind: kind, Again: true,
	Guard: []operation.Check[*closing]{
		{Rule: rules.EpisodeClosePerson, Pass: operation.FindPatient[*API, Document, api.EpisodeClose]},
		{Rule: rules.EpisodeClosePersonActive, Pass: operation.CalledPatientIsActive[*API, Document, api.EpisodeClose]},
		{Rule: rules.EpisodeCloseNotFound, Want: operation.Exists},
		{Rule: rules.EpisodeClosePatient, Field: "patient_id", Want: operation.Is(operation.Patient)},
	},
	Checks: []operation.Check[*closing]{
		{Rule: rules.EpisodeCloseStatus, Field: "status", Want: operation.Is(Active)},
		{Rule: rules.EpisodeCloseOwner, Field: "managing_organization.identifier.value", Want: operation.Is(operation.Client)},
		managed[api.EpisodeClose](rules.EpisodeCloseManager),
		{Rule: rules.EpisodeClosePeriodEnd, Pass: endsAfterItsStart},
		{Rule: rules.EpisodeClosePeriodEndPast, Pass: endIsPast},
		{Rule: rules.EpisodeCloseReason, Pass: reasonIsKnown},
	},
	Change: func(c *closing) operation.Change {
		reason := medicalevents.ReceivedConcept(c.Body.StatusReason)
		return operation.Change{
			Set: map[string]any{
				"status": Closed, "status_reason": reason, "closing_summary": c.Body.ClosingSummary, "period.end": moment(c.Body.Period.End),
			},
			Push: map[string]any{"status_history": StatusChange{Status: Closed, StatusReason: &reason, InsertedAt: c.Now, InsertedBy: c.UserID}},
		}
	},
	Event: operation.Event{Attribute: "status", To: []string{Closed}}, // no entity: the catalogue of events has no episodes
}

func endsAfterItsStart(_ context.Context, c *closing) error {
	return operation.Expect(!day(moment(c.Body.Period.End)).Before(day(c.Document.Period.Start)), "period.end",
		"on the day of period.start or later", "an earlier day")
}

func endIsPast(_ context.Context, c *closing) error {
	return operation.Expect(!moment(c.Body.Period.End).After(c.Now), "period.end", "not in the future", "a later moment")
}

func reasonIsKnown(_ context.Context, c *closing) error {
	return medicalevents.CodesAreKnown(c.API.Dictionaries, "eHealth/episode_closing_reasons", c.Body.StatusReason)
}
