package servicerequests_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/signature"
	"esoz/internal/platform/sms"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// contentOf is what the first passing case of an operation has signed, with changes.
func contentOf(t testing.TB, srv *testkit.Server, operation string, changes map[string]any) map[string]any {
	t.Helper()
	passing, ok := srv.World.Passing(operation)
	require.True(t, ok)
	body, _ := passing.Request.Body.(map[string]any)
	raw, err := base64.StdEncoding.DecodeString(body["signed_data"].(string))
	require.NoError(t, err)
	opened, err := new(signature.Trust).Open(raw, srv.World.Now)
	require.NoError(t, err)
	var content map[string]any
	require.NoError(t, json.Unmarshal(opened.JSON, &content))
	maps.Copy(content, changes)
	return content
}

// write creates a referral of unsigned content, and returns its job.
func write(t testing.TB, srv *testkit.Server, content map[string]any) *testkit.Response {
	t.Helper()
	raw, err := json.Marshal(content)
	require.NoError(t, err)
	sent := srv.Send(t, testkit.As(doctor, http.MethodPost, "/api/patients/"+world.ID("patient").String()+"/service_requests",
		map[string]any{"signed_data": base64.StdEncoding.EncodeToString(raw)}))
	require.Equal(t, http.StatusAccepted, sent.Status, "%s", sent.Raw)
	return srv.WaitJob(t, doctor, sent)
}

// meet adds a copy of an encounter with changes, and returns its id.
func meet(t testing.TB, srv *testkit.Server, of string, changes bson.M) uuid.UUID {
	t.Helper()
	var copied bson.M
	srv.Decode(t, "encounters", world.ID(of), &copied)
	id := uuid.New()
	copied["_id"] = id
	maps.Copy(copied, changes)
	_, err := srv.Mongo.Collection("encounters").InsertOne(t.Context(), copied)
	require.NoError(t, err)
	return id
}

func refer(kind string, id uuid.UUID) map[string]any {
	return map[string]any{"identifier": map[string]any{
		"type": map[string]any{"coding": []any{map[string]any{"system": medicalevents.Resources, "code": kind}}}, "value": id,
	}}
}

