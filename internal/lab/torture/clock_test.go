package torture

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/auth"
	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// The longest period of a list of events is a second's matter, too.
func TestLongestPeriodOfEvents(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T18", "a list of events takes a period of three hours, and not a second more")
	s := &stage{Server: testkit.New(t, testkit.Idle())}
	for _, from := range []string{"2026-03-29T00:00:00", "2026-10-25T00:00:00", "2028-02-28T23:00:00", "2038-01-19T02:00:00", "2100-02-28T22:00:00"} {
		began, err := time.Parse("2006-01-02T15:04:05", from)
		require.NoError(t, err)
		for _, more := range []time.Duration{-time.Second, 0, time.Second} {
			to := began.Add(3*time.Hour + more).Format("2006-01-02T15:04:05")
			list := testkit.As(world.TokenValue("mis"), http.MethodGet, "/api/events?date="+from+"&date_to="+to, nil)
			require.Equal(t, more > 0, s.refused(t, list, "event.list.period"), "%s to %s", from, to)
			tr.add("periods", 1)
		}
	}
}

// Whenever it is, a server works, and what it makes ends when it should: past
// what fits into 32 bits of seconds, on leap days, while the clocks change.
func TestAnyMoment(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T18", "a server works at any moment, and what it makes then ends when it should")
	s := &stage{Server: testkit.New(t, testkit.Idle(), testkit.With("RULES", "-session.login.password_expired"))}
	for name, moment := range map[string]time.Time{
		"before the clocks go forward": time.Date(2027, time.March, 28, 0, 59, 50, 0, time.UTC),
		"before the clocks go back":    time.Date(2027, time.October, 31, 0, 59, 50, 0, time.UTC),
		"the hour that comes twice":    time.Date(2027, time.October, 31, 1, 30, 0, 0, time.UTC),
		"before a leap day":            time.Date(2028, time.February, 28, 23, 59, 50, 0, time.UTC),
		"a leap day":                   time.Date(2028, time.February, 29, 12, 0, 0, 0, time.UTC),
		"the end of a leap day":        time.Date(2028, time.February, 29, 23, 59, 50, 0, time.UTC),
		"the last of 32 bits":          time.Date(2038, time.January, 19, 3, 14, 0, 0, time.UTC),
		"past 32 bits":                 time.Date(2038, time.January, 19, 3, 14, 8, 0, time.UTC),
		"a year that is no leap year":  time.Date(2100, time.February, 28, 23, 59, 50, 0, time.UTC),
		"the next century":             time.Date(2101, time.January, 1, 0, 0, 0, 0, time.UTC),
	} {
		s.used = true
		s.Clock.Reset()
		s.fresh(t)
		s.Clock.Set(moment)
		s.exec(t, "UPDATE mithril.users SET password_set_at = $1", moment) // tokens end with their user's password
		s.exec(t, "UPDATE mithril.tokens SET expires_at = $1 WHERE name = $2 AND value_hash = ANY($3)", moment.AddDate(1, 0, 0).Unix(), auth.AccessToken,
			[][]byte{seal.Token(world.TokenValue("owner")), seal.Token(world.TokenValue("doctor")), seal.Token(world.TokenValue("mis")), seal.Token(world.TokenValue("pharmacist"))})
		near := func(at time.Time, message string) {
			require.WithinRange(t, at, moment, s.Clock.Now(), "%s: %s", name, message)
		}

		session := s.login(t)
		near(time.Unix(session.ExpiresAt, 0).Add(-time.Duration(s.Config.Get().AccessTokenLifetime)*time.Second), "a session")
		phone, code := s.code(t)
		require.Equal(t, 15*time.Minute, s.codeEnds(t, phone).Sub(s.codeMade(t, phone)), "%s: the life of a code", name)
		near(s.codeMade(t, phone), "a code")
		require.Equal(t, http.StatusOK, s.send(t, codeEntered(phone, code)).Status, name)

		created := s.send(t, s.passing(t, "createDivision"))
		require.Less(t, created.Status, 300, "%s: %s", name, created.Raw)
		var division struct{ ID uuid.UUID }
		created.Data(t, &division)
		var at time.Time
		require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT inserted_at FROM prm.divisions WHERE id = $1", division.ID).Scan(&at))
		near(at, "a division")
		require.Equal(t, http.StatusAccepted, s.send(t, s.passing(t, "releaseServiceRequest")).Status, name)
		var eta time.Time
		require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT max(eta) FROM jobs.jobs WHERE operation = 'releaseServiceRequest' AND status = 0 AND hash NOT LIKE 'sandbox%'").Scan(&eta))
		near(eta.Add(-10*time.Minute), "the eta of a job")
		require.Equal(t, http.StatusAccepted, s.send(t, s.passing(t, "stopDeviceDispense")).Status, name)

		id, _ := s.event(t)
		list := s.send(t, testkit.As(world.TokenValue("mis"), http.MethodGet, "/api/events?page_size=300", nil))
		require.Contains(t, string(list.Body.Data), id.String(), name)
		for _, clean := range s.cleaners() {
			require.NoError(t, clean(t.Context()), name)
		}
		require.Equal(t, 1, s.Count(t, "event_manager.events WHERE id = $1", id), name)
		require.Equal(t, 1, s.Count(t, "otp.verifications WHERE phone_number = $1", phone), name)
		tr.add("moments", 1)
	}
}

