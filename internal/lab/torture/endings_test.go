package torture

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/gen/db"
	shapes "esoz/internal/operation"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/events"
	"esoz/internal/platform/idempotency"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/sms"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/declarations"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/personrequests"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// ending is something that ends by the passing of time.
type ending struct {
	what     string
	settings map[string]string
	// late: at the very moment of its end it still holds. A clock that runs shows
	// the first moment after that.
	late bool
	// begin makes one that has not ended, and tells when it does and how to find
	// out, once, whether it still holds.
	begin func(t *testing.T, s *stage) (end time.Time, holds func() bool)
}

// endings are all rules of the documents that the passing of time decides.
var endings = []ending{
	{what: "an access token (AUTH_ACCESS_TOKEN_LIFETIME)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		session := s.login(t)
		require.Equal(t, time.Duration(s.Config.Get().AccessTokenLifetime)*time.Second, s.lifetime(t, session.Value))
		return time.Unix(session.ExpiresAt, 0), func() bool {
			return !s.refused(t, testkit.As(session.Value, http.MethodGet, "/oauth/user", nil), "gateway.token.expired", "gateway.scope")
		}
	}},
	{what: "an authorization code (AUTH_CODE_GRANT_LIFETIME)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		code := s.consent(t)
		require.Equal(t, time.Duration(s.Config.Get().AuthCodeLifetime)*time.Second, s.lifetime(t, code.Value))
		return time.Unix(code.ExpiresAt, 0), func() bool {
			return !s.refused(t, tokenRequest(map[string]any{"grant_type": auth.AuthorizationCode, "code": code.Value, "redirect_uri": world.RedirectURI}),
				"token.create.grant_expired")
		}
	}},
	{what: "a refresh token (AUTH_REFRESH_TOKEN_LIFETIME)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		access := s.given(t, tokenRequest(map[string]any{
			"grant_type": auth.AuthorizationCode, "code": s.consent(t).Value, "redirect_uri": world.RedirectURI,
		}))
		refresh := access.Details.RefreshToken
		lifetime := time.Duration(s.Config.Get().RefreshTokenLifetime) * time.Second
		require.Equal(t, lifetime, s.lifetime(t, refresh))
		return time.Unix(s.token(t, refresh).ExpiresAt, 0), func() bool {
			return !s.refused(t, tokenRequest(map[string]any{"grant_type": auth.RefreshToken, "refresh_token": refresh}), "token.create.grant_expired")
		}
	}},
	{what: "an ended token, until the clean-up (30 days and a second: whole seconds are compared)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		row := s.token(t, world.TokenValue("doctor"))
		row.ExpiresAt = s.Clock.Now().Unix()
		value := s.issue(t, row)
		return time.Unix(row.ExpiresAt, 0).Add(30*24*time.Hour + time.Second), func() bool {
			require.NoError(t, (&auth.Authenticator{Pool: s.Pool, Clock: s.Clock, Config: s.Config}).DeleteExpired(t.Context()))
			return s.Count(t, "mithril.tokens WHERE value_hash = $1", seal.Token(value)) == 1
		}
	}},
	{what: "a password (PASSWORD_EXPIRATION_DAYS)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		set := s.Clock.Now()
		s.exec(t, "UPDATE mithril.users SET password_set_at = $2 WHERE id = $1", world.ID("login_user"), set)
		return set.Add(90 * 24 * time.Hour), func() bool { return !s.refused(t, s.passing(t, "login"), "session.login.password_expired") }
	}},
	{
		what: "a lock after wrong passwords (MAX_FAILED_LOGINS_PERIOD)", late: true,
		settings: map[string]string{"MAX_FAILED_LOGINS": "1"},
		begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
			right := s.passing(t, "login")
			wrong := testkit.As("", http.MethodPost, "/auth/login", map[string]any{"token": map[string]any{
				"grant_type": "password", "email": world.LoginEmail, "password": "guess", "client_id": world.ID("clinic"), "scope": auth.ScopeAuthorize,
			}})
			s.exec(t, "UPDATE mithril.users SET priv_settings = priv_settings - 'login_hstr' WHERE id = $1", world.ID("login_user"))
			require.True(t, s.refused(t, wrong, "session.login.password"))
			var at time.Time
			require.NoError(t, s.Pool.QueryRow(t.Context(),
				"SELECT (priv_settings -> 'login_hstr' -> 0 ->> 'time')::timestamptz FROM mithril.users WHERE id = $1", world.ID("login_user")).Scan(&at))
			return at.Add(10 * time.Minute), func() bool { return s.refused(t, right, "session.login.attempts") }
		},
	},
	{what: "a minute of the request limit (RATE_LIMIT_PER_MINUTE)", settings: map[string]string{"RATE_LIMIT_PER_MINUTE": "1"}, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		value := s.issue(t, s.token(t, world.TokenValue("owner")))
		list := testkit.As(value, http.MethodGet, "/api/divisions", nil)
		require.Equal(t, http.StatusOK, s.send(t, list).Status)
		var resets time.Time
		require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT resets_at FROM mithril.rate_limits WHERE key = $1",
			auth.RateKey("listDivisions", value)).Scan(&resets))
		return resets, func() bool { return s.refused(t, list, "gateway.rate_limit") }
	}},
	{what: "a one-time code (CODE_EXPIRATION_PERIOD_MINUTES)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		phone, code := s.code(t)
		end := s.codeEnds(t, phone)
		return end, func() bool { return !s.refused(t, codeEntered(phone, code), "verification.complete.expired") }
	}},
	{what: "a one-time code, before it is marked (DEACTIVATOR_SCHEDULE)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		phone, _ := s.code(t)
		return s.codeEnds(t, phone), func() bool {
			require.NoError(t, s.codes().Expire(t.Context()))
			return s.Count(t, "otp.verifications WHERE phone_number = $1 AND active", phone) == 1
		}
	}},
	{what: "a verification (VALIDATIONS_EXPIRATION_PERIOD_DAYS)", late: true, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		phone, _ := s.code(t)
		return s.codeMade(t, phone).AddDate(0, 0, 30), func() bool {
			require.NoError(t, s.codes().DeleteOld(t.Context()))
			return s.Count(t, "otp.verifications WHERE phone_number = $1", phone) == 1
		}
	}},
	{what: "a logged SMS (VALIDATIONS_EXPIRATION_PERIOD_DAYS)", late: true, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		phone, _ := s.code(t)
		var at time.Time
		require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT inserted_at FROM otp.sms_logs WHERE phone_number = $1", phone).Scan(&at))
		return at.AddDate(0, 0, 30), func() bool {
			require.NoError(t, s.codes().DeleteOld(t.Context()))
			return s.Count(t, "otp.sms_logs WHERE phone_number = $1", phone) == 1
		}
	}},
	{what: "the time between two codes (INIT_VERIFICATION_LIMIT)", settings: map[string]string{"INIT_VERIFICATION_LIMIT": "60"}, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		phone, _ := s.code(t)
		return s.codeMade(t, phone).Add(time.Minute), func() bool { return s.refused(t, codeRequest(phone), "verification.initialize.rate") }
	}},
	{what: "the time between two codes of a declaration request", settings: map[string]string{"INIT_VERIFICATION_LIMIT": "60"}, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		again := s.passing(t, "resendDeclarationRequestOtp")
		s.exec(t, "DELETE FROM otp.verifications WHERE phone_number = $1", world.PatientPhone)
		require.Equal(t, http.StatusOK, s.send(t, again).Status)
		return s.codeMade(t, world.PatientPhone).Add(time.Minute), func() bool { return s.refused(t, again, "declaration_request.resend_otp.rate") }
	}},
	{what: "the time between two codes of an approval", settings: map[string]string{"INIT_VERIFICATION_LIMIT": "60", "APPROVAL_RESEND_MODE": "sync"}, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		again := s.passing(t, "resendApprovalSms")
		s.exec(t, "DELETE FROM otp.verifications WHERE phone_number = $1", world.PatientPhone)
		require.Equal(t, http.StatusCreated, s.send(t, again).Status)
		return s.codeMade(t, world.PatientPhone).Add(time.Minute), func() bool { return s.refused(t, again, "approval.resend.rate") }
	}},
	codesOf("an hour of codes for a phone (OTP_PHONE_LIMIT)", "OTP_PHONE_LIMIT", time.Hour, func(t *testing.T, s *stage) (request world.Request, key, rule string) {
		phone := newPhone()
		return codeRequest(phone), otp.CounterKey(otp.PerPhone, phone), "verification.initialize.phone_limit"
	}),
	codesOf("the days of codes for a document (OTP_RESOURCE_LIMIT)", "OTP_RESOURCE_LIMIT", 30*24*time.Hour, func(t *testing.T, s *stage) (request world.Request, key, rule string) {
		token := s.token(t, world.TokenValue("doctor"))
		token.ExpiresAt = s.Clock.Now().AddDate(1, 0, 0).Unix()
		return s.passing(t, "resendDeclarationRequestOtp").Bearing(s.issue(t, token)),
			otp.CounterKey(otp.PerResource, world.ID("new declaration request").String()), "declaration_request.resend_otp.resource_limit"
	}),
	codesOf("a day of codes of a legal entity (OTP_LEGAL_ENTITY_DAILY_LIMIT)", "OTP_LEGAL_ENTITY_DAILY_LIMIT", 24*time.Hour, func(t *testing.T, s *stage) (request world.Request, key, rule string) {
		return codeRequest(newPhone()), otp.CounterKey(otp.PerLegalEntity, world.ID("clinic").String()), "verification.initialize.legal_entity_limit"
	}),
	{
		what:     "an SMS about a device request (DR_SEND_TIMEOUT, DR_MAX_ATTEMPTS_COUNT)",
		settings: map[string]string{"DR_MAX_ATTEMPTS_COUNT": "1", "DR_SEND_TIMEOUT": "60"},
		begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
			again := s.passing(t, "resendDeviceRequestSms")
			id := uuid.MustParse(uuids.FindAllString(again.Path, -1)[1])
			at := s.Clock.Now().Truncate(time.Microsecond)
			s.exec(t, "DELETE FROM otp.sms_attempts")
			require.NoError(t, postgres.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
				return sms.Attempts{Kind: "device_request", Most: 1, Period: time.Minute}.Count(t.Context(), tx, id, at)
			}))
			return at.Add(time.Minute), func() bool { return s.refused(t, again, "device_request.resend.timeout") }
		},
	},
	{what: "a counter of codes, before it is deleted (TERMINATOR_SCHEDULE)", settings: map[string]string{"OTP_PHONE_LIMIT": "1"}, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		phone, _ := s.code(t)
		key := otp.CounterKey(otp.PerPhone, phone)
		return s.countEnds(t, key), func() bool {
			require.NoError(t, s.codes().DeleteOld(t.Context()))
			return s.Count(t, "otp.code_counts WHERE key = $1", key) == 1
		}
	}},
	{what: "the answer of an idempotency key (IDEMPOTENCY_TTL_HOURS)", settings: map[string]string{"IDEMPOTENCY": "replay"}, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		request, key := s.keyed(t)
		require.Equal(t, http.StatusOK, s.send(t, request).Status)
		end := s.keyEnds(t, key)
		require.WithinRange(t, end, s.Clock.Now().Add(24*time.Hour-time.Minute), s.Clock.Now().Add(24*time.Hour))
		return end, func() bool {
			again := s.send(t, request)
			require.Equal(t, http.StatusOK, again.Status, "%s", again.Raw)
			return replayed(again) == "true"
		}
	}},
	{what: "an idempotency key, before it is deleted", settings: map[string]string{"IDEMPOTENCY": "replay"}, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		request, key := s.keyed(t)
		require.Equal(t, http.StatusOK, s.send(t, request).Status)
		return s.keyEnds(t, key), func() bool {
			require.NoError(t, s.answers().DeleteExpired(t.Context()))
			return s.Count(t, "idempotency.keys WHERE key = $1", key) == 1
		}
	}},
	{what: "the claim of a request that never ends (REQUEST_TIMEOUT)", settings: map[string]string{"IDEMPOTENCY": "replay"}, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		request, key := s.keyed(t)
		claim, _, err := s.answers().Claim(t.Context(), idempotency.Request{
			ClientID: world.ID("clinic"), UserID: world.ID("owner"), Key: request.Headers["X-Idempotency-Key"],
		})
		require.NoError(t, err)
		require.NotNil(t, claim)
		end := s.keyEnds(t, key)
		require.WithinRange(t, end, s.Clock.Now(), s.Clock.Now().Add(s.Config.Get().RequestTimeout))
		return end, func() bool { return s.refused(t, request, "request.idempotency.in_flight") }
	}},
	{what: "an approval that waits for its code (expires_at)", settings: map[string]string{"APPROVAL_RESEND_MODE": "sync"}, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		end := s.Clock.Now().Add(time.Hour).Truncate(time.Millisecond)
		s.Change(t, approvals.Collection, world.ID("new approval"), bson.D{{Key: "expires_at", Value: end}})
		return end, func() bool { return !s.refused(t, s.passing(t, "resendApprovalSms"), "approval.resend.state_expired") }
	}},
	{what: "an approval that opens a record (expires_at)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		end := s.Clock.Now().Add(time.Hour).Truncate(time.Millisecond)
		s.Change(t, approvals.Collection, world.ID("approval of a service request"), bson.D{{Key: "expires_at", Value: end}})
		read := testkit.As(world.TokenValue("doctor"), http.MethodGet,
			"/api/patients/"+world.ID("stranger_patient").String()+"/service_requests/"+world.ID("service request opened by an approval").String(), nil)
		return end, func() bool { return !s.refused(t, read, "service_request.get.access") }
	}},
	newApproval("APPROVAL_EXPIRATION", 129600*time.Minute, map[string]any{"resource_types": []any{map[string]any{
		"coding": []any{map[string]any{"system": medicalevents.Resources, "code": "device"}},
	}}}),
	newApproval("CARE_PLAN_APPROVAL_EXPIRATION", 525600*time.Minute, map[string]any{"resources": []any{link("care_plan", "care plan of patient")}}),
	newApproval("FORBIDDEN_GROUP_APPROVAL_EXPIRATION", 43200*time.Minute, map[string]any{"forbidden_group": link("forbidden_group", "forbidden group")}),
	newApproval("DIAGNOSES_GROUP_APPROVAL_EXPIRATION", 129600*time.Minute, map[string]any{"diagnoses_group": link("diagnoses_group", "group of diagnoses")}),
	newApproval("PATIENT_APPROVAL_EXPIRATION", 2880*time.Minute, map[string]any{"patient": link("patient", "patient")}),
	{what: "an approval in the list of those that have not expired", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		end := s.Clock.Now().Add(time.Hour).Truncate(time.Millisecond)
		s.Change(t, approvals.Collection, world.ID("new approval"), bson.D{{Key: "expires_at", Value: end}})
		list := testkit.As(world.TokenValue("doctor"), http.MethodGet, "/api/patients/"+world.ID("patient").String()+"/approvals?is_expired=false&page_size=300", nil)
		return end, func() bool {
			return strings.Contains(string(s.send(t, list).Body.Data), world.ID("new approval").String())
		}
	}},
	{what: "an approval that nobody has verified (APPROVAL_TTL_HOURS)", late: true, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		require.NoError(t, s.World.SeedDocuments(t.Context(), s.Mongo))
		at := s.Clock.Now().Truncate(time.Millisecond)
		s.Change(t, approvals.Collection, world.ID("new approval"), bson.D{{Key: "inserted_at", Value: at}})
		return at.Add(12 * time.Hour), func() bool {
			require.NoError(t, s.approvals().DeleteUnverified(t.Context()))
			_, kept := s.Documents(t, approvals.Collection)[world.ID("new approval")]
			return kept
		}
	}},
	{what: "a declaration request that nobody has signed (DECLARATION_REQUEST_EXPIRATION)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		s.used = true
		s.fresh(t)
		id, at := world.ID("new declaration request"), s.Clock.Now()
		s.exec(t, "UPDATE il.declaration_requests SET inserted_at = $2 WHERE id = $1", id, at)
		return at.AddDate(0, 0, 1), func() bool {
			require.NoError(t, s.declarations().ExpireDeclarationRequests(t.Context()))
			return s.Count(t, "il.declaration_requests WHERE id = $1 AND status = 'NEW'", id) == 1
		}
	}},
	expiring("a device dispense in progress (DEVICE_DISPENSE_TTL, DEVICE_DISPENSE_AUTOEXPIRATION_SCHEDULE)",
		devicedispenses.Expire.ID, devicedispenses.Collection, "device dispense in progress", "inserted_at", 720*time.Hour),
	expiring("a referral that nobody uses (SERVICE_REQUESTS_AUTOEXPIRATION_SCHEDULE)",
		servicerequests.Expire.ID, servicerequests.Collection, "service request to be recalled", "expiration_date", 0),
	{what: "the years before an age (ADULT_AGE)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		born := midnight(s.Clock.Now(), 1).AddDate(-18, 0, 0)
		s.exec(t, "UPDATE mpi.persons SET birth_date = $2 WHERE id = $1", world.ID("declarant"), born.Format(time.DateOnly))
		request := s.passing(t, "createDeclarationRequest")
		body := maps.Clone(request.Body.(map[string]any))
		body["employee_id"] = world.ID("employee therapist").String()
		request.Body = body
		return born.AddDate(18, 0, 0), func() bool { return s.refused(t, request, "declaration_request.create.age") }
	}},
	{
		what:     "an authentication method that ends (ended_at)",
		settings: map[string]string{"RULES": "+approval.resend.method_usable", "APPROVAL_RESEND_MODE": "sync"},
		begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
			end := s.Clock.Now().Add(time.Hour)
			s.exec(t, "UPDATE mpi.person_authentication_methods SET ended_at = $2 WHERE id = $1", world.ID("method of patient"), end)
			return end, func() bool { return !s.refused(t, s.passing(t, "resendApprovalSms"), "approval.resend.method_usable") }
		},
	},
	{what: "a job that has ended (JOB_TTL_DAYS)", late: true, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		s.used = true
		s.fresh(t)
		var id string
		at := s.Clock.Now()
		require.NoError(t, s.Pool.QueryRow(t.Context(),
			"UPDATE jobs.jobs SET updated_at = $1 WHERE id = (SELECT min(id) FROM jobs.jobs WHERE status <> 0) RETURNING id", at).Scan(&id))
		return at.AddDate(0, 0, 7), func() bool {
			require.NoError(t, (&jobs.Queue{Pool: s.Pool, Clock: s.Clock, Config: s.Config}).DeleteOld(t.Context()))
			return s.Count(t, "jobs.jobs WHERE id = $1", id) == 1
		}
	}},
	{what: "the address to which a scan is sent (SECRETS_TTL)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		answer := s.send(t, s.registering(t, map[string]any{"authentication_methods": []any{map[string]any{"type": "OFFLINE"}}}))
		require.Equal(t, http.StatusCreated, answer.Status, "%s", answer.Raw)
		var urgent struct{ Documents []struct{ URL string } }
		require.NoError(t, json.Unmarshal(answer.Body.Urgent, &urgent))
		require.NotEmpty(t, urgent.Documents)
		address, err := url.Parse(urgent.Documents[0].URL)
		require.NoError(t, err)
		expires, err := strconv.ParseInt(address.Query().Get("expires"), 10, 64)
		require.NoError(t, err)
		end := time.Unix(expires, 0)
		require.WithinRange(t, end, s.Clock.Now().Add(15*time.Minute-rigPatience), s.Clock.Now().Add(15*time.Minute))
		return end, func() bool {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.URL+address.RequestURI(), nil)
			require.NoError(t, err)
			response, err := plain.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Contains(t, []int{http.StatusNotFound, http.StatusForbidden}, response.StatusCode)
			return response.StatusCode == http.StatusNotFound // nobody has sent the scan
		}
	}},
	{what: "a document of who is to be registered (EXPIRATION_DATE_EXISTS)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		last := midnight(s.Clock.Now(), 1)
		request := s.registering(t, map[string]any{"documents": []any{map[string]any{
			"type": "PERMANENT_RESIDENCE_PERMIT", "number": "any 1", "issued_by": "ДМС", "issued_at": "2017-02-28", "expiration_date": last.Format(time.DateOnly),
		}}})
		return midnight(last, 1), func() bool { return !s.refused(t, request, "person_request.create.expiration") }
	}},
	youth("NO_SELF_AUTH_AGE", "person_request.create.birth_certificate", map[string]string{"NO_SELF_REGISTRATION_AGE": "0", "PERSON_FULL_LEGAL_CAPACITY_AGE": "0"}),
	youth("NO_SELF_REGISTRATION_AGE", "person_request.create.confidant_for_child", map[string]string{"NO_SELF_AUTH_AGE": "0", "PERSON_FULL_LEGAL_CAPACITY_AGE": "0"}),
	youth("PERSON_FULL_LEGAL_CAPACITY_AGE", "person_request.create.confidant_for_minor", map[string]string{"NO_SELF_AUTH_AGE": "0", "NO_SELF_REGISTRATION_AGE": "0"}),
	{what: "a third person (THIRD_PERSON_TERM)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		id, doctor := uuid.New(), world.TokenValue("doctor")
		s.exec(t, `INSERT INTO il.person_requests SELECT (jsonb_populate_record(r, jsonb_build_object('id', $2::uuid, 'inserted_at', $3::timestamptz))).*
			FROM il.person_requests r WHERE id = $1`, world.ID("person request of a child"), id, s.Clock.Now())
		path := "/api/v2/person_requests/" + id.String()
		var content map[string]any
		s.send(t, testkit.As(doctor, http.MethodGet, path, nil)).Data(t, &content)
		content["patient_signed"] = true
		raw, err := json.Marshal(content)
		require.NoError(t, err)
		answer := s.send(t, testkit.As(doctor, http.MethodPatch, path+"/actions/sign", map[string]any{"signed_content": base64.StdEncoding.EncodeToString(raw)}))
		require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Raw)
		var signed struct {
			PersonID uuid.UUID `json:"person_id"`
		}
		answer.Data(t, &signed)
		var started, end time.Time
		require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT started_at, ended_at FROM mpi.person_authentication_methods WHERE person_id = $1",
			signed.PersonID).Scan(&started, &end))
		require.Equal(t, started.UTC().AddDate(2, 0, 0), end.UTC())
		return end, func() bool {
			found, err := db.New().ListAuthenticationMethods(t.Context(), s.Pool, db.ListAuthenticationMethodsParams{PersonID: signed.PersonID, At: s.Clock.Now()})
			require.NoError(t, err)
			return len(found) == 1
		}
	}},
	personRequest("a person request that nobody signs (PERSON_REQUEST_EXPIRATION)", "NEW", 10),
	personRequest("the data of a person request (PERSON_REQUEST_AUTOCLEANING)", "REJECTED", 30),
	{
		what: "an event (EVENTS_EXPIRATION) that is not among the newest (MAX_EVENTS)", late: true, settings: map[string]string{"MAX_EVENTS": "1"},
		begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
			id, at := s.event(t)
			newest, _ := s.event(t)
			s.exec(t, "UPDATE event_manager.events SET inserted_at = $2 WHERE id = $1", newest, at.Add(time.Millisecond))
			return at.AddDate(0, 0, 30), func() bool {
				require.NoError(t, (&events.Cleaner{Pool: s.Pool, Clock: s.Clock, Config: s.Config}).Run(t.Context()))
				require.Equal(t, 1, s.Count(t, "event_manager.events WHERE id = $1", newest), "the newest event has no end")
				return s.Count(t, "event_manager.events WHERE id = $1", id) == 1
			}
		},
	},
	{what: "the last day of a declaration, in Kyiv (DECLARATION_AUTOTERMINATION_SCHEDULE)", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		day := clock.Today(s.Clock.Now())
		s.exec(t, "UPDATE ops.declarations SET status = 'active', end_date = $2 WHERE id = $1", world.DeclarationID("patient"), day)
		closing := &declarations.API{Engine: &shapes.Engine{Clock: s.Clock, Config: s.Config}, Store: declarations.Store{Pool: s.Pool}}
		return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, clock.Kyiv), func() bool {
			require.NoError(t, closing.Close(t.Context()))
			return s.Count(t, "ops.declarations WHERE id = $1 AND status = 'active'", world.DeclarationID("patient")) == 1
		}
	}},
	{what: "an event in the list of the last hours (EVENTS_LIST_MAX_PERIOD_HOURS)", late: true, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		id, at := s.event(t)
		return at.Add(3 * time.Hour), func() bool {
			list := s.send(t, testkit.As(world.TokenValue("mis"), http.MethodGet, "/api/events?page_size=300", nil))
			require.Equal(t, http.StatusOK, list.Status, "%s", list.Raw)
			return strings.Contains(string(list.Body.Data), id.String())
		}
	}},
	{
		what:     "the refusal of a party that is not verified (UNVERIFIED_PARTY_PERIOD_DAYS_ALLOWED), over a change of the clocks",
		settings: map[string]string{"BLOCK_UNVERIFIED_PARTY_USERS": "true"},
		begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
			changed, end := unverifiedOverClockChange(s.Clock.Now())
			s.exec(t, "UPDATE prm.parties SET updated_at = $2 WHERE id = $1", world.ID("party unverified_owner"), changed)
			return end, func() bool {
				return s.refused(t, s.passing(t, "createDivision").Bearing(world.TokenValue("unverified_owner")), "division.create.party")
			}
		},
	},
	{
		what:     "the days of grace of a party that is not verified (UNVERIFIED_PARTY_PERIOD_OPERATOR=grace), over a change of the clocks",
		settings: map[string]string{"BLOCK_UNVERIFIED_PARTY_USERS": "true", "UNVERIFIED_PARTY_PERIOD_OPERATOR": "grace"},
		begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
			changed, end := unverifiedOverClockChange(s.Clock.Now())
			s.exec(t, "UPDATE prm.parties SET updated_at = $2 WHERE id = $1", world.ID("party unverified_owner"), changed)
			return end, func() bool {
				return !s.refused(t, s.passing(t, "createDivision").Bearing(world.TokenValue("unverified_owner")), "division.create.party")
			}
		},
	},
}

