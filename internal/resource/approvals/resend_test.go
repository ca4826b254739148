package approvals_test

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/sms"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/persons"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var (
	doctor      = world.TokenValue("doctor")
	otherDoctor = world.TokenValue("other_doctor")
)

const (
	phone       = "+380671234567"
	masked      = "+38067*****67"
	secondPhone = "+380671234568"
)

// fixture is a server with approvals of the test's own.
type fixture struct {
	*testkit.Server
	t *testing.T
}

func start(t *testing.T, opts ...testkit.Option) *fixture {
	t.Helper()
	return &fixture{Server: testkit.New(t, opts...), t: t}
}

// add stores an approval that waits for its code; change makes it another.
func (f *fixture) add(patient string, change func(d *approvals.Document)) uuid.UUID {
	f.t.Helper()
	now := f.Clock.Now().Truncate(time.Millisecond)
	hidden := f.Keys.PatientID(world.ID(patient))
	d := approvals.Document{
		ID: uuid.New(), PatientID: hidden, GrantedResources: []approvals.Reference{approvals.To("episode_of_care", uuid.New())},
		GrantedTo: approvals.To("employee", world.ID("employee doctor")), GrantedBy: approvals.ToPatient("mpi-hash", hidden),
		CreatedBy: approvals.To("employee", world.ID("employee doctor")), ExpiresAt: now.Add(time.Hour),
		Status: approvals.StateNew, AccessLevel: "read", Urgent: &approvals.Urgent{Type: medicalevents.MethodOTP, PhoneNumber: phone},
		InsertedAt: now, InsertedBy: world.ID("doctor"), UpdatedAt: now, UpdatedBy: world.ID("doctor"),
	}
	if change != nil {
		change(&d)
	}
	_, err := f.Mongo.Collection(approvals.Collection).InsertOne(f.t.Context(), d)
	require.NoError(f.t, err)
	return d.ID
}

func (f *fixture) set(collection string, id any, change bson.D) {
	f.t.Helper()
	result, err := f.Mongo.Collection(collection).UpdateOne(f.t.Context(), bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "$set", Value: change}})
	require.NoError(f.t, err)
	require.EqualValues(f.t, 1, result.MatchedCount)
}

func (f *fixture) stored(id uuid.UUID) string {
	f.t.Helper()
	raw, err := f.Mongo.Collection(approvals.Collection).FindOne(f.t.Context(), bson.D{{Key: "_id", Value: id}}).Raw()
	require.NoError(f.t, err)
	return raw.String()
}

func (f *fixture) count(query string, args ...any) int {
	f.t.Helper()
	var n int
	require.NoError(f.t, f.Pool.QueryRow(f.t.Context(), "SELECT count(*) FROM "+query, args...).Scan(&n))
	return n
}

func (f *fixture) messages(to string) []sms.Received {
	f.t.Helper()
	found, err := sms.Inbox(f.t.Context(), f.Pool, f.Keys, to, 100)
	require.NoError(f.t, err)
	return found
}

func resend(token, patient string, approval uuid.UUID) world.Request {
	return testkit.As(token, http.MethodPatch, "/api/patients/"+world.ID(patient).String()+"/approvals/"+approval.String()+"/actions/resend", nil)
}

type job struct {
	Status       string
	StatusCode   int             `json:"status_code"`
	ResponseData json.RawMessage `json:"response_data"`
	Error        struct{ Type, Message string }
	Links        []struct{ Entity, Href string }
}

func (f *fixture) finish(accepted *testkit.Response) job {
	f.t.Helper()
	var j job
	f.WaitJob(f.t, doctor, accepted).Data(f.t, &j)
	return j
}

func (f *fixture) job(href string) job {
	f.t.Helper()
	var j job
	f.PollJob(f.t, doctor, href).Data(f.t, &j)
	return j
}

var code = regexp.MustCompile(`: ([0-9]{4})$`)

