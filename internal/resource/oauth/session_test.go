package oauth_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/auth"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// A code that comes a second time may be stolen: what it has given ends.
func TestReplayedCodeEndsItsTokens(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	session := login(t, s)
	other, _ := gives(t, s, exchange(consent(t, s, session.Value, "user:read").Value))
	code := consent(t, s, session.Value, "user:read")
	access, _ := gives(t, s, exchange(code.Value))
	refreshed, _ := gives(t, s, refresh(access.Details.RefreshToken))

	require.Equal(t, []string{"token.create.grant_used"}, s.Send(t, exchange(code.Value)).Rules())
	require.False(t, lives(t, s, access.Value))
	require.False(t, lives(t, s, refreshed.Value))
	require.Equal(t, []string{"token.create.grant_expired"}, s.Send(t, refresh(access.Details.RefreshToken)).Rules())
	require.True(t, lives(t, s, other.Value), "the tokens of another code stay")
}

// What ends a session ends its tokens (decisions R34).
func TestTokensEndWithTheirSession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, s *testkit.Server, user uuid.UUID){
		"the password expires": func(t *testing.T, s *testkit.Server, _ uuid.UUID) {
			s.Set(t, map[string]string{"PASSWORD_EXPIRATION_DAYS": "1"})
			s.Clock.Advance(24 * time.Hour)
		},
		"the user is blocked": func(t *testing.T, s *testkit.Server, user uuid.UUID) {
			_, err := s.Pool.Exec(t.Context(), "UPDATE mithril.users SET is_blocked = true WHERE id = $1", user)
			require.NoError(t, err)
		},
		"the client is blocked": func(t *testing.T, s *testkit.Server, _ uuid.UUID) {
			_, err := s.Pool.Exec(t.Context(), "UPDATE mithril.clients SET is_blocked = true WHERE id = $1", world.ID("clinic"))
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.New(t, testkit.Idle())
			session := login(t, s)
			access, _ := gives(t, s, exchange(consent(t, s, session.Value, "user:read").Value))
			for _, token := range []string{session.Value, access.Value} {
				require.NotEqual(t, http.StatusUnauthorized, s.Send(t, testkit.As(token, http.MethodGet, "/oauth/user", nil)).Status)
			}
			end(t, s, access.UserID)
			for _, token := range []string{session.Value, access.Value} {
				require.Equal(t, http.StatusUnauthorized, s.Send(t, testkit.As(token, http.MethodGet, "/oauth/user", nil)).Status)
			}
		})
	}
}

func TestLogoutWorksBeforeThePasswordExpires(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle(), testkit.With("PASSWORD_EXPIRATION_DAYS", "1")) // sooner than the token
	session := login(t, s)
	require.Equal(t, http.StatusOK, s.Send(t, testkit.As(session.Value, http.MethodPost, "/auth/logout", nil)).Status)
	require.False(t, lives(t, s, session.Value))
}

// A header carries nothing but visible ASCII.
func TestLocationIsEncoded(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	address := world.RedirectURI + "?місто=Київ і село"
	code, answer := gives(t, s, with(t, passing(t, s, "authorizeApp"), object{"redirect_uri": address}))
	require.Equal(t, world.RedirectURI+"?%D0%BC%D1%96%D1%81%D1%82%D0%BE=%D0%9A%D0%B8%D1%97%D0%B2%20%D1%96%20%D1%81%D0%B5%D0%BB%D0%BE&code="+code.Value,
		answer.Header.Get("Location"))
	gives(t, s, with(t, exchange(code.Value), object{"redirect_uri": address}))
}

func TestAppIDIsTheGrant(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	request := passing(t, s, "authorizeApp")
	ids := map[string]bool{}
	for range 2 {
		answer := s.Send(t, request)
		var code struct {
			Details struct {
				AppID string `json:"app_id"`
			}
		}
		answer.Data(t, &code)
		require.Equal(t, 1, number(t, s, "SELECT count(*) FROM mithril.apps WHERE id = $1", code.Details.AppID))
		ids[code.Details.AppID] = true
	}
	require.Len(t, ids, 1, "a second consent widens the first")
}

// Who asks for all that a role and a type of legal entity share gets it; one scope
// more, and nothing is given.
func TestScopesThatRoleAndTypeShare(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	grants, err := auth.KnownGrants()
	require.NoError(t, err)
	session := login(t, s)
	exec := func(statement string, args ...any) {
		_, err := s.Pool.Exec(t.Context(), statement, args...)
		require.NoError(t, err)
	}
	pairs := 0
	for kind, ofType := range grants.ClientTypes {
		for role, ofRole := range grants.Roles {
			var shared []string
			for _, scope := range strings.Fields(ofRole) {
				if slices.Contains(strings.Fields(ofType), scope) {
					shared = append(shared, scope)
				}
			}
			if len(shared) == 0 {
				continue // a consent to nothing is refused
			}
			pairs++
			exec("UPDATE mithril.clients SET client_type_id = (SELECT id FROM mithril.client_types WHERE name = $1) WHERE id = $2", kind, world.ID("clinic"))
			exec("DELETE FROM mithril.user_roles WHERE user_id = $1", session.UserID)
			exec("INSERT INTO mithril.user_roles SELECT gen_random_uuid(), $1, id, $2, now(), now() FROM mithril.roles WHERE name = $3", session.UserID, world.ID("clinic"), role)
			consent(t, s, session.Value, strings.Join(shared, " "))
			for _, scope := range strings.Fields(ofType) {
				if !slices.Contains(shared, scope) {
					request := with(t, passing(t, s, "authorizeApp"), object{"scope": strings.Join(append(shared, scope), " ")})
					require.Equal(t, []string{"app.authorize.scope_roles"}, s.Send(t, request.Bearing(session.Value)).Rules(), "%s of %s", role, kind)
					break
				}
			}
		}
	}
	require.Greater(t, pairs, 80)
}
