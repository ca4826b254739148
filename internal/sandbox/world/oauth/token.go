package oauth

import (
	"net/http"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// newCode adds an authorization code; changes override its details.
func newCode(w *build.World, name, user, note string, changes, columns build.Row) string {
	scope := []string{"division:read"}
	more := build.Row{"name": auth.AuthorizationCode, "details": build.Edit(build.Row{
		"client_id": build.ID("clinic"), "grant_type": "password", "redirect_uri": accounts.RedirectURI, "scope_request": strings.Join(scope, " "),
	}, changes)}
	return accounts.Token(w, name, user, "clinic", scope, note, build.Edit(more, columns))
}

// exchanges are codes for access tokens.
func exchanges(w *build.World) {
	const op = "createToken"
	w.Insert("mithril.apps", w.Stamped(build.Row{
		"id": build.ID("app of consenting_user"), "user_id": build.ID("consenting_user"), "client_id": build.ID("clinic"), "scope": "division:details division:read",
	}))
	code := newCode(w, "code", "consenting_user", "a code of the clinic, good for one exchange", nil, nil)

	exchange := func(changes build.Row) build.Request {
		token := build.Row{
			"grant_type": auth.AuthorizationCode, "code": code, "redirect_uri": accounts.RedirectURI,
			"client_id": build.ID("clinic"), "client_secret": accounts.Secret("clinic"), "scope": "division:read",
		}
		return build.Post("", "/oauth/tokens").With(build.Row{"token": build.Edit(token, changes)})
	}
	w.Passes(op, "a code for an access token", exchange(nil), http.StatusCreated)
	w.Refused(op, "no token object", build.Post("", "/oauth/tokens").With(build.Row{}), build.MissingProperty(rules.TokenCreateSchema, "token"))
	w.Refused(op, "no grant", exchange(build.Row{"grant_type": nil}), fault.Refuse(rules.TokenCreateGrantTypeRequired))
	w.Refused(op, "another grant", exchange(build.Row{"grant_type": "password"}), fault.Refuse(rules.TokenCreateGrantType))
	w.Refused(op, "a code and nothing else", exchange(build.Row{"client_id": nil, "client_secret": nil, "redirect_uri": nil}),
		fault.Refuse(rules.TokenCreateClientID), fault.Refuse(rules.TokenCreateClientSecret), fault.Refuse(rules.TokenCreateRedirectUri))
	w.Refused(op, "no client", exchange(build.Row{"client_id": nil}), fault.Refuse(rules.TokenCreateClientID))
	w.Refused(op, "a blank secret", exchange(build.Row{"client_secret": " "}), fault.Refuse(rules.TokenCreateClientSecret))
	w.Refused(op, "no code", exchange(build.Row{"code": nil}), fault.Refuse(rules.TokenCreateCode))
	w.Refused(op, "no address", exchange(build.Row{"redirect_uri": ""}), fault.Refuse(rules.TokenCreateRedirectUri))
	w.Refused(op, "a wrong secret", exchange(build.Row{"client_secret": accounts.Secret("nobody")}), fault.Refuse(rules.TokenCreateConnection))
	w.Refused(op, "the secret of another client", exchange(build.Row{"client_secret": accounts.Secret("other_clinic")}), fault.Refuse(rules.TokenCreateConnection))
	w.Refused(op, "a malformed client", exchange(build.Row{"client_id": "1"}), fault.Refuse(rules.TokenCreateConnection))
	w.Refused(op, "an unknown code", exchange(build.Row{"code": "sandbox-nothing"}), fault.Refuse(rules.TokenCreateGrant))
	w.Refused(op, "a refresh token in place of a code", exchange(build.Row{"code": build.TokenValue("session_refresh")}), fault.Refuse(rules.TokenCreateGrant))
	foreign := newCode(w, "foreign_code", "consenting_user", "a code of another clinic", build.Row{"client_id": build.ID("other_clinic")}, nil)
	w.Refused(op, "a code of another client", exchange(build.Row{"code": foreign}), fault.Refuse(rules.TokenCreateGrantClient))
	expired := newCode(w, "expired_code", "consenting_user", "an expired code", nil, build.Row{"expires_at": w.Now.Unix()})
	w.Refused(op, "an expired code", exchange(build.Row{"code": expired}), fault.Refuse(rules.TokenCreateGrantExpired))
	w.Refused(op, "another address", exchange(build.Row{"redirect_uri": "https://example.com/elsewhere"}), fault.Refuse(rules.TokenCreateRedirect))
	deep := newCode(w, "deep_code", "consenting_user", "a code for an address under the registered one", build.Row{"redirect_uri": accounts.RedirectURI + "/deep"}, nil)
	w.Refused(op, "the registered address, and a code for one under it", exchange(build.Row{"code": deep}), fault.Refuse(rules.TokenCreateRedirect))

	w.Object("user", "revoking_user", "has taken back what was granted to the clinic")
	accounts.User(w, "revoking_user", nil)
	revoked := newCode(w, "revoked_code", "revoking_user", "a code of a user who has taken back the grant since", nil, nil)
	w.Refused(op, "a grant that was taken back", exchange(build.Row{"code": revoked}), fault.Refuse(rules.TokenCreateApp))
	used := newCode(w, "used_code", "consenting_user", "a code that was exchanged already", build.Row{"used": true}, nil)
	w.Refused(op, "a code for the second time", exchange(build.Row{"code": used}), fault.Refuse(rules.TokenCreateGrantUsed))
}

// newRefreshToken adds a refresh token of the clinic.
func newRefreshToken(w *build.World, name, user, note string, columns build.Row) string {
	return accounts.Token(w, name, user, "clinic", []string{}, note, build.Edit(build.Row{
		"name": auth.RefreshToken, "details": build.Row{"scope": "", "client_id": build.ID("clinic"), "grant_type": auth.AuthorizationCode},
	}, columns))
}

// refreshes are refresh tokens for access tokens.
func refreshes(w *build.World) {
	const op = "createToken"
	good := newRefreshToken(w, "session_refresh", "consenting_user", "a refresh token of the clinic", nil)
	refresh := func(changes build.Row) build.Request {
		token := build.Row{
			"grant_type": auth.RefreshToken, "refresh_token": good, "client_id": build.ID("clinic"), "client_secret": accounts.Secret("clinic"),
		}
		return build.Post("", "/oauth/tokens").With(build.Row{"token": build.Edit(token, changes)})
	}
	w.Passes(op, "a refresh token for an access token", refresh(nil), http.StatusCreated)
	w.Refused(op, "no refresh token", refresh(build.Row{"refresh_token": nil}), fault.Refuse(rules.TokenCreateRefreshToken))
	w.Refused(op, "a wrong secret, to refresh", refresh(build.Row{"client_secret": accounts.Secret("nobody")}), fault.Refuse(rules.TokenCreateConnection))
	w.Refused(op, "a code in place of a refresh token", refresh(build.Row{"refresh_token": build.TokenValue("code")}), fault.Refuse(rules.TokenCreateGrant))
	w.Refused(op, "a refresh token of another client", refresh(build.Row{"client_id": build.ID("other_clinic"), "client_secret": accounts.Secret("other_clinic")}),
		fault.Refuse(rules.TokenCreateGrantClient))
	expired := newRefreshToken(w, "expired_refresh", "consenting_user", "an expired refresh token", build.Row{"expires_at": w.Now.Unix()})
	w.Refused(op, "an expired refresh token", refresh(build.Row{"refresh_token": expired}), fault.Refuse(rules.TokenCreateGrantExpired))
	for _, ended := range []struct {
		who, note string
		user      build.Row
	}{
		{"stale_user", "whose password has expired", build.Row{"password_set_at": w.Now.AddDate(-1, 0, 0)}},
		{"barred_user", "who is blocked", build.Row{"is_blocked": true}},
	} {
		w.Object("user", ended.who, "has a refresh token of the clinic; a user "+ended.note)
		accounts.User(w, ended.who, ended.user)
		value := newRefreshToken(w, ended.who+"_refresh", ended.who, "a refresh token of a user "+ended.note, nil)
		w.Refused(op, "a refresh token of a user "+ended.note, refresh(build.Row{"refresh_token": value}), fault.Refuse(rules.TokenCreateGrantExpired))
	}
	revoked := newRefreshToken(w, "revoked_refresh", "revoking_user", "a refresh token of a user who has taken back the grant since", nil)
	w.Refused(op, "a refresh token whose grant was taken back", refresh(build.Row{"refresh_token": revoked}), fault.Refuse(rules.TokenCreateApp))
}
