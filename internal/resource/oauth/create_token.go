package oauth

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// CreateToken serves POST /oauth/tokens: it exchanges a code or a refresh token
// for an access token.
func (a *API) CreateToken(ctx context.Context, req api.CreateTokenRequestObject) (api.CreateTokenResponseObject, error) {
	s := &exchange{Caller: a.Engine.Caller(ctx), store: a.store(), clock: a.Engine.Clock, sent: req.Body.Token}
	if err := operation.Run(ctx, createTokenChecks, s); err != nil {
		return nil, err
	}
	return api.CreateToken201JSONResponse{
		Meta: envelope.Created(ctx, s.access.ID.String()),
		Data: s.access.render(s.refresh),
	}, nil
}

// exchange is one call of createToken.
type exchange struct {
	operation.Caller
	store    store
	clock    *clock.Clock
	sent     api.TokenGrant
	clientID uuid.UUID
	redirect string // registered address of the client's connection
	grant    *token // the code or the refresh token that was sent
	scope    string // what the user grants to the client by now

	access  token
	refresh string // value of the refresh token that belongs to access
}

// grants are the grant types that give tokens.
var grants = []string{auth.AuthorizationCode, auth.RefreshToken}

// The order is that of mithril 2019 (grant_type/authorization_code.ex and
// refresh_token.ex).
var createTokenChecks = []operation.Check[*exchange]{
	{Rule: rules.TokenCreateGrantTypeRequired, Pass: func(_ context.Context, s *exchange) error {
		return operation.Expect(s.sent.GrantType != nil, "grant_type", "a text", "nothing")
	}},
	{Rule: rules.TokenCreateGrantType, Pass: func(_ context.Context, s *exchange) error {
		return operation.Expect(slices.Contains(grants, *s.sent.GrantType), "grant_type", grants, "another one")
	}},
	{Rule: rules.TokenCreateClientID, Pass: func(_ context.Context, s *exchange) error { return notBlank(text(s.sent.ClientID)) }},
	{Rule: rules.TokenCreateClientSecret, Pass: func(_ context.Context, s *exchange) error { return notBlank(text(s.sent.ClientSecret)) }},
	{Rule: rules.TokenCreateCode, Pass: only(auth.AuthorizationCode, func(_ context.Context, s *exchange) error {
		return notBlank(codeOf(s.sent.Code))
	})},
	{Rule: rules.TokenCreateRedirectUri, Pass: only(auth.AuthorizationCode, func(_ context.Context, s *exchange) error {
		return notBlank(text(s.sent.RedirectURI))
	})},
	{Rule: rules.TokenCreateRefreshToken, Pass: only(auth.RefreshToken, func(_ context.Context, s *exchange) error {
		return notBlank(text(s.sent.RefreshToken))
	})},
	{Rule: rules.TokenCreateConnection, Pass: findConnection},
	{Rule: rules.TokenCreateGrant, Pass: findGrant},
	{Rule: rules.TokenCreateGrantClient, Pass: func(_ context.Context, s *exchange) error {
		return operation.Expect(s.grant.Details.ClientID == s.clientID, "client that the grant was given to", s.clientID, s.grant.Details.ClientID)
	}},
	{Rule: rules.TokenCreateGrantExpired, Pass: func(_ context.Context, s *exchange) error {
		// Not s.Now: a logout that came before findGrant may be of a later second.
		now := s.clock.Now()
		if err := operation.Expect(!s.grant.expired(now), "end of the grant", "after "+now.Format(time.RFC3339), s.grant.ExpiresAt); err != nil {
			return err
		}
		// What ends the user's access tokens ends the way to new ones (decisions R34).
		end := s.grant.PasswordSetAt.AddDate(0, 0, s.Config.PasswordExpiration)
		if err := operation.Expect(now.Before(end), "end of the user's password", "after "+now.Format(time.RFC3339), end); err != nil {
			return err
		}
		return operation.Expect(!s.grant.IsBlocked, "user and client", "not blocked", "blocked")
	}},
	{Rule: rules.TokenCreateRedirect, Pass: only(auth.AuthorizationCode, func(_ context.Context, s *exchange) error {
		return operation.Expect(fits(s.grant.Details.RedirectURI, *s.sent.RedirectURI) && fits(s.redirect, *s.sent.RedirectURI),
			"redirect_uri", "the one of the grant, which is registered: "+s.grant.Details.RedirectURI, "another address")
	})},
	{Rule: rules.TokenCreateApp, Pass: func(ctx context.Context, s *exchange) (err error) {
		s.scope, err = s.store.appScope(ctx, s.grant.UserID, s.clientID)
		return err
	}},
	// The write is the last check, so that one of parallel exchanges wins.
	{Rule: rules.TokenCreateGrantUsed, Pass: func(ctx context.Context, s *exchange) error {
		if *s.sent.GrantType == auth.AuthorizationCode {
			return exchangeCode(ctx, s)
		}
		return exchangeRefreshToken(ctx, s)
	}},
}

// only makes a check of one grant type.
func only(grantType string, check func(context.Context, *exchange) error) func(context.Context, *exchange) error {
	return func(ctx context.Context, s *exchange) error {
		if *s.sent.GrantType != grantType {
			return nil
		}
		return check(ctx, s)
	}
}

func findConnection(ctx context.Context, s *exchange) (err error) {
	var ok bool
	if s.clientID, ok = envelope.ParseID(*s.sent.ClientID); !ok {
		return fault.ErrNotFound
	}
	s.redirect, err = s.store.redirectOf(ctx, s.clientID, *s.sent.ClientSecret)
	return err
}

func findGrant(ctx context.Context, s *exchange) (err error) {
	value := text(s.sent.RefreshToken)
	if *s.sent.GrantType == auth.AuthorizationCode {
		value = codeOf(s.sent.Code)
	}
	s.grant, err = s.store.token(ctx, value, *s.sent.GrantType)
	return err
}

func exchangeCode(ctx context.Context, s *exchange) error {
	now := s.clock.Now()
	long := newToken(auth.RefreshToken, s.grant.UserID, now, s.Config.RefreshTokenLifetime, details{
		ClientID: s.clientID, GrantType: auth.AuthorizationCode, CodeID: &s.grant.ID,
	})
	s.refresh = long.Value
	s.access = newToken(auth.AccessToken, s.grant.UserID, now, s.Config.AccessTokenLifetime, details{
		ClientID: s.clientID, GrantType: auth.AuthorizationCode, Scope: s.grant.Details.ScopeRequest,
		RedirectURI: s.grant.Details.RedirectURI, RefreshTokenID: &long.ID, CodeID: &s.grant.ID,
	})
	err := s.store.exchangeCode(ctx, s.grant, s.access, long, now)
	if errors.Is(err, fault.ErrStale) {
		return operation.Expect(false, "grant", "not used before", "used")
	}
	return err
}

func exchangeRefreshToken(ctx context.Context, s *exchange) error {
	now := s.clock.Now()
	s.refresh = *s.sent.RefreshToken
	s.access = newToken(auth.AccessToken, s.grant.UserID, now, s.Config.AccessTokenLifetime, details{
		ClientID: s.clientID, GrantType: auth.RefreshToken, Scope: s.scope, RefreshTokenID: &s.grant.ID, CodeID: s.grant.Details.CodeID,
	})
	err := s.store.exchangeRefresh(ctx, s.grant, s.access, now)
	if errors.Is(err, fault.ErrStale) {
		return fault.Refuse(rules.TokenCreateGrantExpired).Because("grant", "not used before", "used or ended meanwhile")
	}
	return err
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
