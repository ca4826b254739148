package oauth

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// loginUser adds a user who has the password.
func loginUser(w *build.World, name, note string, more build.Row) string {
	w.Object("user", name, note)
	accounts.User(w, name, build.Changed(build.Row{"password": loginHash(), "password_set_at": w.Now}, more))
	return name + "@example.com"
}

func logins(w *build.World) {
	const op = "login"
	loginUser(w, "login_user", "logs in as "+LoginEmail+" with "+LoginPassword+"; owner and doctor of the clinic", nil)
	accounts.Party(w, "login_user", "Софія", "Вступна", "Данилівна", nil)
	accounts.Employee(w, "login_user", "clinic", "DOCTOR", "DOCTOR of clinic", nil)
	accounts.Role(w, "login_user", "clinic", "OWNER")
	accounts.Role(w, "login_user", "clinic", "DOCTOR")

	grant := func(changes build.Row) build.Row {
		token := build.Row{
			"grant_type": "password", "email": LoginEmail, "password": LoginPassword, "client_id": build.ID("clinic"), "scope": auth.ScopeAuthorize,
		}
		return build.Row{"token": build.Edit(token, changes)}
	}
	login := func(body any) build.Request { return build.Post("", "/auth/login").With(body) }

	w.Passes(op, "the right password", login(grant(nil)), http.StatusCreated)
	w.Passes(op, "no scope is app:authorize", login(grant(build.Row{"scope": nil})), http.StatusCreated)
	w.Passes(op, "an e-mail in other letters", login(grant(build.Row{"email": strings.ToUpper(LoginEmail)})), http.StatusCreated)
	w.Refused(op, "no token object", login(build.Row{}), build.MissingProperty(rules.SessionLoginSchema, "token"))
	w.Refused(op, "no grant", login(grant(build.Row{"grant_type": nil})), fault.Refuse(rules.SessionLoginGrantTypeRequired))
	w.Refused(op, "another grant", login(grant(build.Row{"grant_type": "refresh_token"})), fault.Refuse(rules.SessionLoginGrantType))
	w.Refused(op, "an unknown client", login(grant(build.Row{"client_id": build.ID("nobody")})), fault.Refuse(rules.SessionLoginClient))
	w.Refused(op, "no client", login(grant(build.Row{"client_id": nil})), fault.Refuse(rules.SessionLoginClient))

	w.Object("client", "no_login_client", "a client where nobody may log in")
	accounts.Client(w, "no_login_client", "Клієнт без входу", "PRIMARY_CARE", build.Row{"settings": build.Row{"allowed_grant_types": []string{}}})
	w.Refused(op, "a client where nobody may log in", login(grant(build.Row{"client_id": build.ID("no_login_client")})), fault.Refuse(rules.SessionLoginClientLogin))

	w.Refused(op, "an unknown e-mail", login(grant(build.Row{"email": "nobody@example.com"})), fault.Refuse(rules.SessionLoginUser))
	blocked := loginUser(w, "blocked_login_user", "blocked", build.Row{"is_blocked": true, "block_reason": "Sandbox"})
	w.Refused(op, "a blocked user", login(grant(build.Row{"email": blocked})), fault.Refuse(rules.SessionLoginUserBlocked))

	attempt := build.Row{"type": "password", "is_success": false, "time": w.Now.AddDate(1, 0, 0).Format(time.RFC3339)}
	locked := loginUser(w, "locked_login_user", "sent ten wrong passwords; they count for a year", build.Row{
		"priv_settings": build.Row{"login_hstr": slices.Repeat([]build.Row{attempt}, 10)},
	})
	w.Refused(op, "the right password, after too many wrong ones", login(grant(build.Row{"email": locked})), fault.Refuse(rules.SessionLoginAttempts))
	w.Passes(op, "more wrong passwords are allowed", login(grant(build.Row{"email": locked})), http.StatusCreated).Set("MAX_FAILED_LOGINS", "11")
	w.Refused(op, "a wrong password", login(grant(build.Row{"password": "sandbox-password-2"})), fault.Refuse(rules.SessionLoginPassword))
	w.Refused(op, "a user without a password", login(grant(build.Row{"email": "doctor@example.com"})), fault.Refuse(rules.SessionLoginPassword))

	expired := loginUser(w, "expired_login_user", "set the password a year ago", build.Row{"password_set_at": w.Now.AddDate(-1, 0, 0)})
	w.Refused(op, "an old password", login(grant(build.Row{"email": expired})),
		fault.Refuse(rules.SessionLoginPasswordExpired, "user_id", build.ID("expired_login_user")))
	w.Passes(op, "passwords may be old", login(grant(build.Row{"email": expired})), http.StatusCreated).Set("PASSWORD_EXPIRATION_DAYS", "1000")
	w.Refused(op, "a scope that a session cannot have", login(grant(build.Row{"scope": "app:authorize division:write"})), fault.Refuse(rules.SessionLoginScope))
}
