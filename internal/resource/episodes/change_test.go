package episodes_test

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/gen/rules"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

var colleague = world.TokenValue("colleague")

// read fills v with the body of a request.
func read(t *testing.T, request world.Request, v any) {
	t.Helper()
	raw, err := json.Marshal(request.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, v))
}

func TestCloseEndsTheEpisode(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id := world.ID("episode to be closed")
	before, referrals := one(t, srv, id), srv.Documents(t, servicerequests.Collection)
	request := passing(t, srv, "closeEpisode")
	job := ends(t, srv, request)
	require.Equal(t, "processed", job.Status)
	require.Len(t, job.Links, 1)
	require.Equal(t, "episode", job.Links[0].Entity)
	require.Equal(t, "/api/patients/"+world.ID("patient").String()+"/episodes/"+id.String(), job.Links[0].Href)

	d := unmarked(t, srv, id)
	var sent struct{ Period struct{ End time.Time } }
	read(t, request, &sent)
	reason := medicalevents.Concept("eHealth/episode_closing_reasons", "resolved")
	want := before
	want.Status, want.StatusReason = episodes.Closed, &reason
	want.ClosingSummary = new("Носові шляхи вільні, горло рожеве, температура в нормі")
	want.Period.End = new(sent.Period.End.UTC())
	want.StatusHistory = append(want.StatusHistory, episodes.StatusChange{
		Status: episodes.Closed, StatusReason: &reason, InsertedAt: d.UpdatedAt, InsertedBy: world.ID("doctor"),
	})
	want.UpdatedAt, want.UpdatedBy, want.AppliedJobs = d.UpdatedAt, world.ID("doctor"), d.AppliedJobs
	require.Equal(t, want, d)
	require.WithinDuration(t, srv.Clock.Now(), d.UpdatedAt, time.Minute)
	require.Equal(t, referrals, srv.Documents(t, servicerequests.Collection), "referrals stay as they are")
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'episodes' AND resource_id = $1", id.String()))
	require.Empty(t, srv.Events(t, id), "no event")
	require.Zero(t, srv.Count(t, "otp.sms_logs"), "no SMS")

	again := srv.Send(t, request)
	require.Equal(t, http.StatusConflict, again.Status)
	require.Equal(t, "Episode in status closed can not be closed", again.Body.Error.Message)
}

// A process that is killed after it has closed the episode closes it once.
func TestCloseCarriesOnAfterACrash(t *testing.T) {
	t.Parallel()
	var crashes atomic.Int64
	srv := testkit.New(t, testkit.WithHook(func(string) {
		if crashes.Add(1) == 1 {
			panic("killed")
		}
	}))
	id := world.ID("episode to be closed")
	require.Equal(t, "processed", ends(t, srv, passing(t, srv, "closeEpisode")).Status)
	require.EqualValues(t, 2, crashes.Load())
	require.Len(t, unmarked(t, srv, id).StatusHistory, 2)
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'episodes' AND resource_id = $1", id.String()))
}

// The job makes the checks again: the episode may have got another care manager.
func TestCloseIsCheckedAgainInTheJob(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	id := world.ID("episode to be closed")
	accepted := srv.Send(t, passing(t, srv, "closeEpisode"))
	srv.Change(t, episodes.Collection, id, bson.D{{Key: "care_manager.identifier.value", Value: world.ID("employee colleague")}})
	srv.Run(t)
	var o outcome
	srv.WaitJob(t, doctor, accepted).Data(t, &o)
	require.Equal(t, "failed", o.Status)
	require.Equal(t, http.StatusUnprocessableEntity, o.StatusCode)
	require.Equal(t, "User is not allowed to perform this action", o.Error.Message)
	require.Equal(t, episodes.Active, one(t, srv, id).Status)
}

// Of two requests that end an episode one wins.
func TestCloseOnce(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	request := passing(t, srv, "closeEpisode")
	first, same := srv.Send(t, request), srv.Send(t, request)
	require.JSONEq(t, string(first.Body.Data), string(same.Body.Data))
	other := request
	var body map[string]any
	read(t, request, &body)
	delete(body, "closing_summary")
	other.Body = body
	second := srv.Send(t, other)
	require.Equal(t, http.StatusAccepted, second.Status)
	require.NotEqual(t, string(first.Body.Data), string(second.Body.Data))
	srv.Run(t)
	counted := map[string]int{}
	for _, accepted := range []*testkit.Response{first, second} {
		var o outcome
		srv.WaitJob(t, doctor, accepted).Data(t, &o)
		counted[o.Status]++
		if o.Status == "failed" {
			require.Equal(t, "Episode in status closed can not be closed", o.Error.Message)
		}
	}
	require.Equal(t, map[string]int{"processed": 1, "failed": 1}, counted)
	require.Len(t, unmarked(t, srv, world.ID("episode to be closed")).StatusHistory, 2)
}

// With ALLOW_OTHER_LE_EMPLOYEES_TO_MANAGE_EPISODE a colleague may close an episode, but not
// where its care manager has left for another legal entity.
func TestCloseOfAnEpisodeWhoseManagerHasLeft(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("ALLOW_OTHER_LE_EMPLOYEES_TO_MANAGE_EPISODE", "true"))
	request := passing(t, srv, "closeEpisode").Bearing(colleague)
	srv.Change(t, episodes.Collection, world.ID("episode to be closed"), bson.D{{Key: "care_manager.identifier.value", Value: world.ID("employee other_doctor")}})
	r := srv.Send(t, request)
	require.Equal(t, http.StatusUnprocessableEntity, r.Status)
	require.Equal(t, []string{string(rules.EpisodeCloseManager)}, r.Rules())
}

