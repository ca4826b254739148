package oauth

import (
	"context"
	"errors"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// Logout serves POST /auth/logout: it ends the session of the token that it is
// called with, the session's refresh token included (general.apib L108). It has
// only the gateway's checks. A call that loses a race against another logout
// gets the answer of an expired token, as if it had come later.
func (a *API) Logout(ctx context.Context, _ api.LogoutRequestObject) (api.LogoutResponseObject, error) {
	by := auth.IdentityFrom(ctx)
	err := a.store().endSession(ctx, by.TokenID, by.ExpiresAt, a.Engine.Clock.Now())
	if errors.Is(err, fault.ErrStale) {
		return nil, fault.Refuse(rules.GatewayTokenExpired)
	}
	if err != nil {
		return nil, err
	}
	return api.Logout200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: map[string]any{}}, nil
}
