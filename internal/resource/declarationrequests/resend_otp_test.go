package declarationrequests_test

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

var fresh = world.ID("new declaration request")

// One SMS with one new code, one new verification, and nothing else.
func TestResendSendsOneCode(t *testing.T) {
	t.Parallel()
	provider := &outbox{}
	f := start(t, testkit.WithProvider(provider))
	untouched := []string{"il.declaration_requests", "event_manager.events", "jobs.jobs", "prm.audit_log", "mpi.person_authentication_methods", "otp.verified_phones"}
	before := map[string]string{}
	for _, table := range untouched {
		before[table] = f.contents(table)
	}
	verifications := one[int](f, "SELECT count(*) FROM otp.verifications")

	r := f.resend(fresh)
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var sent struct {
		ID, Status    string
		CodeExpiredAt time.Time `json:"code_expired_at"`
		Active        bool
	}
	r.Data(t, &sent)
	require.NotEqual(t, fresh.String(), sent.ID)
	require.Equal(t, "NEW", sent.Status)
	require.True(t, sent.Active)
	require.WithinDuration(t, f.Clock.Now().Add(15*time.Minute), sent.CodeExpiredAt, 5*time.Minute)

	require.Equal(t, verifications+1, one[int](f, "SELECT count(*) FROM otp.verifications"))
	require.Equal(t, 1, one[int](f, `SELECT count(*) FROM otp.verifications
		WHERE id = $1 AND phone_number = $2 AND status = 'new' AND active AND attempts_count = 0 AND code_expired_at = $3`,
		sent.ID, world.PatientPhone, sent.CodeExpiredAt))
	codes := f.codes("")
	require.Len(t, codes, 1)
	require.Regexp(t, `^[1-9]{3}[0-9]$`, codes[0])
	require.Eventually(t, func() bool { return len(provider.messages()) == 1 }, time.Minute, 10*time.Millisecond)
	require.Equal(t, []string{world.PatientPhone + " " + text + codes[0]}, provider.messages())
	for _, table := range untouched {
		require.Equal(t, before[table], f.contents(table), table)
	}

	r = f.complete(world.PatientPhone, codes[0])
	require.Equal(t, http.StatusOK, r.Status, "the code that was sent is the code that counts: %s", r.Raw)
	require.Len(t, f.codes(""), 1)
	require.Len(t, provider.messages(), 1)
}

func TestResendGoesToThePhoneOfTheRequest(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	for request, phone := range map[string]string{
		"declaration request by a third person":                 world.ThirdPersonPhone,
		"declaration request by a former phone":                 "+380931234592",
		"new declaration request":                               world.PatientPhone,
		"declaration request with a fresh code":                 "+380931234591",
		"V2 declaration request":                                world.PatientPhone,
		"shared declaration request":                            "",
		"declaration request by OFFLINE":                        "",
		"declaration request of another clinic":                 "",
		"cabinet declaration request":                           "",
		"expired declaration request":                           "",
		"approved declaration request":                          "",
		"no declaration request":                                "",
		"approved shared declaration request":                   "",
		"cancelled declaration request":                         "",
		"declaration request by a third person without a phone": "",
	} {
		before := len(f.codes(""))
		r := f.resend(world.ID(request))
		if phone == "" {
			require.GreaterOrEqual(t, r.Status, http.StatusBadRequest, request)
			require.Len(t, f.codes(""), before, "%s: a refusal sends nothing", request)
			continue
		}
		require.Equal(t, http.StatusOK, r.Status, "%s: %s", request, r.Raw)
		require.Len(t, f.codes(""), before+1)
		require.NotEmpty(t, f.codes(phone), request)
	}
}

