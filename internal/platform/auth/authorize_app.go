package auth

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// AuthorizeApp lets a client act for the user, and gives a code that tells it.
func (a *API) AuthorizeApp(ctx context.Context, req api.AuthorizeAppRequestObject) (api.AuthorizeAppResponseObject, error) {
	code, err := a.authorizeApp(ctx, From(ctx).UserID, req.Body.App)
	if err != nil {
		return nil, err
	}
	location := withCode(code.Details.RedirectURI, code.Value)
	return api.AuthorizeApp201JSONResponse{
		Headers: api.AuthorizeApp201ResponseHeaders{Location: location},
		Body: api.AuthorizeResponse{
			Meta: envelope.Created(ctx, code.ID.String()),
			Data: api.AuthorizationCode{
				ID: code.ID.String(), Name: code.Name, Value: code.Value, UserID: code.UserID.String(), ExpiresAt: code.ExpiresAt,
				Details: api.AuthorizationCodeDetails{
					ClientID: code.Details.ClientID.String(), GrantType: code.Details.GrantType,
					RedirectURI: code.Details.RedirectURI, ScopeRequest: code.Details.ScopeRequest,
				},
			},
			Urgent: api.AuthorizeUrgent{RedirectURI: location},
		},
	}, nil
}

// authorizeApp grants the scope and makes the code. Its checks, in this order
// (mithril 2019, authorization.ex):
//
//	app.authorize.client_id_required   client_id is not blank
//	app.authorize.client_id            and is a uuid
//	app.authorize.redirect_uri         redirect_uri is not blank, in one answer with client_id
//	app.authorize.client               the client exists
//	app.authorize.client_blocked       and is not blocked
//	app.authorize.redirect             redirect_uri fits one of its connections
//	app.authorize.scope_empty          a scope is sent
//	app.authorize.scope_client_type    the client's type allows it
//	app.authorize.scope_roles          the user's roles allow it
//
// That the user exists and is not blocked was checked with the token.
func (a *API) authorizeApp(ctx context.Context, user uuid.UUID, app api.AuthorizeApproval) (token, error) {
	clientID, err := checkApp(app)
	if err != nil {
		return token{}, err
	}
	c, err := a.store.client(ctx, clientID)
	if errors.Is(err, fault.ErrNotFound) {
		return token{}, fault.Refuse(rules.AppAuthorizeClient)
	}
	if err != nil {
		return token{}, err
	}
	cfg := a.config.Get()
	if cfg.On(rules.AppAuthorizeClientBlocked) && c.IsBlocked {
		return token{}, fault.Refuse(rules.AppAuthorizeClientBlocked)
	}
	registered, err := a.store.redirects(ctx, c.ID)
	if err != nil {
		return token{}, err
	}
	if !slices.ContainsFunc(registered, func(uri string) bool { return fits(uri, *app.RedirectURI) }) {
		return token{}, fault.Refuse(rules.AppAuthorizeRedirect)
	}
	scope := scopeOf(deref(app.Scope))
	if err := a.checkScope(ctx, user, c, scope); err != nil {
		return token{}, err
	}

	now := a.clock.Now()
	code := newToken(AuthorizationCode, user, now, cfg.AuthCodeLifetime, details{
		ClientID: c.ID, GrantType: password, RedirectURI: *app.RedirectURI, ScopeRequest: strings.Join(scope, " "),
	})
	return code, a.store.grant(ctx, code, now)
}

// checkApp judges the fields together.
func checkApp(app api.AuthorizeApproval) (clientID uuid.UUID, err error) {
	var joined *fault.Error
	clientID, ok := envelope.ParseID(deref(app.ClientID))
	switch {
	case strings.TrimSpace(deref(app.ClientID)) == "":
		joined = fault.Refuse(rules.AppAuthorizeClientIDRequired)
	case !ok:
		joined = fault.Refuse(rules.AppAuthorizeClientID)
	}
	if strings.TrimSpace(deref(app.RedirectURI)) == "" {
		joined = fault.Join(joined, fault.Refuse(rules.AppAuthorizeRedirectUri))
	}
	return clientID, refusal(joined)
}

// checkScope judges what is asked for against the client's type and the user's roles.
func (a *API) checkScope(ctx context.Context, user uuid.UUID, c *client, scope []string) error {
	if len(scope) == 0 {
		return fault.Refuse(rules.AppAuthorizeScopeEmpty)
	}
	if len(Missing(scope, c.TypeScope)) > 0 {
		return fault.Refuse(rules.AppAuthorizeScopeClientType)
	}
	allowed, err := a.store.roleScope(ctx, user, c.ID)
	if err != nil {
		return err
	}
	if len(Missing(scope, allowed)) > 0 {
		return fault.Refuse(rules.AppAuthorizeScopeRoles)
	}
	return nil
}

// scopeOf reads a list of scopes: each once, in the order sent.
func scopeOf(text string) []string {
	var scope []string
	for _, word := range strings.Fields(text) {
		if !slices.Contains(scope, word) {
			scope = append(scope, word)
		}
	}
	return scope
}
