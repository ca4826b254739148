package approvals_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// asked is a request that asks a patient for access to their devices; changes make it
// another, nil takes a field away.
func asked(patient string, changes map[string]any) world.Request {
	body := map[string]any{
		"resource_types": []any{map[string]any{"coding": []any{map[string]any{"system": medicalevents.Resources, "code": "device"}}}},
		"granted_to":     sent("employee", world.ID("employee doctor")), "access_level": "read",
	}
	maps.Copy(body, changes)
	maps.DeleteFunc(body, func(_ string, value any) bool { return value == nil })
	return testkit.As(doctor, http.MethodPost, "/api/patients/"+world.ID(patient).String()+"/approvals", body)
}

func sent(kind string, id uuid.UUID) map[string]any {
	return map[string]any{"identifier": map[string]any{
		"type": map[string]any{"coding": []any{map[string]any{"system": medicalevents.Resources, "code": kind}}}, "value": id.String(),
	}}
}

// instead asks for something else than devices.
func instead(field string, value any) map[string]any {
	return map[string]any{"resource_types": nil, field: value}
}

// made sends a request, waits for its job, and returns the approval that it has made.
func (f *fixture) made(request world.Request) (approvals.Document, job) {
	f.t.Helper()
	j := f.finish(f.Send(f.t, request))
	require.Equal(f.t, "processed", j.Status, "%+v", j)
	require.Empty(f.t, j.Links)
	var shown struct{ ID uuid.UUID }
	require.NoError(f.t, json.Unmarshal(j.ResponseData, &shown))
	return f.approval(shown.ID), j
}

// The way of an approval: it is asked for, its code comes by SMS, the code confirms it, and
// it opens what was closed.
func TestApprovalOpensAnEpisode(t *testing.T) {
	t.Parallel()
	f := start(t)
	patient, episode := world.ID("stranger_patient").String(), world.ID("closed episode of stranger_patient")
	read := testkit.As(doctor, http.MethodGet, "/api/patients/"+patient+"/episodes/"+episode.String(), nil)
	require.Equal(t, http.StatusForbidden, f.Send(t, read).Status)

	d, j := f.made(asked("stranger_patient", instead("resources", []any{sent("episode_of_care", episode)})))
	require.Equal(t, approvals.StateNew, d.State(f.Clock.Now()))
	require.Equal(t, http.StatusForbidden, f.Send(t, read).Status, "it is not confirmed yet")
	require.NotContains(t, string(j.ResponseData), world.StrangerPhone)
	require.JSONEq(t, `{"type":"OTP","number":"+38093*****76"}`, string(field(t, j.ResponseData, "authentication_method_current")))
	require.Equal(t, 1, f.told(d.ID, "NEW"))
	require.Equal(t, 1, f.count("prm.audit_log WHERE resource = 'approvals' AND resource_id = $1", d.ID.String()))

	messages := f.messages(world.StrangerPhone)
	require.Len(t, messages, 1)
	verify := testkit.As(doctor, http.MethodPatch, "/api/patients/"+patient+"/approvals/"+d.ID.String(), map[string]any{"code": digits(t, messages[0].Text)})
	require.Equal(t, http.StatusOK, f.Send(t, verify).Status)
	require.Equal(t, http.StatusOK, f.Send(t, read).Status)
	require.Equal(t, 1, f.told(d.ID, "ACTIVE"))

	f.Clock.Advance(90 * 24 * time.Hour)
	require.Equal(t, http.StatusForbidden, f.Send(t, read).Status, "its time is over")
}