func TestResendKillsTheFormerCode(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	require.Equal(t, http.StatusOK, f.resend(fresh).Status)
	first := f.codes(world.PatientPhone)[0]
	r := f.complete(world.PatientPhone, "1")
	require.Equal(t, http.StatusForbidden, r.Status)

	second := first
	for second == first { // one of 729 is drawn again
		require.Equal(t, http.StatusOK, f.resend(fresh).Status)
		second = f.codes(world.PatientPhone)[0]
	}
	require.Equal(t, 1, one[int](f, "SELECT count(*) FROM otp.verifications WHERE phone_number = $1 AND active", world.PatientPhone))
	require.Equal(t, 0, one[int](f, "SELECT attempts_count FROM otp.verifications WHERE phone_number = $1 AND active", world.PatientPhone),
		"attempts are counted anew")
	require.Equal(t, len(f.codes(world.PatientPhone))-1,
		one[int](f, "SELECT count(*) FROM otp.verifications WHERE phone_number = $1 AND status = 'canceled'", world.PatientPhone))

	r = f.complete(world.PatientPhone, first)
	require.Equal(t, http.StatusForbidden, r.Status)
	require.Equal(t, "Invalid verification code", r.Body.Error.Message)
	require.Equal(t, http.StatusOK, f.complete(world.PatientPhone, second).Status)
}

// A verification belongs to what asked for it: a code that a stranger sends to the same phone leaves that of the request.
func TestStrangersVerificationLeavesTheCode(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	require.Equal(t, http.StatusOK, f.resend(fresh).Status)
	code := f.codes(world.PatientPhone)[0]
	stranger := testkit.As(world.TokenValue("other_doctor"), http.MethodPost, "/api/verifications", map[string]string{"phone_number": world.PatientPhone})
	require.Equal(t, http.StatusOK, f.Send(t, stranger).Status)
	require.Equal(t, http.StatusOK, f.Send(t, stranger).Status)
	require.Equal(t, 2, one[int](f, "SELECT count(*) FROM otp.verifications WHERE phone_number = $1 AND active", world.PatientPhone),
		"the request's code, and the last of the stranger's")
	require.Equal(t, http.StatusOK, f.complete(world.PatientPhone, code).Status)
	require.Equal(t, 1, one[int](f, "SELECT count(*) FROM otp.verifications WHERE phone_number = $1 AND active", world.PatientPhone))
}

// A request that breaks every rule is refused by them one after the other.
func TestResendChecksInOrder(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("INIT_VERIFICATION_LIMIT", "86400"), testkit.With("OTP_PHONE_LIMIT", "1"),
		testkit.With("OTP_RESOURCE_LIMIT", "1"), testkit.With("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1"))
	id := world.ID("declaration request with a fresh code")
	f.exec(`UPDATE il.declaration_requests SET channel = 'CABINET', data_legal_entity_id = $2, status = 'APPROVED',
		authentication_method_current = '{"type": "OFFLINE"}' WHERE id = $1`, id, world.ID("other_clinic"))

	for _, step := range []struct{ rule, repair string }{
		{"declaration_request.resend_otp.channel", "channel = 'MIS'"},
		{"declaration_request.resend_otp.legal_entity", "data_legal_entity_id = '" + world.ID("clinic").String() + "'"},
		{"declaration_request.resend_otp.status", "status = 'NEW'"},
		{"declaration_request.resend_otp.authentication_method", `authentication_method_current = '{"type": "OTP", "number": "+380931234591"}'`},
	} {
		r := f.resend(id)
		require.Equal(t, []string{step.rule}, r.Rules(), "%s", r.Raw)
		f.exec("UPDATE il.declaration_requests SET "+step.repair+" WHERE id = $1", id)
	}
	r := f.resend(id)
	require.Equal(t, []string{"declaration_request.resend_otp.rate"}, r.Rules(), "%s", r.Raw)
	for _, step := range []struct{ setting, rule string }{
		{"INIT_VERIFICATION_LIMIT", "declaration_request.resend_otp.phone_limit"},
		{"OTP_PHONE_LIMIT", "declaration_request.resend_otp.resource_limit"},
	} {
		f.Set(t, map[string]string{step.setting: "0"})
		r := f.resend(id)
		require.Equal(t, []string{step.rule}, r.Rules(), "%s", r.Raw)
	}
	f.Set(t, map[string]string{"OTP_RESOURCE_LIMIT": "0"})
	require.Equal(t, http.StatusOK, f.resend(id).Status)
	require.Equal(t, []string{"declaration_request.resend_otp.legal_entity_limit"}, f.resend(id).Rules())
}

