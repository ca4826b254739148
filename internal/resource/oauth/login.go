package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/bcrypt"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// Login serves POST /auth/login: it returns a session token for an e-mail and a
// password.
func (a *API) Login(ctx context.Context, req api.LoginRequestObject) (api.LoginResponseObject, error) {
	s := &login{Caller: a.Engine.Caller(ctx), store: a.store(), sent: req.Body.Token}
	if err := operation.Run(ctx, loginChecks, s); err != nil {
		return nil, err
	}
	session := newToken(auth.AccessToken, s.user.ID, s.Now, s.Config.AccessTokenLifetime, details{
		ClientID: s.client.ID, GrantType: password, Scope: auth.ScopeAuthorize,
	})
	if err := s.store.openSession(ctx, session, s.Now); err != nil {
		return nil, err
	}
	return api.Login201JSONResponse{
		Meta: envelope.Created(ctx, session.ID.String()),
		Data: session.render(""),
	}, nil
}

// login is one call of the operation.
type login struct {
	operation.Caller
	store  store
	sent   api.LoginGrant
	client *client
	user   user
}

// The order is decisions R27. The contract has an answer of its own for unknown
// e-mails, so that answer may come sooner than that to a wrong password.
var loginChecks = []operation.Check[*login]{
	{Rule: rules.SessionLoginGrantTypeRequired, Pass: func(_ context.Context, s *login) error {
		return operation.Expect(s.sent.GrantType != nil, "grant_type", "a text", "nothing")
	}},
	{Rule: rules.SessionLoginGrantType, Pass: func(_ context.Context, s *login) error {
		return operation.Expect(*s.sent.GrantType == password, "grant_type", password, "another one")
	}},
	{Rule: rules.SessionLoginClient, Pass: findLoginClient},
	{Rule: rules.SessionLoginClientLogin, Pass: func(_ context.Context, s *login) error {
		return operation.Expect(slices.Contains(s.client.Grants, password), "grants of the client", password, s.client.Grants)
	}},
	{Rule: rules.SessionLoginUser, Pass: func(ctx context.Context, s *login) (err error) {
		s.user, err = s.store.userByEmail(ctx, text(s.sent.Email))
		return err
	}},
	{Rule: rules.SessionLoginUserBlocked, Pass: func(_ context.Context, s *login) error {
		return operation.Expect(!s.user.IsBlocked, "user", "not blocked", "blocked")
	}},
	{Rule: rules.SessionLoginAttempts, Pass: countAttempt},
	{Rule: rules.SessionLoginPassword, Pass: passwordIsRight},
	{Rule: rules.SessionLoginPasswordExpired, Pass: func(_ context.Context, s *login) error {
		lifetime := time.Duration(s.Config.PasswordExpiration) * 24 * time.Hour
		return operation.Expect(s.Now.Sub(s.user.PasswordSetAt) < lifetime, "moment when the password was set",
			"after "+s.Now.Add(-lifetime).Format(time.RFC3339), s.user.PasswordSetAt, "user_id", s.user.ID)
	}},
	{Rule: rules.SessionLoginScope, Pass: func(_ context.Context, s *login) error {
		asked, allowed := scopeOf(text(s.sent.Scope)), []string{auth.ScopeAuthorize}
		if len(auth.Missing(asked, allowed)) == 0 {
			return nil
		}
		return operation.Explained(fault.ScopeFact("scope", asked, allowed))
	}},
}

func findLoginClient(ctx context.Context, s *login) error {
	id, ok := envelope.ParseID(text(s.sent.ClientID))
	if !ok {
		return fault.ErrNotFound
	}
	found, err := s.store.client(ctx, id)
	s.client = found
	return err
}

// countAttempt counts the attempt as failed before the password is compared: a
// limit that is counted afterwards would let parallel guesses through.
func countAttempt(ctx context.Context, s *login) error {
	since := s.Now.Add(-time.Duration(s.Config.MaxFailedLoginsPeriod) * time.Minute)
	err := s.store.countAttempt(ctx, s.user.ID, s.Config.MaxFailedLogins, since, s.Now)
	if errors.Is(err, fault.ErrStale) {
		return operation.Expect(false, "failed logins", fmt.Sprintf("fewer than %d since %s", s.Config.MaxFailedLogins, since.Format(time.RFC3339)), "no attempt is left")
	}
	return err
}

// passwordIsRight clears the counted attempts when the password is right, even
// if it has expired.
func passwordIsRight(ctx context.Context, s *login) error {
	// A row without a bcrypt hash has no right password.
	if bcrypt.CompareHashAndPassword([]byte(s.user.Password), []byte(text(s.sent.Password))) != nil {
		return operation.Expect(false, "password", "the user's", "another one")
	}
	return s.store.forgetAttempts(ctx, s.user.ID, s.Now)
}