// link is a reference of a body to an object of the world.
func link(kind, name string) map[string]any {
	return map[string]any{"identifier": map[string]any{
		"type": map[string]any{"coding": []any{map[string]any{"system": medicalevents.Resources, "code": kind}}}, "value": world.ID(name).String(),
	}}
}

// newApproval is the end of an approval that was created for what a body asks: until then
// it stands in the list of those that have not expired.
func newApproval(setting string, lifetime time.Duration, asks map[string]any) ending {
	return ending{what: "a new approval (" + setting + ")", begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		body := map[string]any{"granted_to": link("employee", "employee doctor"), "access_level": "read"}
		maps.Copy(body, asks)
		patient, doctor := world.ID("patient").String(), world.TokenValue("doctor")
		before := s.Documents(t, approvals.Collection)
		began := s.Clock.Now().Truncate(time.Millisecond)
		accepted := s.send(t, testkit.As(doctor, http.MethodPost, "/api/patients/"+patient+"/approvals", body))
		require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
		s.Run(t)
		s.WaitJob(t, doctor, accepted)
		for id := range s.Documents(t, approvals.Collection) {
			if _, old := before[id]; old {
				continue
			}
			var d approvals.Document
			s.Decode(t, approvals.Collection, id, &d)
			require.WithinRange(t, d.ExpiresAt, began.Add(lifetime), s.Clock.Now().Add(lifetime))
			reader := s.token(t, doctor)
			reader.ExpiresAt = d.ExpiresAt.Add(time.Hour).Unix()
			list := testkit.As(s.issue(t, reader), http.MethodGet, "/api/patients/"+patient+"/approvals?is_expired=false&page_size=300", nil)
			return d.ExpiresAt, func() bool { return strings.Contains(string(s.send(t, list).Body.Data), id.String()) }
		}
		require.Fail(t, "no approval was made")
		return time.Time{}, nil
	}}
}

