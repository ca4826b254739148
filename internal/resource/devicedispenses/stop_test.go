package devicedispenses_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/devicedispenses"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var (
	pharmacist      = world.TokenValue("pharmacist")
	otherPharmacist = world.TokenValue("other_pharmacist")
	begun           = world.ID("device dispense in progress")
)

func stop(token, patient string, id uuid.UUID) world.Request {
	return testkit.As(token, http.MethodPatch, "/api/patients/"+world.ID(patient).String()+"/device_dispenses/"+id.String()+"/actions/stop", nil)
}

func one(t testing.TB, srv *testkit.Server, id uuid.UUID) *devicedispenses.Document {
	t.Helper()
	d := new(devicedispenses.Document)
	srv.Decode(t, devicedispenses.Collection, id, d)
	return d
}

// unmarked waits until the job has taken its mark off the document, the last
// thing that it does.
func unmarked(t *testing.T, srv *testkit.Server, id uuid.UUID) {
	t.Helper()
	require.Eventually(t, func() bool { return len(one(t, srv, id).AppliedJobs) == 0 }, time.Minute, 20*time.Millisecond)
}

func TestStopWritesThreeFieldsAndOneEvent(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	before := srv.Documents(t, devicedispenses.Collection)
	began := srv.Clock.Now().Truncate(time.Millisecond)

	accepted := srv.Send(t, stop(pharmacist, "patient", begun))
	var job struct{ Status, Eta string }
	accepted.Data(t, &job)
	require.Equal(t, "pending", job.Status)
	done := srv.WaitJob(t, pharmacist, accepted)
	ended := srv.Clock.Now()
	require.Equal(t, http.StatusSeeOther, done.Status)
	path := "/api/patients/" + world.ID("patient").String() + "/device_dispenses/" + begun.String()
	require.JSONEq(t, `{"status":"processed","status_code":200,"eta":"`+job.Eta+`","links":[{"entity":"device_dispense","href":"`+path+`"}]}`, string(done.Body.Data))
	var shown struct{ Status string }
	srv.Send(t, testkit.As(pharmacist, http.MethodGet, path, nil)).Data(t, &shown)
	require.Equal(t, "stopped", shown.Status)

	unmarked(t, srv, begun)
	after := srv.Documents(t, devicedispenses.Collection)
	d := one(t, srv, begun)
	require.WithinRange(t, d.UpdatedAt, began, ended)
	require.Equal(t, world.ID("pharmacist"), d.UpdatedBy)
	expected := maps.Clone(before)
	expected[begun] = maps.Clone(before[begun])
	maps.Copy(expected[begun], bson.M{
		"status": "stopped", "updated_at": bson.NewDateTimeFromTime(d.UpdatedAt),
		"updated_by": bson.Binary{Subtype: bson.TypeBinaryUUID, Data: d.UpdatedBy[:]}, "applied_jobs": bson.A{},
	})
	require.Equal(t, expected, after)

	events := srv.Events(t, begun)
	require.Len(t, events, 1)
	require.Equal(t, testkit.Event{
		ID: events[0].ID, Type: "StatusChangeEvent", EntityType: "DeviceDispense",
		Properties: `{"status": {"new_value": "stopped"}}`, At: d.UpdatedAt, By: world.ID("pharmacist"),
	}, events[0])

	var actor, changeset string
	require.NoError(t, srv.Pool.QueryRow(t.Context(), `SELECT actor_id, changeset::text FROM prm.audit_log
		WHERE resource = 'device_dispenses' AND resource_id = $1`, begun.String()).Scan(&actor, &changeset))
	require.Equal(t, world.ID("pharmacist").String(), actor)
	updatedAt, err := json.Marshal(d.UpdatedAt)
	require.NoError(t, err)
	require.JSONEq(t, `{"status":"stopped","updated_at":`+string(updatedAt)+`,"updated_by":"`+actor+`"}`, changeset)

	require.Zero(t, srv.Count(t, "otp.sms_logs"), "no SMS")
	again := srv.Send(t, stop(pharmacist, "patient", begun))
	require.Equal(t, http.StatusConflict, again.Status)
	require.Equal(t, "Device dispense in status stopped cannot be stopped", again.Body.Error.Message)
}

// Whoever has the scope in the legal entity may stop, not only the author.
func TestStopByAnotherUserOfTheLegalEntity(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	srv.Change(t, devicedispenses.Collection, begun, bson.D{{Key: "inserted_by", Value: uuid.New()}})
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, pharmacist, srv.Send(t, stop(pharmacist, "patient", begun))).Status)
}

// A stranger cannot tell another's dispense from one that is not there.
func TestStopHidesForeignDispenses(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	unknown := srv.Send(t, stop(pharmacist, "patient", world.ID("no device dispense")))
	for _, r := range []*testkit.Response{
		unknown, srv.Send(t, stop(otherPharmacist, "patient", begun)), srv.Send(t, stop(pharmacist, "stranger_patient", begun)),
	} {
		require.Equal(t, http.StatusNotFound, r.Status)
		require.Equal(t, unknown.Body.Error, r.Body.Error)
		require.Equal(t, "not_found", r.Body.Error.Type)
		require.Equal(t, "not_found", r.Body.Error.Message)
	}
}