func TestCancelMarksTheEpisode(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id := world.ID("closed episode to be cancelled")
	before, request := one(t, srv, id), passing(t, srv, "cancelEpisode")
	request.Path = "/api/patients/" + world.ID("patient").String() + "/episodes/" + id.String() + "/actions/cancel"
	job := ends(t, srv, request)
	require.Equal(t, "processed", job.Status)
	require.Equal(t, "/api/patients/"+world.ID("patient").String()+"/episodes/"+id.String(), job.Links[0].Href)

	d := unmarked(t, srv, id)
	reason := medicalevents.Concept("eHealth/cancellation_reasons", "incorrect_patient")
	want := before
	want.Status, want.StatusReason = episodes.EnteredInError, &reason
	want.ExplanatoryLetter = new("Епізод був відмінений у зв'язку з помилкою при виборі пацієнта")
	want.StatusHistory = append(want.StatusHistory, episodes.StatusChange{
		Status: episodes.EnteredInError, StatusReason: &reason, InsertedAt: d.UpdatedAt, InsertedBy: world.ID("doctor"),
	})
	want.UpdatedAt, want.UpdatedBy, want.AppliedJobs = d.UpdatedAt, world.ID("doctor"), d.AppliedJobs
	require.Equal(t, want, d, "its period stays")
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'episodes' AND resource_id = $1", id.String()))
	require.Empty(t, srv.Events(t, id), "no event")

	again := srv.Send(t, request)
	require.Equal(t, http.StatusConflict, again.Status)
	require.Equal(t, "Episode in status entered_in_error can not be canceled", again.Body.Error.Message)
}

// An encounter that comes after the request keeps the episode.
func TestCancelIsCheckedAgainInTheJob(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	id := world.ID("episode to be cancelled")
	accepted := srv.Send(t, passing(t, srv, "cancelEpisode"))
	diagnosed := one(t, srv, world.ID("episode of patient"))
	srv.Change(t, episodes.Collection, id, bson.D{{Key: "diagnoses_history", Value: diagnosed.DiagnosesHistory}})
	srv.Run(t)
	var o outcome
	srv.WaitJob(t, doctor, accepted).Data(t, &o)
	require.Equal(t, "failed", o.Status)
	require.Equal(t, http.StatusConflict, o.StatusCode)
	require.Equal(t, "Episode can not be canceled while it has not canceled encounters", o.Error.Message)
	require.Equal(t, episodes.Active, one(t, srv, id).Status)
}

func TestUpdateChangesTheEpisode(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id := world.ID("episode to be updated")
	before := one(t, srv, id)
	request := passing(t, srv, "updateEpisode")
	job := ends(t, srv, request)
	require.Equal(t, "processed", job.Status)
	require.Equal(t, "/api/patients/"+world.ID("patient").String()+"/episodes/"+id.String(), job.Links[0].Href)

	d := unmarked(t, srv, id)
	require.NotNil(t, d.CareManager.DisplayValue)
	want := before
	want.Name, want.CareManager = "Діабет 2026", named("employee", world.ID("employee colleague"), *d.CareManager.DisplayValue)
	want.UpdatedAt, want.UpdatedBy, want.AppliedJobs = d.UpdatedAt, world.ID("doctor"), d.AppliedJobs
	require.Equal(t, want, d, "its status and history stay")
	require.NotEqual(t, *before.CareManager.DisplayValue, *d.CareManager.DisplayValue)
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'episodes' AND resource_id = $1", id.String()))
	require.Empty(t, srv.Events(t, id), "no event")

	again := srv.Send(t, request)
	require.Equal(t, http.StatusUnprocessableEntity, again.Status, "the doctor is no longer its care manager")
	require.Equal(t, http.StatusAccepted, srv.Send(t, request.Bearing(colleague)).Status)
}

// A process that is killed after it has written the change stores the same.
func TestUpdateCarriesOnAfterACrash(t *testing.T) {
	t.Parallel()
	var crashes atomic.Int64
	srv := testkit.New(t, testkit.WithHook(func(string) {
		if crashes.Add(1) == 1 {
			panic("killed")
		}
	}))
	id := world.ID("episode to be updated")
	require.Equal(t, "processed", ends(t, srv, passing(t, srv, "updateEpisode")).Status)
	require.EqualValues(t, 2, crashes.Load())
	require.Equal(t, world.ID("employee colleague"), unmarked(t, srv, id).CareManager.Identifier.Value)
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'episodes' AND resource_id = $1", id.String()))
}

// Of two care managers that are named at once one stays.
func TestUpdateOnce(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	request := passing(t, srv, "updateEpisode")
	first := srv.Send(t, request)
	other := request
	other.Body = map[string]any{"name": "Діабет 2027"}
	second := srv.Send(t, other)
	require.Equal(t, http.StatusAccepted, first.Status)
	require.Equal(t, http.StatusAccepted, second.Status)
	srv.Run(t)
	ended := func(accepted *testkit.Response) (o outcome) {
		srv.WaitJob(t, doctor, accepted).Data(t, &o)
		return o
	}
	require.Equal(t, "processed", ended(first).Status, "it is the user's until then")
	o := ended(second)
	d := unmarked(t, srv, world.ID("episode to be updated"))
	require.Equal(t, world.ID("employee colleague"), d.CareManager.Identifier.Value)
	if o.Status == "failed" {
		require.Equal(t, "User is not allowed to perform this action", o.Error.Message)
		require.Equal(t, "Діабет 2026", d.Name)
	}
}
