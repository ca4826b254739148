package auth

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/bcrypt"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// Login gives a session token for an e-mail and a password.
func (a *API) Login(ctx context.Context, req api.LoginRequestObject) (api.LoginResponseObject, error) {
	session, err := a.login(ctx, req.Body.Token)
	if err != nil {
		return nil, err
	}
	return api.Login201JSONResponse{
		Meta: envelope.Created(ctx, session.ID.String()),
		Data: session.render(""),
	}, nil
}

// login checks who logs in. Its checks, in this order (decisions R27):
//
//	session.login.grant_type_required   grant_type is sent
//	session.login.grant_type            and is password
//	session.login.client                the client exists
//	session.login.client_login          and lets users log in
//	session.login.user                  a user has the e-mail
//	session.login.user_blocked          and is not blocked
//	session.login.attempts              not too many wrong passwords lately
//	session.login.password              the password is right
//	session.login.password_expired      and not too old
//	session.login.scope                 nothing but app:authorize is asked for
//
// That an unknown e-mail has an answer of its own is documented, so nothing is
// gained by making that answer take as long as that to a wrong password.
func (a *API) login(ctx context.Context, grant api.LoginGrant) (token, error) {
	switch {
	case grant.GrantType == nil:
		return token{}, fault.Refuse(rules.SessionLoginGrantTypeRequired)
	case *grant.GrantType != password:
		return token{}, fault.Refuse(rules.SessionLoginGrantType)
	}
	cfg, now := a.config.Get(), a.clock.Now()
	c, err := a.loginClient(ctx, cfg, deref(grant.ClientID))
	if err != nil {
		return token{}, err
	}
	u, err := a.store.userByEmail(ctx, deref(grant.Email))
	if errors.Is(err, fault.ErrNotFound) {
		return token{}, fault.Refuse(rules.SessionLoginUser)
	}
	if err != nil {
		return token{}, err
	}
	if cfg.On(rules.SessionLoginUserBlocked) && u.IsBlocked {
		return token{}, fault.Refuse(rules.SessionLoginUserBlocked)
	}
	if err := a.checkPassword(ctx, cfg, u, deref(grant.Password), now); err != nil {
		return token{}, err
	}
	for _, scope := range scopeOf(deref(grant.Scope)) {
		if scope != ScopeAuthorize {
			return token{}, fault.Refuse(rules.SessionLoginScope)
		}
	}

	session := newToken(AccessToken, u.ID, now, cfg.AccessTokenLifetime, details{
		ClientID: c.ID, GrantType: password, Scope: ScopeAuthorize,
	})
	return session, a.store.openSession(ctx, session, now)
}

// loginClient finds the client that the user logs in at.
func (a *API) loginClient(ctx context.Context, cfg *config.Config, id string) (*client, error) {
	clientID, ok := envelope.ParseID(id)
	if !ok {
		return nil, fault.Refuse(rules.SessionLoginClient)
	}
	c, err := a.store.client(ctx, clientID)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, fault.Refuse(rules.SessionLoginClient)
	}
	if err != nil {
		return nil, err
	}
	if cfg.On(rules.SessionLoginClientLogin) && !slices.Contains(c.Grants, password) {
		return nil, fault.Refuse(rules.SessionLoginClientLogin)
	}
	return c, nil
}

// checkPassword notes the attempt as a failed one before it looks at the
// password: parallel guesses would slip past a limit that is counted afterwards.
// The right password clears the notes, also when it is too old.
func (a *API) checkPassword(ctx context.Context, cfg *config.Config, u user, sent string, now time.Time) error {
	if cfg.On(rules.SessionLoginAttempts) {
		since := now.Add(-time.Duration(cfg.MaxFailedLoginsPeriod) * time.Minute)
		err := a.store.countAttempt(ctx, u.ID, cfg.MaxFailedLogins, since, now)
		if errors.Is(err, fault.ErrStale) {
			return fault.Refuse(rules.SessionLoginAttempts)
		}
		if err != nil {
			return err
		}
	}
	// Every error is a password that does not fit: a row without a bcrypt hash lets nobody in.
	if bcrypt.CompareHashAndPassword([]byte(u.Password), []byte(sent)) != nil {
		return fault.Refuse(rules.SessionLoginPassword)
	}
	if err := a.store.forgetAttempts(ctx, u.ID, now); err != nil {
		return err
	}
	age := now.Sub(u.PasswordSetAt)
	if cfg.On(rules.SessionLoginPasswordExpired) && age >= time.Duration(cfg.PasswordExpiration)*24*time.Hour {
		return fault.Refuse(rules.SessionLoginPasswordExpired, "user_id", u.ID)
	}
	return nil
}
