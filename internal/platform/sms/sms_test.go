package sms_test

import (
	"context"
	"errors"
	"fmt"
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

// unreliable is a provider whose first answers are failures.
type unreliable struct {
	mu       sync.Mutex
	failures []failure
	tries    int
}

// failure is what a provider does with a message that it does not simply accept.
type failure func(ctx context.Context) error

func refuses(context.Context) error { return fmt.Errorf("%w: busy", sms.ErrNotTaken) }

func hangsUp(context.Context) error { return errors.New("the operator is away") }

// silent accepts the message and answers nothing.
func silent(ctx context.Context) error {
	<-ctx.Done()
	return fmt.Errorf("no answer in time: %w", ctx.Err())
}

// slow accepts the message late, but within SMS_TIMEOUT.
func slow(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("no answer in time: %w", ctx.Err())
	case <-time.After(6 * time.Second):
		return nil
	}
}

func (*unreliable) Name() string { return "unreliable" }

func (u *unreliable) Send(ctx context.Context, _ uuid.UUID, _, _ string) (gatewayID, status string, err error) {
	u.mu.Lock()
	u.tries++
	var fails failure
	if u.tries <= len(u.failures) {
		fails = u.failures[u.tries-1]
	}
	u.mu.Unlock()
	if fails != nil {
		if err := fails(ctx); err != nil {
			return "", "", err
		}
	}
	return "SM1", "Accepted", nil
}

func (u *unreliable) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.tries
}

// A message goes to the provider again as long as the provider says that it did not
// take it, and once more after a failure that leaves this open. tries counts the
// calls that may have sent it.
func TestHowOftenAMessageIsSent(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		failures     []failure
		timeout      string
		state        string
		calls, tries int
	}{
		"accepted late":              {[]failure{slow}, "10s", "unreliable Accepted", 1, 1},
		"refused, then accepted":     {[]failure{refuses}, "100ms", "unreliable Accepted", 2, 1},
		"no answer, then accepted":   {[]failure{silent}, "100ms", "unreliable Accepted", 2, 2},
		"never an answer":            {[]failure{silent, silent, silent}, "100ms", "unreliable Unknown", 2, 2},
		"hung up, refused, accepted": {[]failure{hangsUp, refuses}, "100ms", "unreliable Accepted", 3, 2},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			provider := &unreliable{failures: c.failures}
			srv := testkit.New(t, testkit.WithProvider(provider), testkit.With("SMS_TIMEOUT", c.timeout))
			initialize(t, srv)
			require.Eventually(t, func() bool { return state(t, srv) == c.state }, time.Minute, 20*time.Millisecond)
			require.NoError(t, srv.Stop(t.Context()))
			require.Equal(t, c.calls, provider.count())
			require.Equal(t, 1, srv.Count(t, "otp.sms_logs WHERE phone_number = $1 AND tries = $2", phone, c.tries))
			require.Zero(t, srv.Count(t, "river.river_job WHERE kind = 'send_sms' AND state <> 'completed'"), "nothing is left to do")
		})
	}
}

// Two tries that died may both have sent the message: it is not sent again. After
// one it is sent again, but not when its code has died meanwhile.
func TestTriesThatDied(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		died  int
		later time.Duration
		state string
		calls int
	}{
		{1, 0, "unreliable Accepted", 1},
		{2, 0, "unreliable Unknown", 0},
		{1, 15 * time.Minute, "unreliable Unknown", 0},
	} {
		provider := &unreliable{}
		srv := testkit.New(t, testkit.Idle(), testkit.WithProvider(provider))
		initialize(t, srv)
		_, err := srv.Pool.Exec(t.Context(), "UPDATE otp.sms_logs SET tries = $1", c.died)
		require.NoError(t, err)
		srv.Clock.Advance(c.later)
		require.NoError(t, srv.Start(t.Context()))
		require.Eventually(t, func() bool { return state(t, srv) == c.state }, time.Minute, 20*time.Millisecond)
		require.NoError(t, srv.Stop(context.Background()))
		require.Equal(t, c.calls, provider.count())
	}
}

// A code that is replaced while the provider refuses its message is never sent.
func TestRefusedMessageOfAReplacedCode(t *testing.T) {
	t.Parallel()
	asked, replaced := make(chan struct{}), make(chan struct{})
	provider := &unreliable{failures: []failure{func(ctx context.Context) error {
		close(asked)
		select {
		case <-replaced:
		case <-ctx.Done():
		}
		return refuses(ctx)
	}}}
	srv := testkit.New(t, testkit.WithProvider(provider), testkit.With("SMS_TIMEOUT", "1m"))
	initialize(t, srv)
	first := inbox(t, srv)[0].ID
	<-asked
	initialize(t, srv)
	close(replaced)
	ended := func(id uuid.UUID, status string) bool {
		return srv.Count(t, "otp.sms_logs WHERE id = $1 AND gateway_status = $2", id, status) == 1
	}
	require.Eventually(t, func() bool { return ended(first, "Terminated") }, time.Minute, 20*time.Millisecond)
	require.Equal(t, 1, srv.Count(t, "otp.sms_logs WHERE id <> $1 AND gateway_status = 'Accepted' AND tries = 1", first))
	require.Equal(t, 1, srv.Count(t, "otp.sms_logs WHERE id = $1 AND tries = 0", first))
	require.Equal(t, 2, provider.count())
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
	provider := &unreliable{failures: []failure{hangsUp}}
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

func (o overtaken) Send(ctx context.Context, _ uuid.UUID, _, _ string) (gatewayID, status string, err error) {
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