// endless are settings that tell a time by whose passing no rule of the
// documents is decided, and why.
var endless = map[string]string{
	"SHUTDOWN_TIMEOUT": "how long a server that stops waits, by the machine's time",
	"SHUTDOWN_DELAY":   "how long a server that stops goes on to serve, by the machine's time",
	"SMS_TIMEOUT":      "how long the SMS provider is waited for, by the machine's time",
	"ENGINE_TIMEOUT":   "how long MongoDB is waited for, by the machine's time",
	"DECLARATION_TERM": "the last day of a declaration, which is shown; no rule asks for it",
	"JOB_ETA_SECONDS":  "a guess that a job tells its caller; nothing comes of it when it has passed",

	"ENCOUNTER_MAX_DAYS_PASSED":           packageTime,
	"CONDITION_MAX_DAYS_PASSED":           packageTime,
	"OBSERVATION_MAX_DAYS_PASSED":         packageTime,
	"DIAGNOSTIC_REPORT_MAX_DAYS_PASSED":   packageTime,
	"IMMUNIZATION_MAX_DAYS_PASSED":        packageTime,
	"ALLERGY_INTOLERANCE_MAX_DAYS_PASSED": packageTime,
	"DEVICE_REQUEST_DELAY_INPUT":          "how old a moment in a request may be; no document ends by it",
	"SERVICE_REQUEST_EXPIRATION_DAYS":     "the last day of a new referral; the ending of a referral asks for that day",
	"DEVICE_DISPENSE_PERIOD":              "the last day of a new prescription; the ending of a prescription asks for that day",
}

