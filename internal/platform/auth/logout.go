package auth

import (
	"context"
	"errors"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// Logout ends the session of the token that it is called with (general.apib
// L108: the refresh token of the session too). It has no checks but the
// gateway's; a call that another logout has overtaken is answered as if it had
// come after it.
func (a *API) Logout(ctx context.Context, _ api.LogoutRequestObject) (api.LogoutResponseObject, error) {
	who := IdentityFrom(ctx)
	err := a.store.endSession(ctx, who.TokenID, who.ExpiresAt, a.clock.Now())
	if errors.Is(err, fault.ErrStale) {
		return nil, fault.Refuse(rules.GatewayTokenExpired)
	}
	if err != nil {
		return nil, err
	}
	return api.Logout200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: map[string]any{}}, nil
}
