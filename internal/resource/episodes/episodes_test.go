package episodes_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var doctor = world.TokenValue("doctor")

// passing is the world's first case of an operation that passes.
func passing(t *testing.T, srv *testkit.Server, operation string) world.Request {
	t.Helper()
	c, found := srv.World.Passing(operation)
	require.True(t, found)
	return c.Request
}

// one reads an episode as it is stored.
func one(t testing.TB, srv *testkit.Server, id uuid.UUID) (d episodes.Document) {
	t.Helper()
	srv.Decode(t, episodes.Collection, id, &d)
	return d
}

// unmarked waits until the job has taken its mark off the document, the last thing that
// it does.
func unmarked(t *testing.T, srv *testkit.Server, id uuid.UUID) episodes.Document {
	t.Helper()
	require.Eventually(t, func() bool { return len(one(t, srv, id).AppliedJobs) == 0 }, time.Minute, 20*time.Millisecond)
	return one(t, srv, id)
}

func named(kind string, id uuid.UUID, display string) medicalevents.Reference {
	r := medicalevents.To(kind, id)
	r.DisplayValue = &display
	return r
}

// outcome is how a job has ended.
type outcome struct {
	Status     string
	StatusCode int `json:"status_code"`
	Links      []struct{ Entity, Href string }
	Error      struct {
		Message string
		Invalid []struct {
			Entry string
			Rules []struct{ Description string }
		}
	}
}

// ends sends a request that a job carries out, and waits for its end.
func ends(t *testing.T, srv *testkit.Server, request world.Request) (o outcome) {
	t.Helper()
	accepted := srv.Send(t, request)
	require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
	srv.WaitJob(t, doctor, accepted).Data(t, &o)
	return o
}

func TestCreateStoresTheEpisode(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id := world.ID("episode to be created")
	request := passing(t, srv, "createEpisode")
	job := ends(t, srv, request)
	require.Equal(t, "processed", job.Status)
	require.Len(t, job.Links, 1)
	require.Equal(t, "episode", job.Links[0].Entity)
	require.Equal(t, "/api/patients/"+world.ID("patient").String()+"/episodes/"+id.String(), job.Links[0].Href)

	d := unmarked(t, srv, id)
	var sent struct{ Period struct{ Start time.Time } }
	raw, err := json.Marshal(request.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &sent))
	require.Equal(t, episodes.Document{
		ID: id, PatientID: srv.Keys.PatientID(world.ID("patient")), SealedWith: srv.Keys.PatientKeyIDs()[0],
		Type: medicalevents.Coding{System: "eHealth/episode_types", Code: "PHC"}, Status: episodes.Active, Name: "Діабет 2018",
		ManagingOrganization: named("legal_entity", world.ID("clinic"), "Амбулаторія «Верба»"),
		CareManager:          named("employee", world.ID("employee doctor"), "Олена Петрівна Коваль"),
		Period:               medicalevents.Period{Start: sent.Period.Start.UTC()},
		StatusHistory:        []episodes.StatusChange{{Status: episodes.Active, InsertedAt: d.InsertedAt, InsertedBy: world.ID("doctor")}},
		CurrentDiagnoses:     []medicalevents.Diagnosis{}, DiagnosesHistory: []episodes.DiagnosesItem{}, AppliedJobs: []mongodb.Mark{},
		InsertedAt: d.InsertedAt, InsertedBy: world.ID("doctor"), UpdatedAt: d.InsertedAt, UpdatedBy: world.ID("doctor"),
	}, d)
	require.WithinDuration(t, srv.Clock.Now(), d.InsertedAt, time.Minute)
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'episodes' AND resource_id = $1", id.String()))
	require.Empty(t, srv.Events(t, id), "no event")
	require.Zero(t, srv.Count(t, "otp.sms_logs"), "no SMS")

	shown := srv.Send(t, world.Request{Method: http.MethodGet, Path: job.Links[0].Href, Headers: request.Headers})
	require.Equal(t, http.StatusOK, shown.Status, "%s", shown.Raw)
	require.NotContains(t, string(shown.Raw), "patient_id")

	again := srv.Send(t, request)
	require.Equal(t, http.StatusUnprocessableEntity, again.Status, "the id is taken")
}

// A date without an hour is its beginning.
func TestCreateTakesADate(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, c := range srv.World.Cases {
		if c.OperationID == "createEpisode" && c.Title == "a beginning without the hour" {
			require.Equal(t, "processed", ends(t, srv, c.Request).Status)
		}
	}
	y, m, d := srv.World.Now.AddDate(0, 0, -1).Date()
	require.Equal(t, time.Date(y, m, d, 0, 0, 0, 0, time.UTC), one(t, srv, world.ID("episode to be created 3")).Period.Start)
}

