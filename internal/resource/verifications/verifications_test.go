package verifications_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/sms"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	text    = "Код авторизації дій в системі eHealth: "
	wrong   = "Invalid verification code"
	late    = "Verification code expired"
	dead    = "Maximum attempts exceed"
	phone   = "+380501234567"
	another = "+380501234568"
)

// fixture is a server, with its database in reach.
type fixture struct {
	*testkit.Server
	t *testing.T
}

func start(t *testing.T, opts ...testkit.Option) *fixture {
	t.Helper()
	return &fixture{Server: testkit.New(t, opts...), t: t}
}

var doctor = world.TokenValue("doctor")

func (f *fixture) initialize(phone string) *testkit.Response {
	f.t.Helper()
	return f.Send(f.t, testkit.As(doctor, http.MethodPost, "/api/verifications", map[string]string{"phone_number": phone}))
}

func (f *fixture) complete(phone string, code int) *testkit.Response {
	f.t.Helper()
	return f.Send(f.t, testkit.As(doctor, http.MethodPatch, "/api/verifications/"+phone+"/actions/complete", map[string]int{"code": code}))
}

func (f *fixture) find(phone string) *testkit.Response {
	f.t.Helper()
	return f.Send(f.t, testkit.As(doctor, http.MethodGet, "/api/verifications/"+phone, nil))
}

// started begins a verification and returns the code that was sent.
func (f *fixture) started(phone string) int {
	f.t.Helper()
	r := f.initialize(phone)
	require.Equal(f.t, http.StatusOK, r.Status, "%s", r.Raw)
	return f.codes(phone)[0]
}

// codes returns the codes that were sent to a phone, newest first.
func (f *fixture) codes(phone string) []int {
	f.t.Helper()
	received, err := sms.Inbox(f.t.Context(), f.Pool, f.Keys, phone, 1000)
	require.NoError(f.t, err)
	codes := make([]int, len(received))
	for i, message := range received {
		codes[i], err = strconv.Atoi(strings.TrimPrefix(message.Text, text))
		require.NoError(f.t, err)
	}
	return codes
}

func (f *fixture) refuses(message string, r *testkit.Response) {
	f.t.Helper()
	require.Equal(f.t, http.StatusForbidden, r.Status, "%s", r.Raw)
	require.Equal(f.t, "forbidden", r.Body.Error.Type)
	require.Equal(f.t, message, r.Body.Error.Message)
}

// state prints the newest verification of a phone.
func (f *fixture) state(phone string) (state string) {
	f.t.Helper()
	require.NoError(f.t, f.Pool.QueryRow(f.t.Context(),
		`SELECT status || ' ' || active || ' ' || attempts_count FROM otp.verifications WHERE phone_number = $1
		 ORDER BY inserted_at DESC LIMIT 1`, phone).Scan(&state))
	return state
}

func (f *fixture) count(query string, args ...any) (n int) {
	f.t.Helper()
	require.NoError(f.t, f.Pool.QueryRow(f.t.Context(), "SELECT count(*) FROM "+query, args...).Scan(&n))
	return n
}

// service is the server's own, for what runs by schedule.
func (f *fixture) service() *otp.Service {
	return &otp.Service{Pool: f.Pool, Keys: f.Keys, Clock: f.Clock, Config: f.Config}
}

// off changes a code to one that it is not.
func off(code int) int { return code/10*10 + (code+1)%10 }

