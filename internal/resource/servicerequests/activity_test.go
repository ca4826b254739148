package servicerequests_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

const (
	toBeAskedFor = "activity to be asked for by createServiceRequest" // its quantity is 15
	exhausted    = "The number of available services according to the care plan activity has been exhausted"
)

// patient are the settings of a server that many ask at once.
var patient = []testkit.Option{testkit.With("ENGINE_TIMEOUT", "50s"), testkit.With("REQUEST_TIMEOUT", "50s")}

// askFor is what is signed to ask for so much of the activity.
func askFor(t testing.TB, srv *testkit.Server, id uuid.UUID, amount int) world.Request {
	t.Helper()
	content := contentOf(t, srv, "createServiceRequest", map[string]any{
		"id": id, "quantity": map[string]any{"value": amount, "system": "SERVICE_UNIT", "code": "PIECE"}, "based_on": []any{
			refer("care_plan", world.ID("care plan with an "+toBeAskedFor)), refer("activity", world.ID(toBeAskedFor)),
		},
	})
	raw, err := json.Marshal(content)
	require.NoError(t, err)
	return testkit.As(doctor, http.MethodPost, "/api/patients/"+world.ID("patient").String()+"/service_requests",
		map[string]any{"signed_data": base64.StdEncoding.EncodeToString(raw)})
}

// gates hold the jobs of a test until all are there: each has come to the step, or has ended.
var gates sync.Map // by job: of each step

type gate struct {
	all  sync.WaitGroup
	come sync.Map // jobs
}

func (g *gate) arrive(job string) {
	if _, known := g.come.LoadOrStore(job, true); !known {
		g.all.Done()
	}
}

func between(job, step string) error {
	if found, ok := gates.Load(job); ok {
		if g := found.(map[string]*gate)[step]; g != nil {
			g.arrive(job)
			g.all.Wait()
		}
	}
	return nil
}

func start(t testing.TB, srv *testkit.Server, request world.Request) (job string) {
	t.Helper()
	accepted := srv.Send(t, request)
	require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
	var started struct{ Links []struct{ Href string } }
	accepted.Data(t, &started)
	return path.Base(started.Links[0].Href)
}

// carryOut carries the job out to its end, and tells whether it was refused.
func carryOut(t testing.TB, srv *testkit.Server, job string) (refused bool) {
	t.Helper()
	_, err := srv.Jobs.Release(t.Context(), job)
	require.NoError(t, err)
	done := srv.PollJob(t, doctor, "/api/jobs/"+job)
	if done.Status == http.StatusSeeOther {
		return false
	}
	require.Contains(t, string(done.Raw), exhausted)
	return true
}

// Jobs that have all made their checks before one of them stores its referral: all that fit are
// stored, and no more.
func TestReferralsThatAreCreatedAtOnceDoNotExceedTheirActivity(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, slices.Concat(patient, []testkit.Option{testkit.Idle()})...)
	const racers, quantity = 3, 15.0
	for n, c := range []struct{ amount, stored int }{{5, racers}, {7, 2}} {
		srv.Change(t, "activities", world.ID(toBeAskedFor), bson.D{{Key: "detail.quantity.value", Value: quantity * float64(n+1)}})
		held := map[string]*gate{"claim": {}, "store service_requests": {}}
		for _, g := range held {
			g.all.Add(racers)
		}
		jobs, ids := make([]string, racers), make([]uuid.UUID, racers)
		for i := range jobs {
			ids[i] = uuid.New()
			jobs[i] = start(t, srv, askFor(t, srv, ids[i], c.amount))
			gates.Store(jobs[i], held)
		}
		var all sync.WaitGroup
		for _, job := range jobs {
			all.Go(func() {
				_, err := srv.Jobs.Release(t.Context(), job)
				assert.NoError(t, err)
				for _, g := range held {
					g.arrive(job)
				}
			})
		}
		all.Wait()
		stored := 0
		documents := srv.Documents(t, servicerequests.Collection)
		for i, job := range jobs {
			refused := carryOut(t, srv, job)
			require.Equal(t, !refused, documents[ids[i]] != nil)
			if !refused {
				stored++
			}
		}
		require.Equal(t, c.stored, stored)
	}
}

// What a job has claimed is taken while the job is pending, and no longer: the job has stored
// its referral then, or it was refused.
func TestClaimsOfJobsThatHaveEndedTakeNothing(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, patient...)
	job := func(where string) (id string) {
		require.NoError(t, srv.Pool.QueryRow(t.Context(), "SELECT id FROM jobs.jobs WHERE "+where+" LIMIT 1").Scan(&id))
		return id
	}
	claimed := func(amount int, job string, referral uuid.UUID) {
		srv.Change(t, "activities", world.ID(toBeAskedFor), bson.D{{Key: "claims", Value: bson.A{
			bson.D{{Key: "job", Value: job}, {Key: "service_request", Value: referral}, {Key: "quantity", Value: amount}},
		}}})
	}
	claimed(10, job("status = 0"), uuid.New())
	refused := srv.Send(t, askFor(t, srv, uuid.New(), 6))
	require.Equal(t, http.StatusConflict, refused.Status, "%s", refused.Raw)
	require.Contains(t, string(refused.Raw), exhausted)
	first := uuid.New()
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, askFor(t, srv, first, 5))).Status)

	claimed(5, job("status = 0"), first)
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, askFor(t, srv, uuid.New(), 1))).Status, "what is stored is counted once")

	for amount, ended := range map[int]string{4: job("status = 2"), 5: "a job that was deleted"} {
		claimed(10, ended, uuid.New())
		require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, askFor(t, srv, uuid.New(), amount))).Status, ended)
	}
	require.Equal(t, http.StatusConflict, srv.Send(t, askFor(t, srv, uuid.New(), 1)).Status, "nothing is left")

	var planned struct {
		Claims []bson.M
		Detail struct {
			Remaining medicalevents.Quantity `bson:"remaining_quantity"`
		}
	}
	srv.Decode(t, "activities", world.ID(toBeAskedFor), &planned)
	require.Len(t, planned.Claims, 1, "the newest claim has replaced those of jobs that have ended")
	require.InDelta(t, 5, planned.Detail.Remaining.Value, 0, "creation leaves what is shown of the activity as it is")
}