// A process that is killed after it has inserted the episode leaves one episode and one
// row in the audit log.
func TestCreateCarriesOnAfterACrash(t *testing.T) {
	t.Parallel()
	var crashes atomic.Int64
	srv := testkit.New(t, testkit.WithHook(func(string) {
		if crashes.Add(1) == 1 {
			panic("killed")
		}
	}))
	id := world.ID("episode to be created")
	require.Equal(t, "processed", ends(t, srv, passing(t, srv, "createEpisode")).Status)
	require.EqualValues(t, 2, crashes.Load())
	require.Len(t, unmarked(t, srv, id).StatusHistory, 1)
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'episodes' AND resource_id = $1", id.String()))
}

// The same request gets the pending job. Of different ones for one id, one wins.
func TestCreateOnce(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	request := passing(t, srv, "createEpisode")
	first, same := srv.Send(t, request), srv.Send(t, request)
	require.JSONEq(t, string(first.Body.Data), string(same.Body.Data))
	other := request
	other.Path = strings.Replace(request.Path, world.ID("patient").String(), world.ID("newcomer").String(), 1)
	second := srv.Send(t, other)
	require.Equal(t, http.StatusAccepted, second.Status)
	srv.Run(t)
	counted := map[string]int{}
	for _, accepted := range []*testkit.Response{first, second} {
		var o outcome
		srv.WaitJob(t, doctor, accepted).Data(t, &o)
		counted[o.Status]++
		if o.Status == "failed" {
			require.Equal(t, http.StatusUnprocessableEntity, o.StatusCode)
			require.Equal(t, "$.id", o.Error.Invalid[0].Entry)
		}
	}
	require.Equal(t, map[string]int{"processed": 1, "failed": 1}, counted)
}

// What the body refers to may change between the request and its job.
func TestCreateIsCheckedAgainInTheJob(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	accepted := srv.Send(t, passing(t, srv, "createEpisode"))
	_, err := srv.Pool.Exec(t.Context(), "UPDATE prm.employees SET status = 'STOPPED' WHERE id = $1", world.ID("employee doctor"))
	require.NoError(t, err)
	srv.Run(t)
	var o outcome
	srv.WaitJob(t, doctor, accepted).Data(t, &o)
	require.Equal(t, "failed", o.Status)
	require.Equal(t, http.StatusConflict, o.StatusCode)
	require.NotContains(t, srv.Documents(t, episodes.Collection), world.ID("episode to be created"))
}

// In the live reading the job makes the checks that come after the schema of the body.
func TestAreCheckedInTheJob(t *testing.T) {
	t.Parallel()
	for operation, before := range map[string][]rules.ID{ // the checks before the schema of the body, and that
		"createEpisode": {
			rules.EpisodeCreateLegalEntity, rules.EpisodeCreateLegalEntityType, rules.EpisodeCreateLegalEntityStatus,
			rules.EpisodeCreatePerson, rules.EpisodeCreatePersonActive, rules.EpisodeCreateSchema,
		},
		"closeEpisode": {
			rules.EpisodeClosePerson, rules.EpisodeClosePersonActive, rules.EpisodeCloseNotFound, rules.EpisodeClosePatient,
			rules.EpisodeCloseSchema,
		},
		"cancelEpisode": {
			rules.EpisodeCancelPerson, rules.EpisodeCancelPersonActive, rules.EpisodeCancelNotFound, rules.EpisodeCancelPatient,
			rules.EpisodeCancelSchema,
		},
		"updateEpisode": {
			rules.EpisodeUpdatePerson, rules.EpisodeUpdatePersonActive, rules.EpisodeUpdateNotFound, rules.EpisodeUpdatePatient,
			rules.EpisodeUpdateSchema,
		},
	} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			srv := testkit.New(t, testkit.With("ASYNC_CHECKS", "live"))
			refused := 0
			for _, c := range srv.World.Cases {
				if c.OperationID != operation || len(c.Rules) == 0 || len(c.Config) > 0 || !strings.HasPrefix(string(c.Rules[0]), "episode.") {
					continue
				}
				if slices.Contains(before, c.Rules[0]) {
					require.Equal(t, c.Expect.Status, srv.Send(t, c.Request).Status, c.Title)
					continue
				}
				refused++
				o := ends(t, srv, c.Request)
				require.Equal(t, "failed", o.Status, c.Title)
				require.Equal(t, c.Expect.Status, o.StatusCode, c.Title)
				require.Equal(t, c.Expect.Message, o.Error.Message, c.Title)
				require.Len(t, o.Error.Invalid, len(c.Expect.Invalid), c.Title)
			}
			require.Greater(t, refused, 4)
			require.Equal(t, "processed", ends(t, srv, passing(t, srv, operation)).Status)
		})
	}
}