const packageTime = "how old a moment in a package may be; no document ends by it"

// aTime is found in the names and descriptions of settings that tell one.
var aTime = regexp.MustCompile(`(?i)TTL|LIFETIME|PERIOD|EXPIRATION|TIMEOUT|\b(seconds|minutes?|hours?|days?|years?)\b|\bdeadline\b`)

// A setting that tells a time has an ending.
func TestSettingsOfTimeHaveEndings(t *testing.T) {
	t.Parallel()
	words, found := strings.NewReplacer("_", " "), 0
	for _, f := range config.Fields() {
		named := slices.ContainsFunc(endings, func(e ending) bool { return regexp.MustCompile(`\b` + f.Name + `\b`).MatchString(e.what) })
		without := endless[f.Name] != ""
		if without {
			found++
		}
		_, err := time.ParseDuration(f.Default)
		if err == nil && f.Default != "0" || aTime.MatchString(words.Replace(f.Name)+": "+f.Doc) {
			require.True(t, named != without, "%s (%s) must be an ending or have none, one of both", f.Name, f.Doc)
		}
	}
	require.Equal(t, len(endless), found, "each name in endless is that of a setting")
}

// codesOf is a period in which no more codes are sent than a setting allows: the
// last that it allows passes, one more does not, and after the period the count
// begins anew. counted tells what asks for a code, and which counter and rule count it.
func codesOf(what, setting string, period time.Duration, counted func(t *testing.T, s *stage) (request world.Request, key, rule string)) ending {
	const limit = 3
	return ending{what: what, settings: map[string]string{setting: strconv.Itoa(limit)}, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		request, key, rule := counted(t, s)
		s.exec(t, "DELETE FROM otp.code_counts WHERE key = $1", key)
		began := s.Clock.Now()
		for range limit {
			require.False(t, s.refused(t, request, rule))
		}
		end := s.countEnds(t, key)
		require.WithinRange(t, end, began.Add(period).Truncate(time.Microsecond), s.Clock.Now().Add(period))
		return end, func() bool {
			refused := s.refused(t, request, rule)
			if !refused {
				require.Equal(t, 1, s.Count(t, "otp.code_counts WHERE key = $1 AND codes = 1", key), "the count begins anew")
			}
			return refused
		}
	}}
}

