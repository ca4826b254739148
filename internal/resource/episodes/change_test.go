package episodes_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

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
	require.True(t, strings.HasPrefix(r.Rules()[0], "episode.close.care_manager"))
}
