package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"esoz/gen/api"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
)

// GetUser serves GET /oauth/user: the user of the token. It has only the
// gateway's checks.
func (a *API) GetUser(ctx context.Context, _ api.GetUserRequestObject) (api.GetUserResponseObject, error) {
	u, err := a.store().user(ctx, auth.From(ctx).UserID)
	if err != nil {
		return nil, err
	}
	settings := map[string]any{}
	if err := json.Unmarshal(u.Settings, &settings); err != nil {
		return nil, fmt.Errorf("settings of user %s: %w", u.ID, err)
	}
	data := api.User{
		ID: u.ID.String(), Email: u.Email, IsBlocked: u.IsBlocked, BlockReason: u.BlockReason, TaxID: u.TaxID,
		Settings: settings, InsertedAt: zoneless(u.InsertedAt), UpdatedAt: zoneless(u.UpdatedAt),
	}
	if u.PersonID != nil {
		data.PersonID = present(u.PersonID.String())
	}
	return api.GetUser200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: data}, nil
}

// zoneless prints a moment in UTC without its Z, as only this operation does.
func zoneless(t time.Time) string { return strings.TrimSuffix(envelope.Micro(t), "Z") }