// expiring is a document that a schedule ends: it has no job as long as it holds. field is the
// moment from which on it holds so long.
func expiring(what, schedule, collection, name, field string, long time.Duration) ending {
	return ending{what: what, late: true, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		s.used = true
		s.fresh(t)
		_, err := s.Mongo.Collection(collection).DeleteMany(t.Context(), bson.D{{Key: "_id", Value: bson.D{{Key: "$ne", Value: world.ID(name)}}}})
		require.NoError(t, err)
		s.used = true
		at := s.Clock.Now().Truncate(time.Millisecond)
		if long == 0 {
			at = at.Add(time.Hour)
		}
		s.Change(t, collection, world.ID(name), bson.D{{Key: field, Value: at}})
		return at.Add(long), func() bool {
			require.NoError(t, s.RunTask(t.Context(), schedule))
			return s.Count(t, "jobs.jobs WHERE operation = $1", schedule) == 0
		}
	}}
}

// youth is the time before the birthday from which on who is to be registered may
// do alone what a rule refuses until then.
func youth(setting, rule string, settings map[string]string) ending {
	const age = 14
	settings[setting] = strconv.Itoa(age)
	return ending{what: "the years before an age (" + setting + ")", settings: settings, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		born := midnight(s.Clock.Now(), 1).AddDate(-age, 0, 0)
		birthday := born.Format(time.DateOnly)
		request := s.registering(t, map[string]any{"birth_date": birthday, "documents": []any{map[string]any{
			"type": "PASSPORT", "number": "АА120518", "issued_by": "ДМС", "issued_at": birthday,
		}}})
		return born.AddDate(age, 0, 0), func() bool { return s.refused(t, request, rule) }
	}}
}