// What the approval holds follows from what was asked for.
func TestCreateStoresTheApproval(t *testing.T) {
	t.Parallel()
	f := start(t)
	d, _ := f.made(asked("patient", instead("service_request", sent("service_request", world.ID("service request that permits")))))
	require.Equal(t, f.Keys.PatientID(world.ID("patient")), d.PatientID)
	require.Equal(t, f.Keys.PatientKeyIDs()[0], d.SealedWith)
	require.Equal(t, approvals.ToPatient("mpi-hash", d.PatientID), d.GrantedBy)
	require.Equal(t, world.ID("service request that permits"), d.Reason.Identifier.Value.ID)
	require.Len(t, d.GrantedResources, 2)
	require.True(t, d.GrantedResources[0].IsTo("episode_of_care"))
	require.Equal(t, world.ID("diagnostic report of patient"), d.GrantedResources[1].Identifier.Value.ID)
	require.Empty(t, d.GrantedResourceTypes)
	require.Equal(t, "Олена Петрівна Коваль", *d.GrantedTo.DisplayValue)
	require.Equal(t, d.GrantedTo, d.CreatedBy, "the user is the grantee")
	require.Nil(t, d.AuthorizeWith)
	require.Equal(t, world.ID("doctor"), d.InsertedBy)
	require.Equal(t, d.InsertedAt, d.UpdatedAt)

	d, _ = f.made(asked("patient", map[string]any{
		"granted_to": sent("employee", world.ID("employee colleague")), "authorize_with": world.ID("method of patient").String(),
	}))
	require.Empty(t, d.GrantedResources)
	require.Equal(t, []medicalevents.CodeableConcept{medicalevents.Concept(medicalevents.Resources, "device")}, d.GrantedResourceTypes)
	doctors := []uuid.UUID{world.ID("employee doctor"), world.ID("assistant of packages"), world.ID("owner of packages")}
	require.Contains(t, doctors, d.CreatedBy.Identifier.Value.ID, "the user has asked for a colleague")
	require.Equal(t, world.ID("method of patient"), *d.AuthorizeWith)

	patient := instead("patient", sent("patient", world.ID("patient")))
	d, j := f.made(asked("patient", patient))
	require.Equal(t, d.PatientID, d.GrantedResources[0].Identifier.Value.Patient)
	require.Contains(t, string(field(t, j.ResponseData, "granted_resources")), world.ID("patient").String())
	require.Zero(t, f.count("prm.audit_log WHERE changeset::text LIKE '%' || $1 || '%' AND resource = 'approvals'", world.ID("patient").String()))

	child := instead("resources", []any{sent("episode_of_care", world.ID("episode of patient"))})
	child["child_resource"] = sent("condition", world.ID("condition of patient"))
	d, _ = f.made(asked("patient", child))
	require.True(t, d.Reason.IsTo("condition"))
}

// How the patient confirms is fixed in the approval, and only who confirms by OTP gets a
// code.
func TestCreateChoosesTheMethod(t *testing.T) {
	t.Parallel()
	f := start(t)
	sms := func() int { return f.count("otp.sms_logs") }
	for patient, urgent := range map[string]*approvals.Urgent{
		"patient":                      {Type: medicalevents.MethodOTP, PhoneNumber: world.PatientPhone},
		"offline_patient":              {Type: medicalevents.MethodOffline},
		"third_person_patient":         {Type: medicalevents.MethodThirdPerson, PhoneNumber: world.ThirdPersonPhone},
		"third_person_offline_patient": {Type: medicalevents.MethodThirdPerson},
		"preperson":                    nil,
	} {
		before := sms()
		d, j := f.made(asked(patient, nil))
		require.Equal(t, urgent, d.Urgent, patient)
		require.Equal(t, patient == "preperson", d.IsVerified)
		require.Equal(t, urgent != nil && urgent.PhoneNumber != "", sms() == before+1, patient)
		if urgent == nil {
			require.Equal(t, approvals.StateActive, d.State(f.Clock.Now()))
			require.Equal(t, "null", string(field(t, j.ResponseData, "authentication_method_current")))
			require.Equal(t, 1, f.told(d.ID, "ACTIVE"))
		}
	}
	before := sms()
	plan := instead("resources", []any{sent("care_plan", world.ID("care plan of patient"))})
	d, _ := f.made(asked("patient", plan))
	require.Nil(t, d.Urgent, "an inpatient care plan of the own legal entity")
	require.False(t, d.IsVerified)
	require.Equal(t, before, sms())
	require.Equal(t, http.StatusOK, f.Send(t, verify(d.ID, 1)).Status, "nothing confirms it")
}