// The codes of a request are counted, to any phone; those of
// another request to the same phone are not.
func TestResendLimitOfARequest(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.With("OTP_RESOURCE_LIMIT", "5"))
	answers := inParallel(32, func() *testkit.Response { return f.resend(fresh) })
	require.Equal(t, 5, count(answers, http.StatusOK))
	require.Equal(t, 27, count(answers, http.StatusTooManyRequests))
	require.Len(t, f.codes(world.PatientPhone), 5)

	r := f.resend(fresh)
	require.Equal(t, []string{"declaration_request.resend_otp.resource_limit"}, r.Rules())
	require.Equal(t, "too many codes were sent for this declaration request", r.Body.Error.Message)
	wait, err := strconv.Atoi(r.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.InDelta(t, (30 * 24 * time.Hour).Seconds(), wait, 300)
	require.Equal(t, http.StatusOK, f.resend(world.ID("V2 declaration request")).Status)
}

func TestResendRefusesInTheDocumentedWords(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	r := f.resend(world.ID("signed declaration request"))
	require.Equal(t, http.StatusUnprocessableEntity, r.Status)
	require.Equal(t, "validation_failed", r.Body.Error.Type)
	require.Contains(t, string(r.Raw), `"invalid":[{"entry":"$.status","entry_type":"json_data_property",`+
		`"rules":[{"rule":"invalid","description":"incorrect status","params":[]}]}]`)

	r = f.resend(world.ID("declaration request by OFFLINE"))
	require.Equal(t, http.StatusUnprocessableEntity, r.Status)
	require.Contains(t, string(r.Raw), `"invalid":[{"entry":"$.authentication_method_current","entry_type":"json_data_property",`+
		`"rules":[{"rule":"invalid","description":"Auth method is not OTP","params":[]}]}]`)

	for _, id := range []string{uuid.NewString(), "1", strings.ToUpper("urn:uuid:" + fresh.String()), "{" + fresh.String() + "}"} {
		r = f.Send(t, testkit.As(doctor, http.MethodPost, "/api/v3/declaration_requests/"+id+"/actions/resend_otp", nil))
		require.Equal(t, http.StatusNotFound, r.Status, id)
		require.Contains(t, string(r.Raw), `"error":{"type":"not_found"}`)
	}
	r = f.Send(t, testkit.As(doctor, http.MethodPost, "/api/v3/declaration_requests/"+strings.ToUpper(fresh.String())+"/actions/resend_otp", nil))
	require.Equal(t, http.StatusOK, r.Status, "upper case is the same id")
	r = f.Send(t, testkit.As("", http.MethodPost, "/api/v3/declaration_requests/1/actions/resend_otp", nil))
	require.Equal(t, http.StatusUnauthorized, r.Status)
	require.Contains(t, string(r.Raw), `"error":{"type":"access_denied","message":"Unauthorized"}`)
}

// INIT_VERIFICATION_LIMIT counts from the newest code of the phone.
func TestResendRate(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("INIT_VERIFICATION_LIMIT", "3600"))
	require.Equal(t, http.StatusOK, f.resend(fresh).Status)
	began := one[time.Time](f, "SELECT inserted_at FROM otp.verifications WHERE phone_number = $1 AND active", world.PatientPhone)

	f.Clock.Set(began.Add(30 * time.Minute))
	r := f.resend(fresh)
	require.Equal(t, http.StatusTooManyRequests, r.Status)
	require.Equal(t, "too_many_requests", r.Body.Error.Type)
	require.Equal(t, "too many requests", r.Body.Error.Message)
	wait, err := strconv.Atoi(r.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.InDelta(t, 1800, wait, 300)
	require.Len(t, f.codes(""), 1, "a refusal sends nothing")

	f.Clock.Set(began.Add(55 * time.Minute))
	require.Equal(t, http.StatusTooManyRequests, f.resend(fresh).Status)
	f.Clock.Set(began.Add(60 * time.Minute))
	require.Equal(t, http.StatusOK, f.resend(fresh).Status)
	require.Len(t, f.codes(""), 2)
}

