package sms_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const phone = "+380501234567"

// unreliable is a provider that fails a number of times before it delivers.
type unreliable struct {
	mu       sync.Mutex
	failures int
	tries    int
}

func (*unreliable) Name() string { return "unreliable" }

func (u *unreliable) Send(context.Context, string, string) (gatewayID, status string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.tries++
	if u.tries <= u.failures {
		return "", "", errors.New("the operator is away")
	}
	return "SM1", "Accepted", nil
}

func (u *unreliable) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.tries
}

func initialize(t *testing.T, srv *testkit.Server) {
	t.Helper()
	r := srv.Send(t, testkit.As(world.TokenValue("doctor"), http.MethodPost, "/api/verifications", map[string]string{"phone_number": phone}))
	require.Equal(t, http.StatusOK, r.Status, "the provider has no say in the answer: %s", r.Raw)
}

func inbox(t *testing.T, srv *testkit.Server) []sms.Received {
	t.Helper()
	received, err := sms.Inbox(t.Context(), srv.Pool, srv.Keys, phone, 10)
	require.NoError(t, err)
	return received
}

func state(t *testing.T, srv *testkit.Server) string {
	t.Helper()
	received := inbox(t, srv)
	require.Len(t, received, 1)
	if received[0].GatewayStatus == nil || received[0].Provider == nil {
		return ""
	}
	return *received[0].Provider + " " + *received[0].GatewayStatus
}

// Failures are retried. The answer does not show them, and the log has no data of
// the message.
func TestFailuresAreTriedAgain(t *testing.T) {
	t.Parallel()
	provider := &unreliable{failures: 1}
	var lines lockedBuffer
	srv := testkit.New(t, testkit.WithProvider(provider), testkit.WithLogger(slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	initialize(t, srv)
	require.Eventually(t, func() bool { return state(t, srv) == "unreliable Accepted" }, time.Minute, 20*time.Millisecond)
	require.Equal(t, 2, provider.count())
	var gatewayID string
	var tries int
	require.NoError(t, srv.Pool.QueryRow(t.Context(), "SELECT gateway_id, tries FROM otp.sms_logs WHERE phone_number = $1", phone).Scan(&gatewayID, &tries))
	require.Equal(t, "SM1", gatewayID)
	require.Equal(t, 2, tries, "the phone may have got the message in the first try too")

	code := inbox(t, srv)[0].Text
	require.Contains(t, lines.String(), "the operator is away")
	for _, word := range []string{phone, phone[1:], code} {
		require.NotContains(t, lines.String(), word)
	}
}

// overtaken is a slow provider: another try sends the message before it returns.
type overtaken struct {
	meanwhile func(ctx context.Context) error
}

func (overtaken) Name() string { return "slow" }

func (o overtaken) Send(ctx context.Context, _, _ string) (gatewayID, status string, err error) {
	return "SM1", "Accepted", o.meanwhile(ctx)
}

// tries of a message that was sent twice stays 2, whichever try ends last.
func TestSlowFirstTryLeavesTheMark(t *testing.T) {
	t.Parallel()
	var provider overtaken
	srv := testkit.New(t, testkit.Idle(), testkit.WithProvider(&provider))
	provider.meanwhile = func(ctx context.Context) error {
		_, err := srv.Pool.Exec(ctx, "UPDATE otp.sms_logs SET tries = 2, gateway_status = 'Accepted' WHERE phone_number = $1", phone)
		return err
	}
	initialize(t, srv)
	require.NoError(t, srv.Start(t.Context()))
	require.Eventually(t, func() bool { return state(t, srv) == "slow Accepted" }, time.Minute, 20*time.Millisecond)
	require.Equal(t, 1, srv.Count(t, "otp.sms_logs WHERE phone_number = $1 AND tries = 2", phone))
}

func TestLogProviderDelivers(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	initialize(t, srv)
	require.Eventually(t, func() bool { return state(t, srv) == "log Delivered" }, time.Minute, 20*time.Millisecond)
	require.Equal(t, 1, srv.Count(t, "otp.sms_logs WHERE phone_number = $1 AND tries = 1", phone))
}

// A message older than giveUpAfter is not sent.
func TestOldMessagesAreGivenUp(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]string{
		20 * time.Minute: "unreliable Accepted",
		30 * time.Minute: "unreliable Terminated",
	} {
		provider := &unreliable{}
		srv := testkit.New(t, testkit.Idle(), testkit.WithProvider(provider), testkit.With("CODE_EXPIRATION_PERIOD_MINUTES", "60"))
		initialize(t, srv)
		srv.Clock.Advance(after)
		require.NoError(t, srv.Start(t.Context()))
		require.Eventually(t, func() bool { return state(t, srv) != "" }, time.Minute, 20*time.Millisecond)
		require.Equal(t, want, state(t, srv))
		require.NoError(t, srv.Stop(context.Background()))
	}
}

// A code that was replaced, used, given up or has expired meanwhile is not sent.
func TestDeadCodesAreNotSent(t *testing.T) {
	t.Parallel()
	for what, kill := range map[string]func(t *testing.T, srv *testkit.Server){
		"replaced": func(t *testing.T, srv *testkit.Server) { initialize(t, srv) },
		"used": func(t *testing.T, srv *testkit.Server) {
			text := inbox(t, srv)[0].Text
			code, err := strconv.Atoi(text[strings.LastIndex(text, " ")+1:])
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, enter(t, srv, code).Status)
		},
		"out of attempts": func(t *testing.T, srv *testkit.Server) {
			for range 3 {
				require.Equal(t, []string{"verification.complete.code"}, enter(t, srv, 1).Rules())
			}
		},
		"expired": func(_ *testing.T, srv *testkit.Server) { srv.Clock.Advance(15 * time.Minute) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			provider := &unreliable{}
			srv := testkit.New(t, testkit.Idle(), testkit.WithProvider(provider))
			initialize(t, srv)
			first := inbox(t, srv)[0].ID
			kill(t, srv)
			live := len(inbox(t, srv)) - 1
			require.NoError(t, srv.Start(t.Context()))
			require.Eventually(t, func() bool {
				return !slices.ContainsFunc(inbox(t, srv), func(m sms.Received) bool { return m.GatewayStatus == nil })
			}, time.Minute, 20*time.Millisecond)
			require.NoError(t, srv.Stop(context.Background()))
			for _, m := range inbox(t, srv) {
				if m.ID == first {
					require.Equal(t, "Terminated", *m.GatewayStatus)
				} else {
					require.Equal(t, "Accepted", *m.GatewayStatus)
				}
			}
			require.Equal(t, live, provider.count())
		})
	}
}

