package world

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/fault"
)

// Who may log in. A login ends former tokens of its user, therefore this user
// has none to begin with.
const (
	LoginEmail    = "login_user@example.com"
	LoginPassword = "sandbox-password-1" // of every user that has a password
)

// loginHash is made once and as cheaply as bcrypt allows: the password is public.
var loginHash = sync.OnceValue(func() string {
	hash, err := bcrypt.GenerateFromPassword([]byte(LoginPassword), bcrypt.MinCost)
	if err != nil {
		panic(err) // the password is a constant
	}
	return string(hash)
})

func (w *World) oauth() {
	w.logins()
	w.grants()
	w.exchanges()
	w.refreshes()
	w.sessions()
}

// loginUser adds a user who has the password.
func (w *World) loginUser(name, note string, more row) string {
	w.object("user", name, note)
	r := row{"password": loginHash()}
	for column, value := range more {
		r[column] = value
	}
	w.insertUser(name, r)
	return name + "@example.com"
}

func (w *World) logins() {
	const op = "login"
	w.loginUser("login_user", "logs in as "+LoginEmail+" with "+LoginPassword+"; owner and doctor of the clinic", nil)
	w.party("login_user", "Софія", "Вступна", "Данилівна", "VERIFIED", w.now)
	w.insert("prm.employees", w.audited(row{
		"id": w.object("employee", "employee login_user", "DOCTOR of clinic"), "party_id": ID("party login_user"),
		"legal_entity_id": ID("clinic"), "employee_type": "DOCTOR", "position": "P1", "status": "APPROVED", "is_active": true,
		"start_date": w.now.AddDate(-2, 0, 0),
	}))
	w.role("login_user", "clinic", "OWNER")
	w.role("login_user", "clinic", "DOCTOR")

	grant := func(changes row) row {
		token := row{
			"grant_type": "password", "email": LoginEmail, "password": LoginPassword, "client_id": ID("clinic"), "scope": auth.ScopeAuthorize,
		}
		return row{"token": changed(token, changes)}
	}
	login := func(body any) Request { return as("", post, "/auth/login").with(body) }

	w.passes(op, "the right password", login(grant(nil)), http.StatusCreated)
	w.passes(op, "no scope is app:authorize", login(grant(row{"scope": nil})), http.StatusCreated)
	w.passes(op, "an e-mail in other letters", login(grant(row{"email": strings.ToUpper(LoginEmail)})), http.StatusCreated)
	w.refused(op, "no token object", login(row{}), missingProperty(rules.SessionLoginSchema, "token"))
	w.refused(op, "no grant", login(grant(row{"grant_type": nil})), fault.Refuse(rules.SessionLoginGrantTypeRequired))
	w.refused(op, "another grant", login(grant(row{"grant_type": "refresh_token"})), fault.Refuse(rules.SessionLoginGrantType))
	w.refused(op, "an unknown client", login(grant(row{"client_id": ID("nobody")})), fault.Refuse(rules.SessionLoginClient))
	w.refused(op, "no client", login(grant(row{"client_id": nil})), fault.Refuse(rules.SessionLoginClient))

	w.object("client", "no_login_client", "a client where nobody may log in")
	w.client("no_login_client", "Клієнт без входу", "PRIMARY_CARE", row{"access_type": auth.Broker})
	w.rows["mithril.clients"][len(w.rows["mithril.clients"])-1]["settings"] = row{"allowed_grant_types": []string{}}
	w.refused(op, "a client where nobody may log in", login(grant(row{"client_id": ID("no_login_client")})), fault.Refuse(rules.SessionLoginClientLogin))

	w.refused(op, "an unknown e-mail", login(grant(row{"email": "nobody@example.com"})), fault.Refuse(rules.SessionLoginUser))
	blocked := w.loginUser("blocked_login_user", "blocked", row{"is_blocked": true, "block_reason": "Sandbox"})
	w.refused(op, "a blocked user", login(grant(row{"email": blocked})), fault.Refuse(rules.SessionLoginUserBlocked))

	attempt := row{"type": "password", "is_success": false, "time": w.now.AddDate(1, 0, 0).Format(time.RFC3339)}
	locked := w.loginUser("locked_login_user", "sent ten wrong passwords; they count for a year", row{
		"priv_settings": row{"login_hstr": slices.Repeat([]row{attempt}, 10)},
	})
	w.refused(op, "the right password, after too many wrong ones", login(grant(row{"email": locked})), fault.Refuse(rules.SessionLoginAttempts))
	w.passes(op, "more wrong passwords are allowed", login(grant(row{"email": locked})), http.StatusCreated).set("MAX_FAILED_LOGINS", "11")
	w.refused(op, "a wrong password", login(grant(row{"password": "sandbox-password-2"})), fault.Refuse(rules.SessionLoginPassword))
	w.refused(op, "a user without a password", login(grant(row{"email": "doctor@example.com"})), fault.Refuse(rules.SessionLoginPassword))

	expired := w.loginUser("expired_login_user", "set the password a year ago", row{"password_set_at": w.now.AddDate(-1, 0, 0)})
	w.refused(op, "an old password", login(grant(row{"email": expired})),
		fault.Refuse(rules.SessionLoginPasswordExpired, "user_id", ID("expired_login_user")))
	w.passes(op, "passwords may be old", login(grant(row{"email": expired})), http.StatusCreated).set("PASSWORD_EXPIRATION_DAYS", "1000")
	w.refused(op, "a scope that a session cannot have", login(grant(row{"scope": "app:authorize division:write"})), fault.Refuse(rules.SessionLoginScope))
}