func TestResendSendsOneNewCode(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.add("patient", nil)
	before, events := f.stored(id), f.count("event_manager.events")
	audited := f.count("prm.audit_log")
	require.Equal(t, "processed", f.finish(f.Send(t, resend(doctor, "patient", id))).Status)

	answer := f.finish(f.Send(t, resend(doctor, "patient", id)))
	require.Equal(t, "processed", answer.Status)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Empty(t, answer.Links)
	require.JSONEq(t, `{"type":"OTP","number":"`+masked+`"}`, string(field(t, answer.ResponseData, "authentication_method_current")))
	require.JSONEq(t, `"`+id.String()+`"`, string(field(t, answer.ResponseData, "id")))
	require.NotContains(t, string(answer.ResponseData), "status", "the internal status stays inside")

	require.Equal(t, 2, f.count("otp.verifications WHERE phone_number = $1", phone))
	require.Equal(t, 1, f.count("otp.verifications WHERE phone_number = $1 AND active AND status = 'new'", phone))
	require.Equal(t, 1, f.count("otp.verifications WHERE phone_number = $1 AND NOT active AND status = 'canceled'", phone))
	received := f.messages(phone)
	require.Len(t, received, 2, "one SMS for each job")
	require.Regexp(t, code, received[0].Text)

	require.Equal(t, before, f.stored(id), "the approval does not change")
	require.Equal(t, events, f.count("event_manager.events"))
	require.Equal(t, audited, f.count("prm.audit_log"))

	// The codes live and die as documented.
	newest, former := digits(t, received[0].Text), digits(t, received[1].Text)
	if newest != former {
		require.NotEqual(t, http.StatusOK, f.Send(t, complete(former)).Status, "the former code is dead")
	}
	require.Equal(t, http.StatusOK, f.Send(t, complete(newest)).Status)
}

func complete(code int) world.Request {
	return testkit.As(doctor, http.MethodPatch, "/api/verifications/"+phone+"/actions/complete", map[string]any{"code": code})
}

func digits(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(code.FindStringSubmatch(text)[1])
	require.NoError(t, err)
	return n
}

func field(t *testing.T, object json.RawMessage, name string) json.RawMessage {
	t.Helper()
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(object, &fields), "%s", object)
	return fields[name]
}

func TestSameRequestWhilePendingIsOneJob(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	id := f.add("patient", nil)
	var first, second, other job
	answer := f.Send(t, resend(doctor, "patient", id))
	answer.Data(t, &first)
	require.Equal(t, "pending", first.Status)
	again := f.Send(t, resend(doctor, "patient", id))
	require.Equal(t, http.StatusAccepted, again.Status)
	again.Data(t, &second)
	require.Equal(t, first.Links, second.Links)
	f.Send(t, resend(otherDoctor, "patient", id)).Data(t, &other)
	require.NotEqual(t, first.Links, other.Links, "another caller's request is another one")
	require.Empty(t, f.messages(phone), "nothing is sent before the job runs")

	f.run()
	require.Equal(t, "processed", f.finish(answer).Status)
	require.Equal(t, "processed", f.job(other.Links[0].Href).Status)
	require.Len(t, f.messages(phone), 2, "one for each job")
	f.Send(t, resend(doctor, "patient", id)).Data(t, &second)
	require.NotEqual(t, first.Links, second.Links, "the job has ended: a new request is a new one")
}

// run starts the background work of an idle server.
func (f *fixture) run() {
	f.t.Helper()
	require.NoError(f.t, f.Start(context.Background()))
	f.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(f.t, f.Stop(ctx))
	})
}

func TestResendAtOnce(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.With("APPROVAL_RESEND_MODE", "sync"))
	jobs := f.count("jobs.jobs")
	id := f.add("patient", func(d *approvals.Document) { d.GrantedResources = nil })
	answer := f.Send(t, resend(doctor, "patient", id))
	require.Equal(t, http.StatusCreated, answer.Status)
	require.Regexp(t, "/actions/resend/"+id.String()+"$", answer.Body.Meta["url"])
	require.JSONEq(t, "[]", string(field(t, answer.Body.Data, "granted_resources")))
	require.JSONEq(t, "null", string(field(t, answer.Body.Data, "reason")))
	require.Len(t, f.messages(phone), 1)
	require.Equal(t, jobs, f.count("jobs.jobs"))
}

func TestThirdPersonGetsTheCode(t *testing.T) {
	t.Parallel()
	f := start(t)
	id := f.add("third_person_patient", func(d *approvals.Document) {
		d.Urgent = &approvals.Urgent{Type: medicalevents.MethodThirdPerson, PhoneNumber: secondPhone}
	})
	answer := f.finish(f.Send(t, resend(doctor, "third_person_patient", id)))
	require.Equal(t, "processed", answer.Status)
	require.JSONEq(t, `"THIRD_PERSON"`, string(field(t, field(t, answer.ResponseData, "authentication_method_current"), "type")))
	require.Len(t, f.messages(secondPhone), 1)
}