// enter tries a code.
func enter(t *testing.T, srv *testkit.Server, code int) *testkit.Response {
	t.Helper()
	return srv.Send(t, testkit.As(world.TokenValue("doctor"), http.MethodPatch, "/api/verifications/"+phone+"/actions/complete", map[string]int{"code": code}))
}

// A message is not sent again when an earlier try has sent it and crashed, and not
// retried when its row is deleted.
func TestMessagesThatNeedNoSending(t *testing.T) {
	t.Parallel()
	provider := &unreliable{}
	srv := testkit.New(t, testkit.Idle(), testkit.WithProvider(provider))
	initialize(t, srv)
	_, err := srv.Pool.Exec(t.Context(), "UPDATE otp.sms_logs SET gateway_status = 'Accepted', provider = 'another'")
	require.NoError(t, err)
	_, err = srv.Pool.Exec(t.Context(), "INSERT INTO river.river_job (state, max_attempts, kind, args) VALUES ('available', 25, 'send_sms', jsonb_build_object('id', $1::text))", uuid.NewString())
	require.NoError(t, err)
	require.NoError(t, srv.Start(t.Context()))
	require.Eventually(t, func() bool {
		var open int
		require.NoError(t, srv.Pool.QueryRow(t.Context(),
			"SELECT count(*) FROM river.river_job WHERE kind = 'send_sms' AND state NOT IN ('completed', 'cancelled')").Scan(&open))
		return open == 0
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, srv.Stop(context.Background()))
	require.Zero(t, provider.count())
	require.Equal(t, "another Accepted", state(t, srv))
}

type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