// grants are a session and what its user may grant to whom.
func (w *World) grants() {
	const op = "authorizeApp"
	w.object("user", "consenting_user", "has a session and grants; DOCTOR of the clinic")
	w.insertUser("consenting_user", row{})
	w.party("consenting_user", "Гнат", "Згодний", "Маркович", "VERIFIED", w.now)
	w.role("consenting_user", "clinic", "DOCTOR")
	session := w.token("session", "consenting_user", "clinic", []string{auth.ScopeAuthorize}, "a session of login: authorizes clients and nothing else",
		row{"details": row{"scope": auth.ScopeAuthorize, "client_id": ID("clinic"), "grant_type": "password"}})

	authorize := func(changes row) Request {
		app := row{"client_id": ID("clinic"), "redirect_uri": RedirectURI, "scope": "division:read service_request:use"}
		return as(session, post, "/oauth/apps/authorize").with(row{"app": changed(app, changes)})
	}
	w.passes(op, "scopes that the user has", authorize(nil), http.StatusCreated)
	w.passes(op, "an address under the registered one", authorize(row{"redirect_uri": RedirectURI + "/done?tab=1"}), http.StatusCreated)
	w.refused(op, "no app object", as(session, post, "/oauth/apps/authorize").with(row{}), missingProperty(rules.AppAuthorizeSchema, "app"))
	w.refused(op, "nothing in it", as(session, post, "/oauth/apps/authorize").with(row{"app": row{}}),
		fault.Refuse(rules.AppAuthorizeClientIDRequired), fault.Refuse(rules.AppAuthorizeRedirectUri))
	w.refused(op, "a malformed client", authorize(row{"client_id": "1"}), fault.Refuse(rules.AppAuthorizeClientID))
	w.refused(op, "a blank address", authorize(row{"redirect_uri": " "}), fault.Refuse(rules.AppAuthorizeRedirectUri))
	w.refused(op, "an unknown client", authorize(row{"client_id": ID("nobody")}), fault.Refuse(rules.AppAuthorizeClient))
	w.refused(op, "a blocked client", authorize(row{"client_id": ID("blocked_client")}), fault.Refuse(rules.AppAuthorizeClientBlocked))
	w.refused(op, "an address that only begins like the registered one", authorize(row{"redirect_uri": RedirectURI + "s"}), fault.Refuse(rules.AppAuthorizeRedirect))
	w.refused(op, "an address that carries the registered one", authorize(row{"redirect_uri": "https://example.org/?" + RedirectURI}), fault.Refuse(rules.AppAuthorizeRedirect))
	w.refused(op, "no scope", authorize(row{"scope": nil}), fault.Refuse(rules.AppAuthorizeScopeEmpty))
	w.refused(op, "a scope that the client's type does not have", authorize(row{"scope": "division:read device_dispense:stop"}), fault.Refuse(rules.AppAuthorizeScopeClientType))
	w.refused(op, "a scope that the user's role does not have", authorize(row{"scope": "division:read division:write"}), fault.Refuse(rules.AppAuthorizeScopeRoles))
}