func TestWhatChangesBeforeTheJobRunsFailsIt(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	type change struct {
		patient string
		change  func(id uuid.UUID)
		code    int
		message string
	}
	at := func(fields bson.D) func(uuid.UUID) {
		return func(id uuid.UUID) { f.set(approvals.Collection, id, fields) }
	}
	changes := []change{
		{"patient", at(bson.D{{Key: "is_verified", Value: true}}), 409, "Approval in status active can not be resent"},
		{"patient", at(bson.D{{Key: "status", Value: "cancelled"}}), 409, "Approval in status cancelled can not be resent"},
		{"patient", at(bson.D{{Key: "expires_at", Value: f.Clock.Now()}}), 409, "Approval in status expired can not be resent"},
		{"patient", at(bson.D{{Key: "urgent", Value: nil}}), 409, "Resend SMS is not allowed for this authentication method"},
		{"patient", func(id uuid.UUID) {
			_, err := f.Mongo.Collection(approvals.Collection).DeleteOne(t.Context(), bson.D{{Key: "_id", Value: id}})
			require.NoError(t, err)
		}, 404, "Approval with such id is not found"},
		{"third_person_patient", func(uuid.UUID) {
			f.set(persons.Collection, f.Keys.PatientID(world.ID("third_person_patient")), bson.D{{Key: "status", Value: "inactive"}})
		}, 409, "Person is not active"},
	}
	accepted := make([]*testkit.Response, len(changes))
	for i, c := range changes {
		id := f.add(c.patient, nil)
		accepted[i] = f.Send(t, resend(doctor, c.patient, id))
		c.change(id)
	}
	f.run()
	for i, c := range changes {
		j := f.finish(accepted[i])
		require.Equal(t, "failed", j.Status, c.message)
		require.Equal(t, c.code, j.StatusCode)
		require.Equal(t, c.message, j.Error.Message)
	}
	require.Empty(t, f.messages(phone))
}

func TestRateIsCheckedInTheRequestAndInTheJob(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("INIT_VERIFICATION_LIMIT", "60"))
	one, two := f.add("patient", nil), f.add("patient", nil)
	first, second := f.Send(t, resend(doctor, "patient", one)), f.Send(t, resend(doctor, "patient", two))
	f.run()
	jobs := map[string]job{}
	for _, accepted := range []*testkit.Response{first, second} {
		j := f.finish(accepted)
		jobs[j.Status] = j
	}
	require.Contains(t, jobs, "processed")
	require.Equal(t, http.StatusTooManyRequests, jobs["failed"].StatusCode)
	require.Equal(t, "too_many_requests", jobs["failed"].Error.Type)
	require.Equal(t, "too many requests", jobs["failed"].Error.Message)
	require.Len(t, f.messages(phone), 1)

	refused := f.Send(t, resend(doctor, "patient", one))
	require.Equal(t, http.StatusTooManyRequests, refused.Status)
	require.Equal(t, []string{"approval.resend.rate"}, refused.Rules())
	wait, err := strconv.Atoi(refused.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.LessOrEqual(t, wait, 60)
	f.Clock.Advance(61 * time.Second)
	require.Equal(t, "processed", f.finish(f.Send(t, resend(doctor, "patient", one))).Status)
}

// A limit of codes answers in the request, and in the job when others were
// quicker; however many are under way, no more are sent than it allows.
func TestLimitsAreCheckedInTheRequestAndInTheJob(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ setting, rule, message string }{
		"phone":        {"OTP_PHONE_LIMIT", "approval.resend.phone_limit", "too many codes were sent to this phone"},
		"legal entity": {"OTP_LEGAL_ENTITY_DAILY_LIMIT", "approval.resend.legal_entity_limit", "too many codes were sent for this legal entity"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, testkit.Idle(), testkit.With(c.setting, "2"))
			var accepted []*testkit.Response
			for range 5 {
				accepted = append(accepted, f.Send(t, resend(doctor, "patient", f.add("patient", nil))))
			}
			f.run()
			statuses := map[int]int{}
			for _, a := range accepted {
				j := f.finish(a)
				statuses[j.StatusCode]++
				if j.StatusCode != http.StatusOK {
					require.Equal(t, c.message, j.Error.Message)
				}
			}
			require.Equal(t, map[int]int{http.StatusOK: 2, http.StatusTooManyRequests: 3}, statuses)
			require.Len(t, f.messages(phone), 2)

			refused := f.Send(t, resend(doctor, "patient", f.add("patient", nil)))
			require.Equal(t, http.StatusTooManyRequests, refused.Status)
			require.Equal(t, []string{c.rule}, refused.Rules())
			require.NotEmpty(t, refused.Header.Get("Retry-After"))
			f.Clock.Advance(24 * time.Hour)
			id := f.add("patient", nil)
			require.Equal(t, "processed", f.finish(f.Send(t, resend(doctor, "patient", id))).Status)
		})
	}
}

