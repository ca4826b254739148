package auth

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// CreateToken exchanges a code, or a refresh token, for an access token.
func (a *API) CreateToken(ctx context.Context, req api.CreateTokenRequestObject) (api.CreateTokenResponseObject, error) {
	access, refresh, err := a.createToken(ctx, req.Body.Token)
	if err != nil {
		return nil, err
	}
	return api.CreateToken201JSONResponse{
		Meta: envelope.Created(ctx, access.ID.String()),
		Data: access.render(refresh),
	}, nil
}

// createToken gives an access token and the value of the refresh token that
// belongs to it. Its checks, in this order (mithril 2019, grant_type/authorization_code.ex and refresh_token.ex):
//
//	token.create.grant_type_required   grant_type is sent
//	token.create.grant_type            and is authorization_code or refresh_token
//	token.create.client_id             not blank, all fields in one answer
//	token.create.client_secret         not blank
//	token.create.code                  not blank (code)
//	token.create.redirect_uri          not blank (code)
//	token.create.refresh_token         not blank (refresh token)
//	token.create.connection            a connection has this client and this secret
//	token.create.grant                 the code, or the refresh token, exists
//	token.create.grant_client          and was given to this client
//	token.create.grant_expired         and has not ended
//	token.create.redirect              redirect_uri fits the code's and the connection's (code)
//	token.create.app                   the user still grants access to the client
//	token.create.grant_used            the code was not used yet (code)
func (a *API) createToken(ctx context.Context, grant api.TokenGrant) (access token, refresh string, err error) {
	switch {
	case grant.GrantType == nil:
		return token{}, "", fault.Refuse(rules.TokenCreateGrantTypeRequired)
	case *grant.GrantType == AuthorizationCode:
		return a.exchangeCode(ctx, grant)
	case *grant.GrantType == RefreshToken:
		return a.exchangeRefresh(ctx, grant)
	}
	return token{}, "", fault.Refuse(rules.TokenCreateGrantType)
}

func (a *API) exchangeCode(ctx context.Context, grant api.TokenGrant) (access token, refresh string, err error) {
	err = notBlank(
		field{rules.TokenCreateClientID, deref(grant.ClientID)}, field{rules.TokenCreateClientSecret, deref(grant.ClientSecret)},
		field{rules.TokenCreateCode, codeOf(grant.Code)}, field{rules.TokenCreateRedirectUri, deref(grant.RedirectURI)},
	)
	if err != nil {
		return token{}, "", err
	}
	code, registered, err := a.grantOf(ctx, grant, codeOf(grant.Code), AuthorizationCode)
	if err != nil {
		return token{}, "", err
	}
	if !fits(code.Details.RedirectURI, *grant.RedirectURI) || !fits(registered, *grant.RedirectURI) {
		return token{}, "", fault.Refuse(rules.TokenCreateRedirect)
	}
	if _, err := a.granted(ctx, code); err != nil {
		return token{}, "", err
	}

	cfg, now := a.config.Get(), a.clock.Now()
	long := newToken(RefreshToken, code.UserID, now, cfg.RefreshTokenLifetime, details{
		ClientID: code.Details.ClientID, GrantType: AuthorizationCode,
	})
	access = newToken(AccessToken, code.UserID, now, cfg.AccessTokenLifetime, details{
		ClientID: code.Details.ClientID, GrantType: AuthorizationCode, Scope: code.Details.ScopeRequest,
		RedirectURI: code.Details.RedirectURI, RefreshTokenID: &long.ID,
	})
	// The last check is made by the write, so that of parallel exchanges one wins.
	err = a.store.exchangeCode(ctx, code.ID, access, long, now)
	if errors.Is(err, fault.ErrStale) {
		return token{}, "", fault.Refuse(rules.TokenCreateGrantUsed)
	}
	return access, long.Value, err
}

func (a *API) exchangeRefresh(ctx context.Context, grant api.TokenGrant) (access token, refresh string, err error) {
	err = notBlank(
		field{rules.TokenCreateClientID, deref(grant.ClientID)}, field{rules.TokenCreateClientSecret, deref(grant.ClientSecret)},
		field{rules.TokenCreateRefreshToken, deref(grant.RefreshToken)},
	)
	if err != nil {
		return token{}, "", err
	}
	long, _, err := a.grantOf(ctx, grant, *grant.RefreshToken, RefreshToken)
	if err != nil {
		return token{}, "", err
	}
	scope, err := a.granted(ctx, long)
	if err != nil {
		return token{}, "", err
	}

	now := a.clock.Now()
	access = newToken(AccessToken, long.UserID, now, a.config.Get().AccessTokenLifetime, details{
		ClientID: long.Details.ClientID, GrantType: RefreshToken, Scope: scope, RefreshTokenID: &long.ID,
	})
	err = a.store.exchangeRefresh(ctx, long, access, now)
	if errors.Is(err, fault.ErrStale) {
		return token{}, "", fault.Refuse(rules.TokenCreateGrantExpired)
	}
	return access, *grant.RefreshToken, err
}

// grantOf looks up the code or the refresh token that a client exchanges, and
// the registered address of its connection.
func (a *API) grantOf(ctx context.Context, grant api.TokenGrant, value, name string) (found *token, registered string, err error) {
	clientID, ok := envelope.ParseID(*grant.ClientID)
	if !ok {
		return nil, "", fault.Refuse(rules.TokenCreateConnection)
	}
	registered, err = a.store.redirectOf(ctx, clientID, *grant.ClientSecret)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, "", fault.Refuse(rules.TokenCreateConnection)
	}
	if err != nil {
		return nil, "", err
	}
	found, err = a.store.token(ctx, value, name)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return nil, "", fault.Refuse(rules.TokenCreateGrant)
	case err != nil:
		return nil, "", err
	case found.Details.ClientID != clientID:
		return nil, "", fault.Refuse(rules.TokenCreateGrantClient)
	case found.expired(a.clock.Now()):
		return nil, "", fault.Refuse(rules.TokenCreateGrantExpired)
	}
	return found, registered, nil
}

// granted returns what the user has granted to the client of a code or a
// refresh token.
func (a *API) granted(ctx context.Context, t *token) (scope string, err error) {
	scope, err = a.store.appScope(ctx, t.UserID, t.Details.ClientID)
	if errors.Is(err, fault.ErrNotFound) {
		return "", fault.Refuse(rules.TokenCreateApp)
	}
	return scope, err
}

// field is a text that must not be blank, and the rule that says so.
type field struct {
	rule  rules.ID
	value string
}

// notBlank refuses all blank fields together.
func notBlank(fields ...field) error {
	var joined *fault.Error
	for _, f := range fields {
		if strings.TrimSpace(f.value) == "" {
			joined = fault.Join(joined, fault.Refuse(f.rule))
		}
	}
	return refusal(joined)
}

// codeOf reads a code: a text, or a number, which the samples of the real
// system print.
func codeOf(code any) string {
	switch code := code.(type) {
	case string:
		return code
	case float64:
		return strconv.FormatFloat(code, 'f', -1, 64)
	}
	return ""
}
