package devicerequests_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/signature"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// write creates a request as the first passing case does, but for what is changed.
func write(t testing.TB, srv *testkit.Server, changes map[string]any) (uuid.UUID, *testkit.Response) {
	t.Helper()
	passing, _ := srv.World.Passing("createDeviceRequest")
	body, _ := passing.Request.Body.(map[string]any)
	raw, err := base64.StdEncoding.DecodeString(body["signed_data"].(string))
	require.NoError(t, err)
	opened, err := new(signature.Trust).Open(raw, srv.World.Now)
	require.NoError(t, err)
	var content map[string]any
	require.NoError(t, json.Unmarshal(opened.JSON, &content))
	id := uuid.New()
	content["id"] = id
	maps.Copy(content, changes)
	unsigned, err := json.Marshal(content)
	require.NoError(t, err)
	sent := srv.Send(t, testkit.As(doctor, http.MethodPost, passing.Request.Path, map[string]any{"signed_data": base64.StdEncoding.EncodeToString(unsigned)}))
	require.Equal(t, http.StatusAccepted, sent.Status, "%s", sent.Raw)
	return id, srv.WaitJob(t, doctor, sent)
}

func TestCreateWritesARequest(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id, done := write(t, srv, nil)
	require.Equal(t, http.StatusSeeOther, done.Status, "%s", done.Raw)
	require.Eventually(t, func() bool {
		var d devicerequests.Document
		srv.Decode(t, devicerequests.Collection, id, &d)
		return len(d.AppliedJobs) == 0
	}, time.Minute, 20*time.Millisecond)
	var d devicerequests.Document
	srv.Decode(t, devicerequests.Collection, id, &d)
	named := func(kind, name, display string) medicalevents.Reference {
		r := medicalevents.To(kind, world.ID(name))
		r.DisplayValue = &display
		return r
	}
	now := srv.World.Now.Truncate(time.Second)
	y, m, day := d.InsertedAt.AddDate(0, 0, 30).Date()
	require.Equal(t, devicerequests.Document{
		ID: id, Subject: stored(t, srv, open).Subject, Requisition: d.Requisition, VerificationCode: d.VerificationCode, SealedWith: srv.Keys.PatientKeyIDs()[0],
		Status: "active", Intent: "order", Priority: new("routine"), Note: new("Навчити користуватися глюкометром"),
		CodeReference: new(medicalevents.To("device_definition", world.ID("device definition"))),
		Quantity:      &medicalevents.Quantity{Value: 10, System: "device_unit", Code: "piece", Unit: new("шт")},
		Requester:     named("employee", "employee doctor", "Олена Петрівна Коваль"), RequesterLegalEntity: named("legal_entity", "clinic", "Амбулаторія «Верба»"),
		Encounter: medicalevents.To("encounter", world.ID("encounter of patient")), ContextEpisodeID: new(world.ID("episode of patient")),
		Reason:     []medicalevents.Reference{medicalevents.To("condition", world.ID("condition of patient"))},
		AuthoredOn: now.Add(-time.Hour), OccurrencePeriod: medicalevents.Period{Start: now, End: new(now.AddDate(0, 0, 30))},
		Program:            new(named("medical_program", "device program", "Доступні медичні вироби")),
		DispenseValidTo:    time.Date(y, m, day, 23, 59, 59, 0, time.UTC),
		SignedContentLinks: []string{"device_requests/" + id.String() + "/create"},
		InsertedAt:         d.InsertedAt, InsertedBy: world.ID("doctor"), UpdatedAt: d.InsertedAt, UpdatedBy: world.ID("doctor"), AppliedJobs: d.AppliedJobs,
	}, d)
	events := srv.Events(t, id)
	require.Len(t, events, 1)
	require.JSONEq(t, `{"status":{"new_value":"active"}}`, string(events[0].Properties))

	number, err := srv.Keys.OpenRequisition(d.Requisition, d.SealedWith)
	require.NoError(t, err)
	code, err := srv.Keys.OpenDocumentCode(*d.VerificationCode, d.SealedWith)
	require.NoError(t, err)
	require.Regexp(t, "^[0-9]{4}$", code)
	require.Equal(t, []string{srv.Config.Get().DeviceRequestSMSText + medicalevents.ShowNumber(number) + ", код: " + code}, informations(t, srv, world.PatientPhone))

	second, done := write(t, srv, map[string]any{"program": map[string]any{"identifier": map[string]any{
		"type": map[string]any{"coding": []any{map[string]any{"system": "eHealth/resources", "code": "medical_program"}}}, "value": world.ID("device program of two weeks"),
	}}})
	require.Equal(t, http.StatusSeeOther, done.Status, "%s", done.Raw)
	var other devicerequests.Document
	srv.Decode(t, devicerequests.Collection, second, &other)
	require.NotEqual(t, d.Requisition, other.Requisition, "each request has a number of its own")
	y, m, day = other.InsertedAt.AddDate(0, 0, 14).Date()
	require.Equal(t, time.Date(y, m, day, 23, 59, 59, 0, time.UTC), other.DispenseValidTo)
}

// The pharmacy dispenses what was prescribed, by the code of the patient's SMS.
func TestACreatedRequestIsDispensed(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id, done := write(t, srv, nil)
	require.Equal(t, http.StatusSeeOther, done.Status, "%s", done.Raw)
	text := informations(t, srv, world.PatientPhone)[0]
	code := text[strings.LastIndex(text, " ")+1:]
	passing, _ := srv.World.Passing("createDeviceDispense")
	dispense := func(code string) *testkit.Response {
		body := maps.Clone(passing.Request.Body.(map[string]any))
		body["id"], body["verification_code"] = uuid.New(), code
		based, err := json.Marshal(body["based_on"])
		require.NoError(t, err)
		var on map[string]any
		require.NoError(t, json.Unmarshal(based, &on))
		on["identifier"].(map[string]any)["value"] = id
		body["based_on"] = on
		return srv.Send(t, passing.Request.With(body))
	}
	wrong := "0000"
	if code == wrong {
		wrong = "0001"
	}
	require.Equal(t, http.StatusForbidden, dispense(wrong).Status)
	made := srv.WaitJob(t, world.TokenValue("pharmacist"), dispense(code))
	require.Equal(t, http.StatusSeeOther, made.Status, "%s", made.Raw)
}