// code adds an authorization code; changes override its details.
func (w *World) code(name, user, note string, changes, columns row) string {
	scope := []string{"division:read"}
	more := row{"name": auth.AuthorizationCode, "details": changed(row{
		"client_id": ID("clinic"), "grant_type": "password", "redirect_uri": RedirectURI, "scope_request": strings.Join(scope, " "),
	}, changes)}
	return w.token(name, user, "clinic", scope, note, changed(more, columns))
}

// exchanges are codes for access tokens.
func (w *World) exchanges() {
	const op = "createToken"
	w.insert("mithril.apps", w.stamped(row{
		"id": ID("app of consenting_user"), "user_id": ID("consenting_user"), "client_id": ID("clinic"), "scope": "division:details division:read",
	}))
	code := w.code("code", "consenting_user", "a code of the clinic, good for one exchange", nil, nil)

	exchange := func(changes row) Request {
		token := row{
			"grant_type": auth.AuthorizationCode, "code": code, "redirect_uri": RedirectURI,
			"client_id": ID("clinic"), "client_secret": Secret("clinic"), "scope": "division:read",
		}
		return as("", post, "/oauth/tokens").with(row{"token": changed(token, changes)})
	}
	w.passes(op, "a code for an access token", exchange(nil), http.StatusCreated)
	w.refused(op, "no token object", as("", post, "/oauth/tokens").with(row{}), missingProperty(rules.TokenCreateSchema, "token"))
	w.refused(op, "no grant", exchange(row{"grant_type": nil}), fault.Refuse(rules.TokenCreateGrantTypeRequired))
	w.refused(op, "another grant", exchange(row{"grant_type": "password"}), fault.Refuse(rules.TokenCreateGrantType))
	w.refused(op, "a code and nothing else", exchange(row{"client_id": nil, "client_secret": nil, "redirect_uri": nil}),
		fault.Refuse(rules.TokenCreateClientID), fault.Refuse(rules.TokenCreateClientSecret), fault.Refuse(rules.TokenCreateRedirectUri))
	w.refused(op, "no client", exchange(row{"client_id": nil}), fault.Refuse(rules.TokenCreateClientID))
	w.refused(op, "a blank secret", exchange(row{"client_secret": " "}), fault.Refuse(rules.TokenCreateClientSecret))
	w.refused(op, "no code", exchange(row{"code": nil}), fault.Refuse(rules.TokenCreateCode))
	w.refused(op, "no address", exchange(row{"redirect_uri": ""}), fault.Refuse(rules.TokenCreateRedirectUri))
	w.refused(op, "a wrong secret", exchange(row{"client_secret": Secret("nobody")}), fault.Refuse(rules.TokenCreateConnection))
	w.refused(op, "the secret of another client", exchange(row{"client_secret": Secret("other_clinic")}), fault.Refuse(rules.TokenCreateConnection))
	w.refused(op, "a malformed client", exchange(row{"client_id": "1"}), fault.Refuse(rules.TokenCreateConnection))
	w.refused(op, "an unknown code", exchange(row{"code": "sandbox-nothing"}), fault.Refuse(rules.TokenCreateGrant))
	w.refused(op, "a refresh token in place of a code", exchange(row{"code": TokenValue("session_refresh")}), fault.Refuse(rules.TokenCreateGrant))
	foreign := w.code("foreign_code", "consenting_user", "a code of another clinic", row{"client_id": ID("other_clinic")}, nil)
	w.refused(op, "a code of another client", exchange(row{"code": foreign}), fault.Refuse(rules.TokenCreateGrantClient))
	expired := w.code("expired_code", "consenting_user", "an expired code", nil, row{"expires_at": w.now.Unix()})
	w.refused(op, "an expired code", exchange(row{"code": expired}), fault.Refuse(rules.TokenCreateGrantExpired))
	w.refused(op, "another address", exchange(row{"redirect_uri": "https://example.com/elsewhere"}), fault.Refuse(rules.TokenCreateRedirect))
	deep := w.code("deep_code", "consenting_user", "a code for an address under the registered one", row{"redirect_uri": RedirectURI + "/deep"}, nil)
	w.refused(op, "the registered address, and a code for one under it", exchange(row{"code": deep}), fault.Refuse(rules.TokenCreateRedirect))

	w.object("user", "revoking_user", "has taken back what was granted to the clinic")
	w.insertUser("revoking_user", row{})
	revoked := w.code("revoked_code", "revoking_user", "a code of a user who has taken back the grant since", nil, nil)
	w.refused(op, "a grant that was taken back", exchange(row{"code": revoked}), fault.Refuse(rules.TokenCreateApp))
	used := w.code("used_code", "consenting_user", "a code that was exchanged already", row{"used": true}, nil)
	w.refused(op, "a code for the second time", exchange(row{"code": used}), fault.Refuse(rules.TokenCreateGrantUsed))
}

