package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"
)

// App is a medical information system as a legal entity knows it. It does what
// oauth2.Config does elsewhere: this API wants the grant as JSON.
type App struct {
	API         *ClientWithResponses // asks for tokens, and needs none itself
	ClientID    string               // the legal entity
	Secret      string               // of the system in the legal entity
	RedirectURI string               // that codes are given for
}

// Exchange makes an access token of the code that the user's consent gave.
func (a *App) Exchange(ctx context.Context, code string) (*oauth2.Token, error) {
	return a.token(ctx, TokenGrant{GrantType: new("authorization_code"), Code: code, RedirectURI: &a.RedirectURI})
}

// TokenSource gives the token while it is good, and then a new one by its refresh
// token. The refresh token does not change and ends one day: then the user has to
// log in again, and an Error with status 401 says so.
func (a *App) TokenSource(ctx context.Context, token *oauth2.Token) oauth2.TokenSource {
	return oauth2.ReuseTokenSource(token, &refresher{ctx: ctx, app: a, token: token.RefreshToken})
}

type refresher struct {
	ctx   context.Context //nolint:containedctx // an oauth2.TokenSource is asked without one
	app   *App
	token string
}

// Token implements oauth2.TokenSource.
func (r *refresher) Token() (*oauth2.Token, error) {
	if r.token == "" {
		return nil, errors.New("the access token has expired and came without a refresh token")
	}
	return r.app.token(r.ctx, TokenGrant{GrantType: new("refresh_token"), RefreshToken: &r.token})
}

func (a *App) token(ctx context.Context, grant TokenGrant) (*oauth2.Token, error) {
	grant.ClientID, grant.ClientSecret = &a.ClientID, &a.Secret
	answer, err := a.API.CreateTokenWithResponse(ctx, TokenRequest{Token: grant})
	if err != nil {
		return nil, err
	}
	if answer.JSON201 == nil {
		return nil, fmt.Errorf("no answer of this API: %s", answer.Status())
	}
	given := answer.JSON201.Data
	token := &oauth2.Token{AccessToken: given.Value, TokenType: "Bearer", Expiry: time.Unix(given.ExpiresAt, 0)}
	if given.Details.RefreshToken != nil {
		token.RefreshToken = *given.Details.RefreshToken
	}
	return token, nil
}