// personRequest is the time until the clean-up removes the data of a request in a status.
func personRequest(what, status string, days int) ending {
	return ending{what: what, late: true, begin: func(t *testing.T, s *stage) (time.Time, func() bool) {
		answer := s.send(t, s.registering(t, map[string]any{"authentication_methods": []any{map[string]any{"type": "OFFLINE"}}}))
		require.Equal(t, http.StatusCreated, answer.Status, "%s", answer.Raw)
		var made struct{ ID uuid.UUID }
		answer.Data(t, &made)
		var at time.Time
		require.NoError(t, s.Pool.QueryRow(t.Context(), "UPDATE il.person_requests SET status = $2 WHERE id = $1 RETURNING inserted_at", made.ID, status).Scan(&at))
		return at.UTC().AddDate(0, 0, days), func() bool {
			api := personrequests.API{Engine: &shapes.Engine{Config: s.Config, Clock: s.Clock}, Store: personrequests.Store{Pool: s.Pool}}
			require.NoError(t, api.Clean(t.Context()))
			return s.Count(t, "il.person_requests WHERE id = $1 AND data IS NOT NULL", made.ID) == 1
		}
	}}
}

// midnight is the beginning of a day in Kyiv, so many days after another moment's.
func midnight(of time.Time, days int) time.Time {
	y, m, d := of.In(clock.Kyiv).Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, clock.Kyiv)
}