func TestParallelResendsLeaveOneLiveCode(t *testing.T) {
	t.Parallel()
	f := start(t)
	const n = 32
	answers := inParallel(n, func() *testkit.Response { return f.resend(fresh) })
	require.Equal(t, n, count(answers, http.StatusOK))

	codes := f.codes(world.PatientPhone)
	require.Len(t, codes, n)
	require.Equal(t, 1, one[int](f, "SELECT count(*) FROM otp.verifications WHERE phone_number = $1 AND active", world.PatientPhone))
	require.Equal(t, n-1, one[int](f, "SELECT count(*) FROM otp.verifications WHERE phone_number = $1 AND status = 'canceled'", world.PatientPhone))
	live := one[uuid.UUID](f, "SELECT verification_id FROM otp.sms_logs WHERE phone_number = $1 ORDER BY inserted_at DESC LIMIT 1", world.PatientPhone)
	require.True(t, one[bool](f, "SELECT active FROM otp.verifications WHERE id = $1", live), "the newest SMS has the live code")
}

func TestParallelResendsUnderALimitSendOne(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.With("INIT_VERIFICATION_LIMIT", "86400"))
	const n = 16
	answers := inParallel(n, func() *testkit.Response { return f.resend(fresh) })
	require.Equal(t, 1, count(answers, http.StatusOK))
	require.Equal(t, n-1, count(answers, http.StatusTooManyRequests))
	require.Len(t, f.codes(""), 1)
}

// Whoever comes while the request is being approved answers as if they had come
// after the approval.
func TestResendWaitsForAnApprovalUnderWay(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	tx, err := f.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.Background()) //nolint:errcheck // only a failed test leaves it open
	_, err = tx.Exec(t.Context(), "UPDATE il.declaration_requests SET status = 'APPROVED' WHERE id = $1", fresh)
	require.NoError(t, err)

	var r *testkit.Response
	var wg sync.WaitGroup
	wg.Go(func() { r = f.resend(fresh) })
	require.Eventually(t, func() bool {
		return one[int](f, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0
	}, time.Minute, 5*time.Millisecond)
	require.NoError(t, tx.Commit(t.Context()))
	wg.Wait()
	require.Equal(t, []string{"declaration_request.resend_otp.status"}, r.Rules())
	require.Empty(t, f.codes(""))
}

// Neither the log nor any table holds a code that can be read.
func TestCodesAreNowhereInClear(t *testing.T) {
	t.Parallel()
	var lines lockedBuffer
	f := start(t, testkit.WithProvider(&outbox{}), testkit.WithLogger(slog.New(slog.NewJSONHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	require.Equal(t, http.StatusOK, f.resend(fresh).Status)
	code := f.codes(world.PatientPhone)[0]
	require.Equal(t, http.StatusOK, f.complete(world.PatientPhone, code).Status)
	require.Eventually(t, func() bool {
		return one[int](f, "SELECT count(*) FROM otp.sms_logs WHERE gateway_status IS NOT NULL") == 1
	}, time.Minute, 10*time.Millisecond)

	words := []string{text, hex.EncodeToString([]byte(text)), hex.EncodeToString([]byte(code))}
	for _, table := range []string{"otp.verifications", "otp.sms_logs", "otp.verified_phones", "river.river_job", "jobs.jobs", "prm.audit_log", "event_manager.events"} {
		for _, word := range words {
			require.NotContains(t, strings.ToLower(f.contents(table)), strings.ToLower(word), table)
		}
	}
	require.NotRegexp(t, `"(args|metadata)": \{[^}]*`+code, f.contents("river.river_job"))
	log := lines.String()
	require.Contains(t, log, "resendDeclarationRequestOtp")
	for _, word := range append(words, world.PatientPhone, strings.TrimPrefix(world.PatientPhone, "+")) {
		require.NotContains(t, log, word)
	}
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
