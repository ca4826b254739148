package oauth

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// grants are a session and what its user may grant to whom.
func grants(w *build.World) {
	const op = "authorizeApp"
	w.Object("user", "consenting_user", "has a session and grants; DOCTOR of the clinic")
	accounts.User(w, "consenting_user", nil)
	accounts.Party(w, "consenting_user", "Гнат", "Згодний", "Маркович", nil)
	accounts.Role(w, "consenting_user", "clinic", "DOCTOR")
	session := accounts.Token(w, "session", "consenting_user", "clinic", []string{auth.ScopeAuthorize}, "a session of login: authorizes clients and nothing else",
		build.Row{"details": build.Row{"scope": auth.ScopeAuthorize, "client_id": build.ID("clinic"), "grant_type": "password"}})

	authorize := func(changes build.Row) build.Request {
		app := build.Row{"client_id": build.ID("clinic"), "redirect_uri": accounts.RedirectURI, "scope": "division:read service_request:use"}
		return build.Post(session, "/oauth/apps/authorize").With(build.Row{"app": build.Edit(app, changes)})
	}
	w.Passes(op, "scopes that the user has", authorize(nil), http.StatusCreated)
	w.Passes(op, "an address under the registered one", authorize(build.Row{"redirect_uri": accounts.RedirectURI + "/done?tab=1"}), http.StatusCreated)
	w.Refused(op, "no app object", build.Post(session, "/oauth/apps/authorize").With(build.Row{}), build.MissingProperty(rules.AppAuthorizeSchema, "app"))
	w.Refused(op, "nothing in it", build.Post(session, "/oauth/apps/authorize").With(build.Row{"app": build.Row{}}),
		fault.Refuse(rules.AppAuthorizeClientIDRequired), fault.Refuse(rules.AppAuthorizeRedirectUri))
	w.Refused(op, "a malformed client", authorize(build.Row{"client_id": "1"}), fault.Refuse(rules.AppAuthorizeClientID))
	w.Refused(op, "a blank address", authorize(build.Row{"redirect_uri": " "}), fault.Refuse(rules.AppAuthorizeRedirectUri))
	w.Refused(op, "an unknown client", authorize(build.Row{"client_id": build.ID("nobody")}), fault.Refuse(rules.AppAuthorizeClient))
	w.Refused(op, "a blocked client", authorize(build.Row{"client_id": build.ID("blocked_client")}), fault.Refuse(rules.AppAuthorizeClientBlocked))
	w.Refused(op, "an address that only begins like the registered one", authorize(build.Row{"redirect_uri": accounts.RedirectURI + "s"}), fault.Refuse(rules.AppAuthorizeRedirect))
	w.Refused(op, "an address that carries the registered one", authorize(build.Row{"redirect_uri": "https://example.org/?" + accounts.RedirectURI}), fault.Refuse(rules.AppAuthorizeRedirect))
	w.Refused(op, "no scope", authorize(build.Row{"scope": nil}), fault.Refuse(rules.AppAuthorizeScopeEmpty))
	w.Refused(op, "a scope that the client's type does not have", authorize(build.Row{"scope": "division:read device_dispense:stop"}), fault.Refuse(rules.AppAuthorizeScopeClientType))
	w.Refused(op, "a scope that the user's role does not have", authorize(build.Row{"scope": "division:read division:write"}), fault.Refuse(rules.AppAuthorizeScopeRoles))
}