// unverifiedOverClockChange gives a day's beginning in Kyiv and the beginning of
// the thirtieth day after it, between which the clocks are changed: there are not
// thirty times 24 hours between them.
func unverifiedOverClockChange(now time.Time) (changed, end time.Time) {
	days := 0
	for midnight(now, days+1).Sub(midnight(now, days)) == 24*time.Hour {
		days++
	}
	return midnight(now, days-15), midnight(now, days+15)
}

// What ends holds until a second before its end and no longer than it, each with
// the documented answer.
func TestEndings(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T18", "everything that ends by the passing of time holds a second before its end, and neither at it nor after it")
	s := &stage{Server: testkit.New(t, testkit.Idle())}
	plain := s.Config.Get()
	for _, e := range endings {
		t.Run(e.what, func(t *testing.T) {
			s.Clock.Reset()
			s.used = true
			s.fresh(t)
			s.Config.Set(plain)
			s.Set(t, e.settings)
			for _, at := range []time.Duration{-time.Second, 0, time.Second} {
				require.Equal(t, at < 0, s.holdsAt(t, e, at), "%s from its end", at)
				tr.add("looks", 1)
			}
		})
		tr.add("rules", 1)
	}
}

// patience is how often a look before an end is taken again when the machine was
// so slow that the end came meanwhile.
const patience = 20

// holdsAt tells whether a new one of its kind holds so long from its end.
func (s *stage) holdsAt(t *testing.T, e ending, at time.Duration) bool {
	t.Helper()
	for range patience {
		s.Clock.Reset()
		end, holds := e.begin(t, s)
		require.True(t, end.After(s.Clock.Now()), "it had ended before it began")
		if at == 0 && e.late {
			at = time.Millisecond
		}
		s.Clock.Set(end.Add(at))
		held := holds()
		if at >= 0 || s.Clock.Now().Before(end) {
			return held
		}
	}
	t.Fatalf("no look took less than %s", -at)
	return false
}
