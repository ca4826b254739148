package oauth

import (
	"net/http"

	"esoz/internal/platform/auth"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// sessions are tokens to look at and to end.
func sessions(w *build.World) {
	w.Passes("getUser", "a doctor", build.Get(build.TokenValue("doctor"), "/oauth/user"), http.StatusOK)
	w.Passes("getUser", "any token, as the running system answers", build.Get(build.TokenValue("no_scopes"), "/oauth/user"), http.StatusOK).Set("READING", "live")
	w.Passes("getUser", "the MIS, without an API-key", build.Get(build.TokenValue("mis"), "/oauth/user").Header("API-key", ""), http.StatusOK)

	newRefreshToken(w, "leaving_refresh", "consenting_user", "the refresh token of the token leaving", nil)
	leaving := accounts.Token(w, "leaving", "consenting_user", "clinic", []string{"user:read"}, "there to be logged out", build.Row{"details": build.Row{
		"scope": "user:read", "client_id": build.ID("clinic"), "grant_type": auth.AuthorizationCode, "redirect_uri": accounts.RedirectURI,
		"refresh_token_id": build.ID("token leaving_refresh"),
	}})
	w.Passes("logout", "a session ends", build.Post(leaving, "/auth/logout"), http.StatusOK)
	w.Passes("logout", "any scope will do", build.Post(build.TokenValue("session"), "/auth/logout"), http.StatusOK)
}