// Of two broken rules the earlier one answers.
func TestStopOrder(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	unknown, completed := world.ID("no device dispense"), world.ID("completed device dispense")
	typed := "+device_dispense.stop.legal_entity_type"
	for _, c := range []struct {
		title, token, patient string
		id                    uuid.UUID
		rules, rule           string
	}{
		{"token before scope", world.TokenValue("expired"), "patient", unknown, "", "token_expired"},
		{"scope before legal entity", world.TokenValue("closed_owner"), "patient", unknown, "", "scope"},
		{"existence of the legal entity before the dispense", world.TokenValue("stranger"), "patient", unknown, "", "legal_entity"},
		{"a legal entity that does not exist has no type", world.TokenValue("stranger"), "patient", unknown, typed, "legal_entity"},
		{"type of the legal entity before its status", world.TokenValue("closed_pharmacist"), "patient", unknown, typed, "legal_entity_type"},
		{"status of the legal entity before the dispense", world.TokenValue("closed_pharmacist"), "patient", unknown, "", "legal_entity_status"},
		{"dispense before patient", pharmacist, "nobody", unknown, "", "not_found"},
		{"patient before owner", otherPharmacist, "stranger_patient", begun, "", "patient"},
		{"patient before owner as a conflict", otherPharmacist, "stranger_patient", begun, "+device_dispense.stop.owner_conflict", "patient"},
		{"patient before status", pharmacist, "stranger_patient", completed, "", "patient"},
		{"owner before status", otherPharmacist, "patient", completed, "", "owner"},
		{"owner as a conflict before status", otherPharmacist, "patient", completed, "+device_dispense.stop.owner_conflict", "owner_conflict"},
	} {
		t.Run(c.title, func(t *testing.T) {
			srv.Set(t, map[string]string{"RULES": c.rules})
			r := srv.Send(t, stop(c.token, c.patient, c.id))
			require.Equal(t, []string{"device_dispense.stop." + c.rule}, r.Rules(), "%s", r.Raw)
		})
	}
}

func TestStopRace(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	answers := make([]*testkit.Response, 32)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() { answers[i] = srv.Send(t, stop(pharmacist, "patient", begun)) })
	}
	wait.Wait()
	hrefs := map[string]bool{}
	for _, answer := range answers {
		if answer.Status == http.StatusConflict {
			require.Equal(t, "Device dispense in status stopped cannot be stopped", answer.Body.Error.Message)
			continue
		}
		var job struct{ Links []struct{ Href string } }
		answer.Data(t, &job)
		hrefs[job.Links[0].Href] = true
	}
	processed := 0
	for href := range hrefs {
		if srv.PollJob(t, pharmacist, href).Status == http.StatusSeeOther {
			processed++
		}
	}
	require.Equal(t, 1, processed)
	unmarked(t, srv, begun)
	require.Len(t, srv.Events(t, begun), 1)
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource_id = $1", begun.String()))
}

// Somebody changes the dispense between the request and its job.
func TestStopComesTooLate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		title, status string // no status: the dispense vanishes
		code          int
		kind, text    string
	}{
		{"completed", devicedispenses.Completed, http.StatusConflict, "request_conflict", "Device dispense in status completed cannot be stopped"},
		{"stopped", devicedispenses.Stopped, http.StatusConflict, "request_conflict", "Device dispense in status stopped cannot be stopped"},
		{"gone", "", http.StatusNotFound, "not_found", "not_found"},
	} {
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			srv := testkit.New(t, testkit.Idle())
			accepted := srv.Send(t, stop(pharmacist, "patient", begun))
			if c.status != "" {
				srv.Change(t, devicedispenses.Collection, begun, bson.D{{Key: "status", Value: c.status}})
			} else {
				srv.Remove(t, devicedispenses.Collection, begun)
			}
			before := srv.Documents(t, devicedispenses.Collection)
			srv.Run(t)
			r := srv.WaitJob(t, pharmacist, accepted)
			require.Equal(t, http.StatusOK, r.Status)
			var end struct {
				Status     string
				StatusCode int `json:"status_code"`
				Error      struct{ Type, Message string }
			}
			r.Data(t, &end)
			require.Equal(t, "failed", end.Status)
			require.Equal(t, c.code, end.StatusCode)
			require.Equal(t, c.kind, end.Error.Type)
			require.Equal(t, c.text, end.Error.Message)
			require.Equal(t, before, srv.Documents(t, devicedispenses.Collection))
			require.Empty(t, srv.Events(t, begun))
		})
	}
}

// The process dies after the document was changed and before the rest was
// committed; the job carries on where it stopped.
func TestStopSurvivesACrash(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	srv := testkit.New(t, testkit.WithHook(func(jobID string) {
		if tries.Add(1) == 1 {
			panic("crash of job " + jobID)
		}
	}))
	accepted := srv.Send(t, stop(pharmacist, "patient", begun))
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, pharmacist, accepted).Status)
	require.EqualValues(t, 2, tries.Load())
	unmarked(t, srv, begun)
	events := srv.Events(t, begun)
	require.Len(t, events, 1)
	require.Equal(t, one(t, srv, begun).UpdatedAt, events[0].At)
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource_id = $1", begun.String()))
}