// How long an approval is good depends on what it opens.
func TestCreateSetsTheEnd(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.With("APPROVAL_EXPIRATION", "1"), testkit.With("CARE_PLAN_APPROVAL_EXPIRATION", "2"),
		testkit.With("FORBIDDEN_GROUP_APPROVAL_EXPIRATION", "3"), testkit.With("DIAGNOSES_GROUP_APPROVAL_EXPIRATION", "4"),
		testkit.With("PATIENT_APPROVAL_EXPIRATION", "5"))
	for minutes, changes := range map[time.Duration]map[string]any{
		1: nil,
		2: instead("resources", []any{sent("care_plan", world.ID("outpatient care plan"))}),
		3: instead("forbidden_group", sent("forbidden_group", world.ID("forbidden group"))),
		4: instead("diagnoses_group", sent("diagnoses_group", world.ID("group of diagnoses"))),
		5: instead("patient", sent("patient", world.ID("patient"))),
	} {
		d, _ := f.made(asked("patient", changes))
		require.Equal(t, minutes*time.Minute, d.ExpiresAt.Sub(d.InsertedAt))
	}
}

// The same request again makes another approval. Of codes that pass the limit in the
// request and not in the job no approval is left.
func TestCreateAgain(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle(), testkit.With("OTP_PHONE_LIMIT", "1"))
	before := len(f.Documents(t, approvals.Collection))
	first, second := f.Send(t, asked("patient", nil)), f.Send(t, asked("patient", nil))
	f.run()
	jobs := map[string]job{}
	for _, accepted := range []*testkit.Response{first, second} {
		j := f.finish(accepted)
		jobs[j.Status] = j
	}
	require.Contains(t, jobs, "processed")
	require.Equal(t, http.StatusTooManyRequests, jobs["failed"].StatusCode)
	require.Equal(t, "too many codes were sent to this phone", jobs["failed"].Error.Message)
	require.Len(t, f.Documents(t, approvals.Collection), before+1)
	require.Len(t, f.messages(world.PatientPhone), 1)
	require.Equal(t, []string{"approval.create.phone_limit"}, f.Send(t, asked("patient", nil)).Rules())
}

// The first code is not one that is sent again.
func TestFirstCodeIsNotSentAgain(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.With("OTP_RESOURCE_LIMIT", "1"))
	d, _ := f.made(asked("patient", nil))
	require.Equal(t, "processed", f.finish(f.Send(t, resend(doctor, "patient", d.ID))).Status)
	require.Equal(t, []string{"approval.resend.resource_limit"}, f.Send(t, resend(doctor, "patient", d.ID)).Rules())
}

// A process that is killed after it has inserted the approval leaves one approval, one
// code, one event and one row in the audit log.
func TestCreateCarriesOnAfterACrash(t *testing.T) {
	t.Parallel()
	var crashes atomic.Int64
	f := start(t, testkit.WithHook(func(string) {
		if crashes.Add(1) == 1 {
			panic("killed")
		}
	}))
	before := len(f.Documents(t, approvals.Collection))
	d, _ := f.made(asked("patient", nil))
	require.EqualValues(t, 2, crashes.Load())
	require.Len(t, f.Documents(t, approvals.Collection), before+1)
	require.Len(t, f.messages(world.PatientPhone), 1)
	require.Equal(t, 1, f.told(d.ID, "NEW"))
	require.Equal(t, 1, f.count("prm.audit_log WHERE resource = 'approvals' AND resource_id = $1", d.ID.String()))
}

// What the body refers to may change between the request and its job.
func TestCreateIsCheckedAgainInTheJob(t *testing.T) {
	t.Parallel()
	f := start(t, testkit.Idle())
	before := len(f.Documents(t, approvals.Collection))
	accepted := f.Send(t, asked("patient", nil))
	_, err := f.Pool.Exec(t.Context(), "UPDATE prm.employees SET status = 'STOPPED' WHERE id = $1", world.ID("employee doctor"))
	require.NoError(t, err)
	f.run()
	j := f.finish(accepted)
	require.Equal(t, "failed", j.Status)
	require.Equal(t, http.StatusUnprocessableEntity, j.StatusCode)
	require.Len(t, f.Documents(t, approvals.Collection), before)
	require.Empty(t, f.messages(world.PatientPhone))
}