// The codes of an approval are counted together for all callers, in both modes.
func TestResendLimitOfAnApproval(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.With("OTP_RESOURCE_LIMIT", "2"))
	id := f.add("patient", nil)
	require.Equal(t, "processed", f.finish(f.Send(t, resend(doctor, "patient", id))).Status)
	f.Set(t, map[string]string{"APPROVAL_RESEND_MODE": "sync"})
	require.Equal(t, http.StatusCreated, f.Send(t, resend(otherDoctor, "patient", id)).Status)
	for _, mode := range []string{"sync", "async"} {
		f.Set(t, map[string]string{"APPROVAL_RESEND_MODE": mode})
		refused := f.Send(t, resend(doctor, "patient", id))
		require.Equal(t, []string{"approval.resend.resource_limit"}, refused.Rules(), "%s", refused.Raw)
		require.Equal(t, "too many codes were sent for this approval", refused.Body.Error.Message)
	}
	require.Len(t, f.messages(phone), 2)
	require.Equal(t, http.StatusAccepted, f.Send(t, resend(doctor, "patient", f.add("patient", nil))).Status, "another approval, the same phone")
}

func TestKilledBeforeTheCommitSendsOneCode(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	f := start(t, testkit.WithHook(func(string) {
		if tries.Add(1) == 1 {
			panic("killed")
		}
	}))
	id := f.add("patient", nil)
	require.Equal(t, "processed", f.finish(f.Send(t, resend(doctor, "patient", id))).Status)
	require.EqualValues(t, 2, tries.Load())
	require.Len(t, f.messages(phone), 1)
}

// Each approval breaks a rule and the next one of the documented order; the
// earlier one answers.
func TestEarlierRuleAnswers(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("RULES", "+approval.resend.method_usable"),
		testkit.With("INIT_VERIFICATION_LIMIT", "60"), testkit.With("THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK", "true"))
	jobs, gone := f.count("jobs.jobs"), uuid.New()
	ended := world.ID("ended method")
	for _, c := range []struct {
		patient string
		rule    string
		change  func(d *approvals.Document)
	}{
		{"nobody", "approval.resend.person", nil},
		{"inactive_patient", "approval.resend.not_found", func(d *approvals.Document) { d.PatientID = "another"; d.Urgent = nil }},
		{"inactive_patient", "approval.resend.no_method", func(d *approvals.Document) { d.Urgent = nil; d.IsVerified = true }},
		{"inactive_patient", "approval.resend.method_type", func(d *approvals.Document) {
			d.AuthorizeWith, d.Urgent.Type = &gone, medicalevents.MethodOffline
		}},
		{"inactive_patient", "approval.resend.third_person", func(d *approvals.Document) {
			d.AuthorizeWith, d.Urgent = &gone, &approvals.Urgent{Type: medicalevents.MethodThirdPerson}
		}},
		{"inactive_patient", "approval.resend.method_usable", func(d *approvals.Document) { d.AuthorizeWith, d.Urgent.Type = &gone, medicalevents.MethodThirdPerson }},
		{"inactive_patient", "approval.resend.method_usable", func(d *approvals.Document) { d.AuthorizeWith = &ended }},
		{"inactive_patient", "approval.resend.person_active", func(d *approvals.Document) { d.IsVerified = true }},
		{"patient", "approval.resend.state_cancelled", func(d *approvals.Document) {
			d.IsVerified, d.Status, d.ExpiresAt = true, approvals.StateCancelled, f.Clock.Now()
		}},
		{"patient", "approval.resend.state_expired", func(d *approvals.Document) { d.IsVerified, d.ExpiresAt = true, f.Clock.Now() }},
		{"patient", "approval.resend.state_active", func(d *approvals.Document) { d.IsVerified, d.Urgent.PhoneNumber = true, "1" }},
		{"patient", "approval.resend.otp", func(d *approvals.Document) { d.Urgent.PhoneNumber = "" }},
	} {
		id := f.add(c.patient, c.change)
		require.Equal(t, []string{c.rule}, f.Send(t, resend(doctor, c.patient, id)).Rules())
	}
	require.Equal(t, jobs, f.count("jobs.jobs"))
}
