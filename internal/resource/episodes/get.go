package episodes

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// GetEpisode serves GET /api/patients/{patient_id}/episodes/{episode_id}.
func (a *API) GetEpisode(ctx context.Context, req api.GetEpisodeRequestObject) (api.GetEpisodeResponseObject, error) {
	d, err := Get.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.EpisodeID})
	if err != nil {
		return nil, err
	}
	return api.GetEpisode200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: d.show()}, nil
}

// Get reads an episode of a patient (decisions R36, R41).
var Get = operation.Record[Document]{
	ID: "getEpisode", Collection: Collection, Kind: kind,
	Grounds: func(d *Document) operation.Grounds {
		return operation.Grounds{
			Access: operation.Access{LegalEntities: []uuid.UUID{d.ManagingOrganization.Identifier.Value}}, Episode: d.ID,
		}
	},
	Hides: func(d *Document) (operation.Items, uuid.UUID) { return d.Items, d.InsertedBy },
	Checks: []operation.Check[*operation.Reading[Document]]{
		{Rule: rules.EpisodeGetAccess, Pass: operation.MayReadEvent[Document]},
		{Rule: rules.EpisodeGetNotFound, Pass: operation.IsFound[Document]},
		{Rule: rules.EpisodeGetForbiddenGroup, Pass: operation.IsNotForbidden[Document]},
	},
}