func numbersIn(t testing.TB, srv *testkit.Server) (texts []string) {
	t.Helper()
	messages, err := sms.Inbox(t.Context(), srv.Pool, srv.Keys, world.PatientPhone, 100)
	require.NoError(t, err)
	for _, m := range messages {
		if m.Type == sms.TypeInformation {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

func TestCreateWritesAReferral(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	encounter, id := meet(t, srv, "encounter of patient", nil), uuid.New()
	done := write(t, srv, contentOf(t, srv, "createServiceRequest", map[string]any{"id": id, "context": refer("encounter", encounter)}))
	require.Equal(t, http.StatusSeeOther, done.Status, "%s", done.Raw)
	require.Contains(t, string(done.Raw), "/api/patients/"+world.ID("patient").String()+"/service_requests/"+id.String())
	unmarked(t, srv, id)

	d, seeded := one(t, srv, id), one(t, srv, world.ID("service request to be used"))
	number, err := srv.Keys.OpenRequisition(d.Requisition, d.SealedWith)
	require.NoError(t, err)
	require.Regexp(t, "^[0123456789ABCEHIKMOPTX]{16}$", number)
	named := func(kind, name, display string) medicalevents.Reference {
		r := medicalevents.To(kind, world.ID(name))
		r.DisplayValue = &display
		return r
	}
	by := servicerequests.Change{InsertedAt: d.InsertedAt, InsertedBy: world.ID("doctor")}
	units := &medicalevents.Quantity{Value: 1, System: "SERVICE_UNIT", Code: "PIECE", Unit: new("Штука")}
	y, m, day := d.InsertedAt.AddDate(0, 0, 365).Date()
	require.Equal(t, &servicerequests.Document{
		ID: id, Subject: seeded.Subject, Requisition: d.Requisition, SealedWith: srv.Keys.PatientKeyIDs()[0], Status: "active",
		StatusHistory: []servicerequests.StatusChange{{Status: "active", Change: by}}, Program: new(medicalevents.To("medical_program", world.ID("medical program"))),
		ProgramProcessingStatus:        new("new"),
		ProgramProcessingStatusHistory: []servicerequests.ProgramChange{{ProgramProcessingStatus: "new", Change: by}},
		Intent:                         "order", Priority: new("routine"), Category: medicalevents.Concept("eHealth/SNOMED/service_request_categories", "diagnostic_procedure"),
		Code: medicalevents.To("service", world.ID("service")), Context: new(medicalevents.To("encounter", encounter)), ContextEpisodeID: new(world.ID("episode of patient")),
		Occurrence:        &servicerequests.Occurrence{DateTime: new(srv.World.Now.Add(14 * 24 * time.Hour).Truncate(time.Second))},
		RequesterEmployee: named("employee", "employee doctor", "Олена Петрівна Коваль"), RequesterLegalEntity: named("legal_entity", "clinic", "Амбулаторія «Верба»"),
		ReasonReference: []medicalevents.Reference{medicalevents.To("condition", world.ID("condition of patient"))},
		Note:            new("Запис ЕКГ у спокої"), PatientInstruction: new("Прийти натще"), Quantity: units, RemainingQuantity: units,
		ExpirationDate:           time.Date(y, m, day, 23, 59, 59, 0, time.UTC),
		UsedByEmployeeHistory:    []servicerequests.EmployeeUse{},
		UsedByLegalEntityHistory: []servicerequests.LegalEntityUse{},
		SignedContentLinks:       []string{"service_requests/" + id.String() + "/create"},
		InsertedAt:               d.InsertedAt, InsertedBy: world.ID("doctor"), UpdatedAt: d.InsertedAt, UpdatedBy: world.ID("doctor"), AppliedJobs: d.AppliedJobs,
	}, d)
	require.Empty(t, srv.Events(t, id), "no event tells of a new referral")
	require.Equal(t, 1, srv.Count(t, "il.media WHERE name = $1", d.SignedContentLinks[0]))
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource_id = $1 AND changeset ? 'requester_employee' AND NOT changeset ? 'signed_data'", id))

	taken := write(t, srv, contentOf(t, srv, "createServiceRequest", map[string]any{"id": uuid.New()}))
	require.Equal(t, http.StatusSeeOther, taken.Status, "%s", taken.Raw)
}

// The patient is told of the number once for an encounter, and once by each method that
// referrals name.
func TestReferralsOfAnEncounterHaveOneNumber(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	encounter := meet(t, srv, "encounter of patient", nil)
	asked := func(changes map[string]any) *servicerequests.Document {
		id := uuid.New()
		content := contentOf(t, srv, "createServiceRequest", map[string]any{"id": id, "context": refer("encounter", encounter)})
		maps.Copy(content, changes)
		done := write(t, srv, content)
		require.Equal(t, http.StatusSeeOther, done.Status, "%s", done.Raw)
		return one(t, srv, id)
	}
	told := func() int { return len(numbersIn(t, srv)) }
	asked(map[string]any{"performer": refer("legal_entity", world.ID("other_clinic"))})
	require.Zero(t, told(), "who serves it knows")
	way := map[string]any{"inform_with": map[string]any{"auth_method_id": world.ID("method of patient")}}
	first := asked(way)
	number, err := srv.Keys.OpenRequisition(first.Requisition, first.SealedWith)
	require.NoError(t, err)
	require.Equal(t, []string{"Ваше направлення: " + medicalevents.ShowNumber(number)}, numbersIn(t, srv))
	require.Equal(t, first.Requisition, asked(way).Requisition)
	require.Equal(t, first.Requisition, asked(nil).Requisition)
	require.Equal(t, 1, told())

	var all sync.WaitGroup
	other := meet(t, srv, "encounter of patient", nil)
	ids := make([]uuid.UUID, 8)
	for i := range ids {
		ids[i] = uuid.New()
		content := contentOf(t, srv, "createServiceRequest", map[string]any{"id": ids[i], "context": refer("encounter", other)})
		all.Go(func() { write(t, srv, content) })
	}
	all.Wait()
	want := one(t, srv, ids[0]).Requisition
	require.NotEqual(t, first.Requisition, want)
	for _, id := range ids {
		require.Equal(t, want, one(t, srv, id).Requisition)
	}
	require.Equal(t, "encounter", srv.Documents(t, medicalevents.Numbers)[other]["entity_type"])
}

// A referral that was created goes the way of a seeded one.
func TestACreatedReferralIsServed(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("SERVICE_REQUEST_USE_TARGET_STATUS", "in_queue"))
	id := uuid.New()
	require.Equal(t, http.StatusSeeOther, write(t, srv, contentOf(t, srv, "createServiceRequest", map[string]any{"id": id})).Status)
	path := "/api/service_requests/" + id.String() + "/actions/"
	program := refer("medical_program", world.ID("medical program"))
	asked := srv.Send(t, testkit.As(doctor, http.MethodPost, path+"qualify", map[string]any{"programs": []any{program}}))
	require.Contains(t, string(asked.Raw), `"VALID"`)
	act := func(action, status string, body any) {
		t.Helper()
		done := srv.WaitJob(t, doctor, srv.Send(t, testkit.As(doctor, http.MethodPatch, path+action, body)))
		require.Equal(t, http.StatusSeeOther, done.Status, "%s: %s", action, done.Raw)
		require.Equal(t, status, *one(t, srv, id).ProgramProcessingStatus, action)
	}
	use := map[string]any{
		"used_by_legal_entity": refer("legal_entity", world.ID("clinic")), "used_by_employee": refer("employee", world.ID("employee doctor")), "program": program,
	}
	act("use", "in_queue", use)
	act("release", "new", nil)
	act("use", "in_queue", use)
	act("process", "in_progress", nil)
	met := meet(t, srv, "encounter of patient", bson.M{"incoming_referral": medicalevents.To("service_request", id)})
	act("complete", "completed", map[string]any{"completed_with": refer("encounter", met), "program_service": refer("program_service", world.ID("program service"))})
	require.Equal(t, "completed", one(t, srv, id).Status)

	withdrawn := uuid.New()
	require.Equal(t, http.StatusSeeOther, write(t, srv, contentOf(t, srv, "createServiceRequest", map[string]any{"id": withdrawn})).Status)
	of := "/api/patients/" + world.ID("patient").String() + "/service_requests/" + withdrawn.String()
	var shown struct{ Data map[string]any }
	require.NoError(t, json.Unmarshal(srv.Send(t, testkit.As(doctor, http.MethodGet, of, nil)).Raw, &shown))
	shown.Data["status_reason"] = map[string]any{"coding": []any{map[string]any{"system": "eHealth/service_request_recall_reasons", "code": "default"}}}
	raw, err := json.Marshal(shown.Data)
	require.NoError(t, err)
	done := srv.WaitJob(t, doctor, srv.Send(t, testkit.As(doctor, http.MethodPatch, of+"/actions/recall", map[string]any{"signed_data": base64.StdEncoding.EncodeToString(raw)})))
	require.Equal(t, http.StatusSeeOther, done.Status, "%s", done.Raw)
	require.Equal(t, "recalled", one(t, srv, withdrawn).Status)
}
