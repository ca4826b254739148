package oauth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// A login ends the access tokens of its user in its client, and no others.
func TestLoginEndsOlderTokens(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	former := login(t, s)
	access, _ := gives(t, s, exchange(consent(t, s, former.Value, "user:read").Value))
	elsewhere, _ := gives(t, s, with(t, passing(t, s, "login"), object{"client_id": world.ID("hospital")}))
	require.True(t, lives(t, s, former.Value))

	latest := login(t, s)
	require.False(t, lives(t, s, former.Value))
	require.False(t, lives(t, s, access.Value))
	require.True(t, lives(t, s, latest.Value))
	require.True(t, lives(t, s, elsewhere.Value), "another client")
	require.True(t, lives(t, s, world.TokenValue("doctor")), "another user of the client")
	refreshed, _ := gives(t, s, refresh(access.Details.RefreshToken))
	require.True(t, lives(t, s, refreshed.Value), "refresh tokens stay good")
}

func TestParallelLoginsLeaveOneSession(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle(), testkit.With("MAX_FAILED_LOGINS", "100"))
	counts := all(t, 12, func(int) *testkit.Response { return s.Send(t, passing(t, s, "login")) })
	require.Equal(t, map[string]int{"": 12}, counts)
	require.Equal(t, 1, number(t, s, "SELECT count(*) FROM mithril.tokens WHERE user_id = $1 AND expires_at > $2",
		world.ID("login_user"), s.Clock.Now().Unix()))
}

// Parallel guesses are all counted.
func TestParallelGuesses(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	wrong := with(t, passing(t, s, "login"), object{"password": "guess"})
	counts := all(t, 24, func(int) *testkit.Response { return s.Send(t, wrong) })
	require.Equal(t, map[string]int{"session.login.password": 10, "session.login.attempts": 14}, counts)
	refuses(t, s, passing(t, s, "login"), "session.login.attempts")
}

// If the counted attempt cannot be cleared, the answer is not 503: the attempt stays
// counted, and repeating the request would lock the user out.
func TestAttemptThatStays(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	_, err := s.Pool.Exec(t.Context(), `
		CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'starting up' USING ERRCODE = '57P03'; END $$;
		CREATE TRIGGER away BEFORE UPDATE ON mithril.users FOR EACH ROW WHEN (NEW.priv_settings -> 'login_hstr' = '[]') EXECUTE FUNCTION away()`)
	require.NoError(t, err)
	require.Equal(t, http.StatusGatewayTimeout, s.Send(t, passing(t, s, "login")).Status)
	require.Equal(t, 1, number(t, s, "SELECT jsonb_array_length(priv_settings -> 'login_hstr') FROM mithril.users WHERE id = $1", world.ID("login_user")))
}

func TestAttemptsAreForgotten(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle(), testkit.Still(), testkit.With("MAX_FAILED_LOGINS", "2"), testkit.With("MAX_FAILED_LOGINS_PERIOD", "10"))
	right := passing(t, s, "login")
	wrong := with(t, right, object{"password": "guess"})
	const noted = "SELECT jsonb_array_length(COALESCE(priv_settings -> 'login_hstr', '[]')) FROM mithril.users WHERE id = $1"
	noon := s.Clock.Now().Truncate(time.Hour)

	// The right password clears the attempts before the limit is reached.
	s.Clock.Set(noon)
	refuses(t, s, wrong, "session.login.password")
	gives(t, s, right)
	require.Zero(t, number(t, s, noted, world.ID("login_user")))

	// An attempt counts for ten minutes.
	refuses(t, s, wrong, "session.login.password")
	s.Clock.Set(noon.Add(5 * time.Minute))
	refuses(t, s, wrong, "session.login.password")
	refuses(t, s, right, "session.login.attempts")
	s.Clock.Set(noon.Add(9*time.Minute + 59*time.Second))
	refuses(t, s, right, "session.login.attempts")
	s.Clock.Set(noon.Add(11 * time.Minute))
	refuses(t, s, wrong, "session.login.password")
	refuses(t, s, wrong, "session.login.attempts")
	require.Equal(t, 2, number(t, s, noted, world.ID("login_user")), "no more notes are kept than count")

	// Attempts do not count when the rule is off.
	s.Set(t, map[string]string{"RULES": "-session.login.attempts"})
	for range 3 {
		refuses(t, s, wrong, "session.login.password")
	}
	gives(t, s, right)
}

func TestPasswordExpires(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle(), testkit.Still())
	request := passing(t, s, "login")
	var set time.Time
	require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT password_set_at FROM mithril.users WHERE id = $1", world.ID("login_user")).Scan(&set))
	end := set.Add(90 * 24 * time.Hour)
	s.Clock.Set(end.Add(-time.Second))
	gives(t, s, request)
	for _, late := range []time.Duration{0, time.Second} {
		s.Clock.Set(end.Add(late))
		answer := s.Send(t, request)
		require.Equal(t, []string{"session.login.password_expired"}, answer.Rules())
		require.Equal(t, "password_expired", answer.Body.Error.Type)
		require.Equal(t, "The password expired for user: "+world.ID("login_user").String(), answer.Body.Error.Message)
	}
	s.Set(t, map[string]string{"RULES": "-session.login.password_expired"})
	gives(t, s, request)
}

func TestLoginOrder(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	request, before := passing(t, s, "login"), state(t, s)
	for _, c := range []struct {
		rule    string
		changes object
	}{
		{"session.login.schema", object{"grant_type": nil, "email": 1}},
		{"session.login.grant_type_required", object{"grant_type": nil, "client_id": nil}},
		{"session.login.grant_type", object{"grant_type": "", "client_id": nil}},
		{"session.login.client", object{"client_id": "1", "email": nil}},
		{"session.login.client_login", object{"client_id": world.ID("no_login_client"), "email": nil}},
		{"session.login.user", object{"email": nil, "password": nil}},
		{"session.login.user_blocked", object{"email": "blocked_login_user@example.com", "password": nil}},
		{"session.login.attempts", object{"email": "locked_login_user@example.com", "password": nil}},
	} {
		refuses(t, s, with(t, request, c.changes), c.rule)
	}
	require.Equal(t, before, state(t, s), "nothing is noted before a password is looked at")

	refuses(t, s, with(t, request, object{"email": "expired_login_user@example.com", "password": "guess"}), "session.login.password")
	refuses(t, s, with(t, request, object{"email": "expired_login_user@example.com", "scope": "user:read"}), "session.login.password_expired")
	refuses(t, s, with(t, request, object{"password": nil, "scope": "user:read"}), "session.login.password")
	refuses(t, s, with(t, request, object{"password": world.LoginPassword + " "}), "session.login.password")
	refuses(t, s, with(t, request, object{"scope": "user:read"}), "session.login.scope")
	require.Equal(t, 0, number(t, s, "SELECT count(*) FROM mithril.tokens WHERE user_id = $1", world.ID("login_user")), "refusals give no token")
}
