package oauth_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestAuthorize(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	request := with(t, passing(t, s, "authorizeApp"), object{"scope": " service_request:use  division:read division:read "})
	code, answer := gives(t, s, request)

	location := world.RedirectURI + "?code=" + code.Value
	require.Equal(t, location, answer.Header.Get("Location"))
	var urgent struct {
		RedirectURI string `json:"redirect_uri"`
	}
	require.NoError(t, json.Unmarshal(answer.Body.Urgent, &urgent))
	require.Equal(t, location, urgent.RedirectURI)
	require.True(t, strings.HasSuffix(answer.Body.Meta["url"].(string), "/oauth/apps/authorize/"+code.ID.String()))
	require.Equal(t, "authorization_code", code.Name)
	require.Equal(t, world.ID("consenting_user"), code.UserID)
	require.Equal(t, "password", code.Details.GrantType)
	require.Equal(t, world.ID("clinic"), code.Details.ClientID)
	require.Equal(t, world.RedirectURI, code.Details.RedirectURI)
	require.Equal(t, "service_request:use division:read", code.Details.ScopeRequest)

	// Earlier grants stay. The code has only the requested scope.
	const app = "SELECT count(*) FROM mithril.apps WHERE user_id = $1 AND client_id = $2 AND scope = $3"
	require.Equal(t, 1, number(t, s, app, world.ID("consenting_user"), world.ID("clinic"), "division:details division:read service_request:use"))
	access, _ := gives(t, s, exchange(code.Value))
	require.Equal(t, "service_request:use division:read", access.Details.Scope)

	again, _ := gives(t, s, request)
	require.NotEqual(t, code.Value, again.Value, "each call gives a code of its own")
	gives(t, s, exchange(again.Value))
}

func TestAuthorizeUnderTheRegisteredAddress(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	address := world.RedirectURI + "/done?tab=1#top"
	code, answer := gives(t, s, with(t, passing(t, s, "authorizeApp"), object{"redirect_uri": address}))
	require.Equal(t, world.RedirectURI+"/done?tab=1&code="+code.Value+"#top", answer.Header.Get("Location"))
	gives(t, s, with(t, exchange(code.Value), object{"redirect_uri": address}))
}

// Parallel first grants become one grant of all scopes.
func TestParallelGrants(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	_, err := s.Pool.Exec(t.Context(), "DELETE FROM mithril.apps")
	require.NoError(t, err)
	scopes := []string{"user:read", "job:read", "otp:write", "approval:read", "division:read", "service_request:read"}
	request := passing(t, s, "authorizeApp")
	counts := all(t, len(scopes), func(i int) *testkit.Response { return s.Send(t, with(t, request, object{"scope": scopes[i]})) })
	require.Equal(t, map[string]int{"": len(scopes)}, counts)
	require.Equal(t, 1, number(t, s, "SELECT count(*) FROM mithril.apps WHERE scope = $1",
		"approval:read division:read job:read otp:write service_request:read user:read"))
}

func TestAuthorizeOrder(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	request, before := passing(t, s, "authorizeApp"), state(t, s)
	for _, c := range []struct {
		rules   []string
		changes object
	}{
		{[]string{"app.authorize.schema"}, object{"client_id": 1, "redirect_uri": ""}},
		{[]string{"app.authorize.client_id", "app.authorize.redirect_uri"}, object{"client_id": "1", "redirect_uri": ""}},
		{[]string{"app.authorize.client_id_required"}, object{"client_id": "", "scope": nil}},
		{[]string{"app.authorize.client_id"}, object{"client_id": "urn:uuid:" + world.ID("clinic").String()}},
		{[]string{"app.authorize.redirect_uri"}, object{"client_id": world.ID("nobody"), "redirect_uri": nil}},
		{[]string{"app.authorize.client"}, object{"client_id": world.ID("nobody"), "redirect_uri": "https://example.org/"}},
		{[]string{"app.authorize.client_blocked"}, object{"client_id": world.ID("blocked_client"), "redirect_uri": "https://example.org/"}},
		{[]string{"app.authorize.redirect"}, object{"redirect_uri": "https://example.org/", "scope": nil}},
		{[]string{"app.authorize.redirect"}, object{"client_id": world.ID("msp"), "scope": nil}}, // no connection at all
		{[]string{"app.authorize.scope_empty"}, object{"scope": "  "}},
		{[]string{"app.authorize.scope_client_type"}, object{"scope": "division:write event:read"}},
		{[]string{"app.authorize.scope_roles"}, object{"scope": "division:write"}},
		{[]string{"app.authorize.scope_roles"}, object{"client_id": world.ID("other_clinic")}}, // a role holds in one client
	} {
		refuses(t, s, with(t, request, c.changes), c.rules...)
	}
	refuses(t, s, request.Bearing(world.TokenValue("doctor_without")), "gateway.token.unknown")
	require.Equal(t, before, state(t, s), "refusals change nothing")

	access := testkit.As(world.TokenValue("leaving"), http.MethodPost, "/oauth/apps/authorize", object{})
	refuses(t, s, access, "gateway.scope")
}

// Global roles count in every client.
func TestGlobalRoles(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	request := with(t, passing(t, s, "authorizeApp"), object{"scope": "division:write"})
	refuses(t, s, request, "app.authorize.scope_roles")
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO mithril.global_user_roles (id, user_id, role_id, inserted_at, updated_at) VALUES ($1, $2, $3, $4, $4)`,
		world.ID("test"), world.ID("consenting_user"), world.ID("role OWNER"), s.Clock.Now())
	require.NoError(t, err)
	gives(t, s, request)
}