// A clock that jumps, forward by a little more than five minutes or back by an
// hour, ends what the documents say and nothing else, and makes nobody wait
// longer than they would have had to.
func TestJumps(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T18", "a clock that jumps ends what the documents say and nothing else")
	const fiveMinutes = "5"
	newStage := func(t *testing.T) *stage {
		return &stage{Server: testkit.New(t, testkit.Idle(), testkit.With("CODE_EXPIRATION_PERIOD_MINUTES", fiveMinutes), testkit.With("INIT_VERIFICATION_LIMIT", "60"))}
	}
	t.Run("301 seconds forward", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		phone, code := s.code(t)
		grant, session := s.consent(t), s.login(t)
		s.Clock.Advance(301 * time.Second)
		require.True(t, s.refused(t, codeEntered(phone, code), "verification.complete.expired"))
		require.True(t, s.refused(t, tokenRequest(map[string]any{
			"grant_type": auth.AuthorizationCode, "code": grant.Value, "redirect_uri": world.RedirectURI,
		}), "token.create.grant_expired"))
		require.False(t, s.refused(t, testkit.As(session.Value, http.MethodGet, "/oauth/user", nil), "gateway.token.expired", "gateway.scope"))
		require.False(t, s.refused(t, codeRequest(phone), "verification.initialize.rate"))
		tr.add("jumps", 1)
	})
	t.Run("an hour back", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		phone, code := s.code(t)
		grant, session := s.consent(t), s.login(t)
		s.Clock.Advance(-time.Hour)
		soon := s.send(t, codeRequest(phone))
		require.Equal(t, []string{"verification.initialize.rate"}, soon.Rules())
		wait, err := strconv.Atoi(soon.Header.Get("Retry-After"))
		require.NoError(t, err)
		require.LessOrEqual(t, wait, 60, "nobody waits for the hour to pass again")
		require.Equal(t, http.StatusOK, s.send(t, codeEntered(phone, code)).Status)
		require.False(t, s.refused(t, testkit.As(session.Value, http.MethodGet, "/oauth/user", nil), "gateway.token.expired", "gateway.scope"))
		require.False(t, s.refused(t, tokenRequest(map[string]any{
			"grant_type": auth.AuthorizationCode, "code": grant.Value, "redirect_uri": world.RedirectURI,
		}), "token.create.grant_expired"))

		// A code that is made now is the live one, although an older one has a later time.
		s.Set(t, map[string]string{"INIT_VERIFICATION_LIMIT": "0"})
		s.exec(t, "UPDATE otp.verifications SET status = 'new', active = true WHERE phone_number = $1", phone)
		require.Equal(t, http.StatusOK, s.send(t, codeRequest(phone)).Status)
		require.Equal(t, 1, s.Count(t, "otp.verifications WHERE phone_number = $1 AND active", phone))
		require.Equal(t, http.StatusOK, s.send(t, codeEntered(phone, s.codeSent(t, phone))).Status)
		tr.add("jumps", 1)
	})
}
