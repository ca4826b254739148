package oauth

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// AuthorizeApp serves POST /oauth/apps/authorize: it lets a client act for the
// user and returns a code for the client.
func (a *API) AuthorizeApp(ctx context.Context, req api.AuthorizeAppRequestObject) (api.AuthorizeAppResponseObject, error) {
	s := &consent{Caller: a.Engine.Caller(ctx), store: a.store(), app: req.Body.App, scope: scopeOf(text(req.Body.App.Scope))}
	if err := operation.Run(ctx, authorizeAppChecks, s); err != nil {
		return nil, err
	}
	now := a.Engine.Clock.Now()
	code := newToken(auth.AuthorizationCode, s.UserID, now, s.Config.AuthCodeLifetime, details{
		ClientID: s.client.ID, GrantType: password, RedirectURI: *s.app.RedirectURI, ScopeRequest: strings.Join(s.scope, " "),
	})
	app, err := s.store.grant(ctx, code, now)
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
					AppID: app.String(), ClientID: code.Details.ClientID.String(), GrantType: code.Details.GrantType,
					RedirectURI: code.Details.RedirectURI, ScopeRequest: code.Details.ScopeRequest,
				},
			},
			Urgent: api.AuthorizeUrgent{RedirectURI: location},
		},
	}, nil
}

// consent is one call of authorizeApp.
type consent struct {
	operation.Caller
	store    store
	app      api.AuthorizeApproval
	scope    []string
	clientID uuid.UUID
	client   *client
}

// The order is that of mithril 2019 (authorization.ex). The gateway has checked
// with the token that the user exists and is not blocked.
var authorizeAppChecks = []operation.Check[*consent]{
	{Rule: rules.AppAuthorizeClientIDRequired, Pass: func(_ context.Context, s *consent) error { return notBlank(text(s.app.ClientID)) }},
	{Rule: rules.AppAuthorizeClientID, Pass: func(_ context.Context, s *consent) error {
		id, ok := envelope.ParseID(text(s.app.ClientID))
		s.clientID = id
		return operation.Expect(ok || notBlank(text(s.app.ClientID)) != nil, "client_id", "a UUID", "another text") // a blank one is the first check's
	}},
	{Rule: rules.AppAuthorizeRedirectUri, Pass: func(_ context.Context, s *consent) error { return notBlank(text(s.app.RedirectURI)) }},
	{Rule: rules.AppAuthorizeClient, Pass: func(ctx context.Context, s *consent) (err error) {
		s.client, err = s.store.client(ctx, s.clientID)
		return err
	}},
	{Rule: rules.AppAuthorizeClientBlocked, Pass: func(_ context.Context, s *consent) error {
		return operation.Expect(!s.client.IsBlocked, "client", "not blocked", "blocked")
	}},
	{Rule: rules.AppAuthorizeRedirect, Pass: redirectIsRegistered},
	{Rule: rules.AppAuthorizeScopeEmpty, Pass: func(_ context.Context, s *consent) error {
		return operation.Expect(len(s.scope) > 0, "scope", "one scope at least", "none")
	}},
	{Rule: rules.AppAuthorizeScopeClientType, Pass: func(_ context.Context, s *consent) error { return s.within(s.client.TypeScope) }},
	{Rule: rules.AppAuthorizeScopeRoles, Pass: rolesAllowScope},
}

// notBlank refuses a field that is absent or has spaces only.
func notBlank(field string) error {
	return operation.Expect(strings.TrimSpace(field) != "", "the field", "a text", "nothing, or blanks")
}

func redirectIsRegistered(ctx context.Context, s *consent) error {
	registered, err := s.store.redirects(ctx, s.client.ID)
	if err != nil {
		return err
	}
	return operation.Expect(slices.ContainsFunc(registered, func(uri string) bool { return fits(uri, *s.app.RedirectURI) }),
		"redirect_uri", registered, "another address")
}

func rolesAllowScope(ctx context.Context, s *consent) error {
	allowed, err := s.store.roleScope(ctx, s.UserID, s.client.ID)
	if err != nil {
		return err
	}
	return s.within(allowed)
}

func (s *consent) within(allowed []string) error {
	if len(auth.Missing(s.scope, allowed)) == 0 {
		return nil
	}
	return operation.Explained(fault.ScopeFact("scope", s.scope, allowed))
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