// refreshToken adds a refresh token of the clinic.
func (w *World) refreshToken(name, user, note string, columns row) string {
	return w.token(name, user, "clinic", []string{}, note, changed(row{
		"name": auth.RefreshToken, "details": row{"scope": "", "client_id": ID("clinic"), "grant_type": auth.AuthorizationCode},
	}, columns))
}

// refreshes are refresh tokens for access tokens.
func (w *World) refreshes() {
	const op = "createToken"
	good := w.refreshToken("session_refresh", "consenting_user", "a refresh token of the clinic", nil)
	refresh := func(changes row) Request {
		token := row{
			"grant_type": auth.RefreshToken, "refresh_token": good, "client_id": ID("clinic"), "client_secret": Secret("clinic"),
		}
		return as("", post, "/oauth/tokens").with(row{"token": changed(token, changes)})
	}
	w.passes(op, "a refresh token for an access token", refresh(nil), http.StatusCreated)
	w.refused(op, "no refresh token", refresh(row{"refresh_token": nil}), fault.Refuse(rules.TokenCreateRefreshToken))
	w.refused(op, "a wrong secret, to refresh", refresh(row{"client_secret": Secret("nobody")}), fault.Refuse(rules.TokenCreateConnection))
	w.refused(op, "a code in place of a refresh token", refresh(row{"refresh_token": TokenValue("code")}), fault.Refuse(rules.TokenCreateGrant))
	w.refused(op, "a refresh token of another client", refresh(row{"client_id": ID("other_clinic"), "client_secret": Secret("other_clinic")}),
		fault.Refuse(rules.TokenCreateGrantClient))
	expired := w.refreshToken("expired_refresh", "consenting_user", "an expired refresh token", row{"expires_at": w.now.Unix()})
	w.refused(op, "an expired refresh token", refresh(row{"refresh_token": expired}), fault.Refuse(rules.TokenCreateGrantExpired))
	revoked := w.refreshToken("revoked_refresh", "revoking_user", "a refresh token of a user who has taken back the grant since", nil)
	w.refused(op, "a refresh token whose grant was taken back", refresh(row{"refresh_token": revoked}), fault.Refuse(rules.TokenCreateApp))
}

// sessions are tokens to look at and to end.
func (w *World) sessions() {
	w.passes("getUser", "a doctor", as(doctor, get, "/oauth/user"), http.StatusOK)
	w.passes("getUser", "the MIS, without an API-key", as(mis, get, "/oauth/user").header("API-key", ""), http.StatusOK)

	w.refreshToken("leaving_refresh", "consenting_user", "the refresh token of the token leaving", nil)
	leaving := w.token("leaving", "consenting_user", "clinic", []string{"user:read"}, "there to be logged out", row{"details": row{
		"scope": "user:read", "client_id": ID("clinic"), "grant_type": auth.AuthorizationCode, "redirect_uri": RedirectURI,
		"refresh_token_id": ID("token leaving_refresh"),
	}})
	w.passes("logout", "a session ends", as(leaving, post, "/auth/logout"), http.StatusOK)
	w.passes("logout", "any scope will do", as(TokenValue("session"), post, "/auth/logout"), http.StatusOK)
}

// changed returns r with other values; a nil value takes its key away.
func changed(r, changes row) row {
	result := row{}
	for _, part := range []row{r, changes} {
		for key, value := range part {
			result[key] = value
			if value == nil {
				delete(result, key)
			}
		}
	}
	return result
}

// missingProperty is the refusal of a body without one of its properties.
func missingProperty(id rules.ID, property string) *fault.Error {
	refusal := fault.Refuse(id)
	refusal.Invalid = []fault.Item{{Entry: "$." + property, EntryType: "json_data_property", Rules: []fault.Rule{{
		Rule: "required", Description: "required property " + property + " was not present",
	}}}}
	return refusal
}