func TestVerifyAPhone(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	require.Equal(t, http.StatusNotFound, f.find(phone).Status)
	r := f.initialize(phone)
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var begun, ended struct {
		ID, Status    string
		Active        bool
		CodeExpiredAt string `json:"code_expired_at"`
	}
	r.Data(t, &begun)
	require.Equal(t, "NEW", begun.Status)
	require.True(t, begun.Active)
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`, begun.CodeExpiredAt)
	require.Len(t, f.codes(""), 1)
	require.Equal(t, http.StatusNotFound, f.find(phone).Status, "not before the code came back")

	code := f.codes(phone)[0]
	r = f.complete(phone, code)
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	r.Data(t, &ended)
	require.Equal(t, begun.ID, ended.ID)
	require.Equal(t, begun.CodeExpiredAt, ended.CodeExpiredAt)
	require.Equal(t, "VERIFIED", ended.Status)
	require.False(t, ended.Active)
	require.Equal(t, "verified false 1", f.state(phone))

	r = f.find(phone)
	require.Equal(t, http.StatusOK, r.Status)
	require.JSONEq(t, `{"phone_number": "`+phone+`"}`, string(r.Body.Data))
	f.refuses(dead, f.complete(phone, code))
	require.Equal(t, "verified false 1", f.state(phone))

	require.Equal(t, http.StatusOK, f.complete(phone, f.started(phone)).Status, "a phone may be verified again")
	require.Equal(t, 1, f.count("otp.verified_phones WHERE phone_number = $1", phone))
}

func TestAttemptsRunOut(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	code := f.started(phone)
	for attempt, after := range []string{"new true 1", "new true 2", "unverified false 3"} {
		f.refuses(wrong, f.complete(phone, off(code)))
		require.Equal(t, after, f.state(phone), "attempt %d", attempt+1)
	}
	f.refuses(dead, f.complete(phone, off(code)))
	f.refuses(dead, f.complete(phone, code))
	require.Equal(t, "unverified false 3", f.state(phone), "what comes too late counts no more")
	require.Equal(t, http.StatusNotFound, f.find(phone).Status)

	code = f.started(phone)
	require.Equal(t, "new true 0", f.state(phone))
	f.refuses(wrong, f.complete(phone, off(code)))
	f.refuses(wrong, f.complete(phone, off(code)))
	require.Equal(t, http.StatusOK, f.complete(phone, code).Status, "the last attempt counts")
}

// A limit that is lowered holds for the codes under way.
func TestLimitIsLowered(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	code := f.started(phone)
	f.refuses(wrong, f.complete(phone, off(code)))
	f.refuses(wrong, f.complete(phone, off(code)))
	f.Set(t, map[string]string{"MAX_ATTEMPTS": "2"})
	f.refuses(dead, f.complete(phone, code))
	require.Equal(t, "new true 2", f.state(phone))
}

func TestCodeOfAnotherPhone(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	code := f.started(phone)
	foreign := f.started(another)
	for foreign == code { // one of 729 is drawn again
		foreign = f.started(another)
	}
	f.refuses(wrong, f.complete(another, code))
	require.Equal(t, http.StatusOK, f.complete(phone, code).Status)
}

// TestJudge has the very moment; the server's clock goes on running.
func TestCodesExpire(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	for name, c := range map[string]struct {
		offset  time.Duration
		refused bool
	}{
		"a little before": {-3 * time.Minute, false},
		"just then":       {0, true},
		"a second after":  {time.Second, true},
	} {
		code := f.started(phone)
		var end time.Time
		require.NoError(t, f.Pool.QueryRow(t.Context(), "SELECT code_expired_at FROM otp.verifications WHERE phone_number = $1 AND active", phone).Scan(&end))
		f.Clock.Set(end.Add(c.offset))
		if r := f.complete(phone, code); c.refused {
			f.refuses(late, r)
			require.Equal(t, "new true 1", f.state(phone), "%s: it counts as an attempt", name)
		} else {
			require.Equal(t, http.StatusOK, r.Status, "%s: %s", name, r.Raw)
		}
		f.Clock.Reset()
	}
}

// The clean-up changes no answer (decisions R24), and takes only what is over.
func TestCleanUp(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	code := f.started(phone)
	f.Clock.Advance(10 * time.Minute)
	require.NoError(t, f.service().Expire(t.Context()))
	require.Equal(t, "new true 0", f.state(phone))
	f.Clock.Advance(5 * time.Minute)
	f.refuses(late, f.complete(phone, code))
	require.NoError(t, f.service().Expire(t.Context()))
	require.Equal(t, "expired false 1", f.state(phone))
	f.refuses(late, f.complete(phone, code))
	f.refuses(late, f.complete(phone, code))
	f.refuses(late, f.complete(phone, code))
	require.Equal(t, "expired false 1", f.state(phone))

	f.Clock.Advance(29 * 24 * time.Hour)
	require.NoError(t, f.service().DeleteOld(t.Context()))
	f.refuses(late, f.complete(phone, code))
	f.Clock.Advance(24 * time.Hour)
	require.NotZero(t, f.Count(t, "otp.sms_logs"))
	require.NoError(t, f.service().DeleteOld(t.Context()))
	require.Zero(t, f.Count(t, "otp.sms_logs"), "nor is the phone kept where its message was logged")
	r := f.complete(phone, code)
	require.Equal(t, http.StatusNotFound, r.Status)
	require.Contains(t, string(r.Raw), `"error":{"type":"not_found"}`)
	require.Equal(t, http.StatusOK, f.find(world.VerifiedPhone).Status, "a verified phone stays so")
}

func TestExpiredCodesRunOutOfAttempts(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	code := f.started(phone)
	f.Clock.Advance(15 * time.Minute)
	for range 3 {
		f.refuses(late, f.complete(phone, code))
	}
	f.refuses(dead, f.complete(phone, code))
	require.Equal(t, "unverified false 3", f.state(phone))
}

// However many guess at once, no more codes are compared than MAX_ATTEMPTS.
func TestParallelGuesses(t *testing.T) {
	t.Parallel()
	f := start(t)
	code := f.started(phone)
	messages := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			r := f.complete(phone, off(code))
			mu.Lock()
			defer mu.Unlock()
			messages[r.Body.Error.Message]++
		})
	}
	wg.Wait()
	require.Equal(t, map[string]int{wrong: 3, dead: 61}, messages)
	require.Equal(t, "unverified false 3", f.state(phone))
}

// A right code that is entered many times at once is used once.
func TestParallelCompletions(t *testing.T) {
	t.Parallel()
	f := start(t)
	code := f.started(phone)
	statuses := map[int]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r := f.complete(phone, code)
			mu.Lock()
			defer mu.Unlock()
			statuses[r.Status]++
		})
	}
	wg.Wait()
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusForbidden: 15}, statuses)
	require.Equal(t, "verified false 1", f.state(phone))
}

func TestParallelStartsLeaveOneLiveCode(t *testing.T) {
	t.Parallel()
	f := start(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { f.initialize(phone) })
	}
	wg.Wait()
	require.Len(t, f.codes(phone), 16)
	require.Equal(t, 16, f.count("otp.verifications WHERE phone_number = $1", phone))
	require.Equal(t, 1, f.count("otp.verifications WHERE phone_number = $1 AND active", phone))
}

func TestRate(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("INIT_VERIFICATION_LIMIT", "3600"), testkit.With("CODE_EXPIRATION_PERIOD_MINUTES", "60"))
	code := f.started(phone)
	f.started(another)
	r := f.initialize(phone)
	require.Equal(t, http.StatusTooManyRequests, r.Status)
	require.Equal(t, "too many requests", r.Body.Error.Message)
	wait, err := strconv.Atoi(r.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.InDelta(t, 3600, wait, 300)
	require.Len(t, f.codes(phone), 1)
	require.Equal(t, http.StatusOK, f.complete(phone, code).Status, "the refusal leaves the live code alone")
	require.Equal(t, http.StatusTooManyRequests, f.initialize(phone).Status, "a used code counts too")
	f.Clock.Advance(time.Hour)
	require.Equal(t, http.StatusOK, f.initialize(phone).Status)
}

func TestConfiguredCodes(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("OTP_CODE_LENGTH", "6"), testkit.With("CODE_EXPIRATION_PERIOD_MINUTES", "5"), testkit.With("OTP_CODE_TEXT", "Код: "))
	r := f.initialize(phone)
	require.Equal(t, http.StatusOK, r.Status)
	var begun struct {
		CodeExpiredAt time.Time `json:"code_expired_at"`
	}
	r.Data(t, &begun)
	require.WithinDuration(t, f.Clock.Now().Add(5*time.Minute), begun.CodeExpiredAt, 4*time.Minute)
	received, err := sms.Inbox(t.Context(), f.Pool, f.Keys, phone, 10)
	require.NoError(t, err)
	require.Len(t, received, 1)
	require.Regexp(t, `^Код: [1-9]{5}[0-9]$`, received[0].Text)
}

// What is in a path may be anything.
func TestPhonesThatAreNone(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	for _, path := range []string{"x", "%00", "%ff%fe", "+38050123456", "%2B3805012345678", "380501234567", strings.Repeat("9", 3000), "+380501234567%0a"} {
		require.Equal(t, http.StatusNotFound, f.find(path).Status, path)
		r := f.Send(t, testkit.As(doctor, http.MethodPatch, "/api/verifications/"+path+"/actions/complete", map[string]int{"code": 1232}))
		require.Equal(t, http.StatusNotFound, r.Status, path)
	}
}

func TestNumbersThatAreNoCodes(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("MAX_ATTEMPTS", "100"))
	code := f.started(phone)
	for _, number := range []string{"0", "-1", strconv.Itoa(code) + ".5", "1e308", "-1e308", "99999999999999999999", "1e-7"} {
		f.refuses(wrong, f.Send(t, testkit.As(doctor, http.MethodPatch, "/api/verifications/"+phone+"/actions/complete", map[string]any{"code": json.Number(number)})))
	}
	r := f.Send(t, testkit.As(doctor, http.MethodPatch, "/api/verifications/"+phone+"/actions/complete", map[string]any{"code": json.Number(strconv.Itoa(code) + ".0")}))
	require.Equal(t, http.StatusOK, r.Status)
}

// The service alone, without HTTP: what resources ask.
func TestCheckFrequency(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	ctx := context.Background()
	require.NoError(t, f.service().Check(ctx, otp.Request{Phone: phone}), "no limit")
	f.started(phone)
	limited := f.limited(map[string]string{"INIT_VERIFICATION_LIMIT": "3600"})
	var reached *otp.LimitError
	require.ErrorAs(t, limited.Check(ctx, otp.Request{Phone: phone}), &reached)
	require.Equal(t, otp.Frequency, reached.Limit)
	require.InDelta(t, 3600, reached.Wait.Seconds(), 300)
	require.NoError(t, limited.Check(ctx, otp.Request{Phone: another}))

	limited.Clock = clock.New()
	limited.Clock.Advance(-24 * time.Hour)
	require.ErrorAs(t, limited.Check(ctx, otp.Request{Phone: phone}), &reached)
	require.Equal(t, time.Hour, reached.Wait, "a clock that was set back asks for no longer wait than the limit")
}

// limited is the service with other settings than the server's.
func (f *fixture) limited(vars map[string]string) *otp.Service {
	f.t.Helper()
	cfg, err := f.Config.Get().With(vars)
	require.NoError(f.t, err)
	s := f.service()
	s.Config = config.NewLive(cfg)
	return s
}

// counted reads a counter of codes, 0 without one.
func (f *fixture) counted(limit otp.Limit, of string) (codes int) {
	f.t.Helper()
	require.NoError(f.t, f.Pool.QueryRow(f.t.Context(),
		"SELECT coalesce(sum(codes), 0)::int FROM otp.code_counts WHERE key = $1", otp.CounterKey(limit, of)).Scan(&codes))
	return codes
}

// tooMany checks a refusal by a limit and returns its Retry-After.
func (f *fixture) tooMany(rule, message string, r *testkit.Response) time.Duration {
	f.t.Helper()
	require.Equal(f.t, http.StatusTooManyRequests, r.Status, "%s", r.Raw)
	require.Equal(f.t, "too_many_requests", r.Body.Error.Type)
	require.Equal(f.t, message, r.Body.Error.Message)
	require.Equal(f.t, []string{rule}, r.Rules())
	wait, err := strconv.Atoi(r.Header.Get("Retry-After"))
	require.NoError(f.t, err)
	return time.Duration(wait) * time.Second
}

const (
	phoneRule       = "verification.initialize.phone_limit"
	phoneMessage    = "too many codes were sent to this phone"
	legalEntityRule = "verification.initialize.legal_entity_limit"
	entityMessage   = "too many codes were sent for this legal entity"
)

func TestPhoneLimit(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("OTP_PHONE_LIMIT", "2"), testkit.With("CODE_EXPIRATION_PERIOD_MINUTES", "120"))
	f.started(phone)
	f.Clock.Advance(20 * time.Minute)
	code := f.started(phone)
	wait := f.tooMany(phoneRule, phoneMessage, f.initialize(phone))
	require.InDelta(t, (40 * time.Minute).Seconds(), wait.Seconds(), 300, "the hour began with the first code")
	require.Len(t, f.codes(phone), 2, "a refusal sends nothing")
	require.Equal(t, 2, f.counted(otp.PerPhone, phone), "and is not counted")
	f.started(another)
	require.Equal(t, http.StatusOK, f.complete(phone, code).Status, "the refusal leaves the live code alone")
	f.tooMany(phoneRule, phoneMessage, f.initialize(phone))

	f.Clock.Advance(wait)
	f.started(phone)
	f.started(phone)
	require.Greater(t, f.tooMany(phoneRule, phoneMessage, f.initialize(phone)), 50*time.Minute, "another hour has begun")
	f.Set(t, map[string]string{"OTP_PHONE_LIMIT": "3"})
	f.started(phone)
	f.tooMany(phoneRule, phoneMessage, f.initialize(phone))
	f.Set(t, map[string]string{"OTP_PHONE_LIMIT": "0"})
	f.started(phone)
	require.Equal(t, 3, f.counted(otp.PerPhone, phone), "what is not limited is not counted")
}

// The phones of a legal entity share its limit; another one has its own.
func TestLegalEntityLimit(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("OTP_LEGAL_ENTITY_DAILY_LIMIT", "2"), testkit.With("OTP_PHONE_LIMIT", "2"))
	f.started(phone)
	f.started(another)
	wait := f.tooMany(legalEntityRule, entityMessage, f.initialize(phone))
	require.InDelta(t, (24 * time.Hour).Seconds(), wait.Seconds(), 300)
	require.Equal(t, 1, f.counted(otp.PerPhone, phone), "a refusal by one limit is not counted by the other")
	require.Equal(t, 2, f.counted(otp.PerLegalEntity, world.ID("clinic").String()))
	hospital := testkit.As(world.TokenValue("hospital_doctor"), http.MethodPost, "/api/verifications", map[string]string{"phone_number": phone})
	require.Equal(t, http.StatusOK, f.Send(t, hospital).Status)
	f.tooMany(phoneRule, phoneMessage, f.Send(t, hospital))
	f.tooMany(phoneRule, phoneMessage, f.initialize(phone))

	f.Clock.Advance(wait)
	f.started(phone)
}

// Codes that are made at the same moment are counted as if they came one by one:
// no more are sent than a limit allows, and no fewer.
func TestParallelStartsUnderLimits(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("OTP_PHONE_LIMIT", "3"), testkit.With("OTP_LEGAL_ENTITY_DAILY_LIMIT", "20"))
	refusals := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 8 {
		to := "+38050123450" + strconv.Itoa(i)
		for range 8 {
			wg.Go(func() {
				r := f.initialize(to)
				mu.Lock()
				defer mu.Unlock()
				refusals[strings.Join(r.Rules(), " ")]++
			})
		}
	}
	wg.Wait()
	require.Equal(t, 20, refusals[""], "%v", refusals)
	require.Equal(t, 44, refusals[phoneRule]+refusals[legalEntityRule], "%v", refusals)
	require.Len(t, f.codes(""), 20)
	require.Equal(t, 20, f.counted(otp.PerLegalEntity, world.ID("clinic").String()))
	for i := range 8 {
		to := "+38050123450" + strconv.Itoa(i)
		require.LessOrEqual(t, len(f.codes(to)), 3)
		require.Equal(t, len(f.codes(to)), f.counted(otp.PerPhone, to))
	}
}

func TestCleanUpOfCounters(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("OTP_PHONE_LIMIT", "2"), testkit.With("OTP_LEGAL_ENTITY_DAILY_LIMIT", "2"))
	clinic := world.ID("clinic").String()
	f.started(phone)
	require.NoError(t, f.service().DeleteOld(t.Context()))
	require.Equal(t, []int{1, 1}, []int{f.counted(otp.PerPhone, phone), f.counted(otp.PerLegalEntity, clinic)})
	f.Clock.Advance(time.Hour)
	require.NoError(t, f.service().DeleteOld(t.Context()))
	require.Equal(t, []int{0, 1}, []int{f.counted(otp.PerPhone, phone), f.counted(otp.PerLegalEntity, clinic)})
	f.Clock.Advance(23 * time.Hour)
	require.NoError(t, f.service().DeleteOld(t.Context()))
	require.Zero(t, f.counted(otp.PerLegalEntity, clinic))
}

// A counter that a clock running ahead has left asks for no longer wait than
// its period.
func TestLimitAfterTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("OTP_PHONE_LIMIT", "1"))
	f.Clock.Advance(72 * time.Hour)
	f.started(phone)
	f.Clock.Reset()
	require.Equal(t, time.Hour, f.tooMany(phoneRule, phoneMessage, f.initialize(phone)))
}
