package app_test

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/app"
	"esoz/internal/platform/config"
	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

var newServerKey, newPatientKey = strings.Repeat("5e", 32), strings.Repeat("ab", 16)

func keysOf(t *testing.T, server, patient string) *seal.Keys {
	t.Helper()
	keys, err := app.NewKeys(&config.Config{ServerKey: config.Secret(server), PersonPKKey: config.Secret(patient)})
	require.NoError(t, err)
	return keys
}

// A server with other keys does not start on data that lie under the former ones.
func TestOtherKeysAreRefused(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	cfg := s.Config.Get()
	server, patient := string(cfg.ServerKey), string(cfg.PersonPKKey)
	check := func(server, patient string) error {
		return app.CheckKeys(t.Context(), s.Pool, s.Mongo, keysOf(t, server, patient), s.Clock.Now())
	}
	for _, refused := range []func() error{
		func() error { return check(newServerKey, patient) },
		func() error { return check(server, newPatientKey) },
	} {
		require.ErrorIs(t, refused(), app.ErrKey)
	}
	require.NoError(t, check(server+","+newServerKey, patient+","+newPatientKey), "servers learn to read the new key first")
	require.NoError(t, check(server, patient), "nothing was written with the new key")
	require.NoError(t, check(newServerKey+","+server, newPatientKey+","+patient))
	require.ErrorIs(t, check(server, patient), app.ErrKey, "something may lie under the new key now")

	// The data of an older program have no records: its keys are tried.
	_, err := s.Pool.Exec(t.Context(), "DELETE FROM admin.keys")
	require.NoError(t, err)
	require.ErrorIs(t, check(newServerKey, patient), app.ErrKey)
	require.ErrorIs(t, check(server, newPatientKey), app.ErrKey)
	require.NoError(t, check(server, patient))
}

// reads are operations that show or look for hidden ids and numbers.
var reads = []string{
	"getServiceRequest", "searchServiceRequests", "getDeviceDispense", "listDeviceDispenses", "getApproval", "listApprovals", "getJob",
}

// Keys are changed while a server answers: nothing is lost, and afterwards nothing
// lies under the former keys.
func TestRekey(t *testing.T) {
	t.Parallel()
	old := testkit.New(t, testkit.Idle(), testkit.With("IDEMPOTENCY", "replay"))
	cfg := old.Config.Get()
	server, patient := newServerKey+","+string(cfg.ServerKey), newPatientKey+","+string(cfg.PersonPKKey)
	s := another(t, old, server, patient)

	// What waits since before: a job, an idempotency key, a code.
	release := requestOf(t, old, "releaseServiceRequest")
	pending := old.Send(t, release)
	require.Equal(t, http.StatusAccepted, pending.Status, "%s", pending.Raw)
	require.JSONEq(t, string(pending.Body.Data), string(s.Send(t, release).Body.Data), "the same request has the same job")
	create := requestOf(t, old, "createDivision").Header("X-Idempotency-Key", "once")
	created := old.Send(t, create)
	require.Equal(t, http.StatusOK, created.Status, "%s", created.Raw)
	require.JSONEq(t, string(created.Body.Data), string(s.Send(t, create).Body.Data))
	require.Equal(t, http.StatusOK, passing(t, old, "completeVerification").Status, "a code that was sent before")

	before := map[string]*testkit.Response{}
	for _, operation := range reads {
		before[operation] = passing(t, old, operation)
	}
	ended := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			for _, operation := range reads {
				if answer := passing(t, s, operation); !assert.JSONEq(t, string(before[operation].Body.Data), string(answer.Body.Data), operation) {
					return
				}
			}
			select {
			case <-ended:
				return
			default:
			}
		}
	})
	seen := map[string]int64{}
	_, err := app.Rekey(t.Context(), s.Pool, s.Mongo, keysOf(t, server, patient), s.Clock.Now(), func(place string, n int64) { seen[place] = max(seen[place], n) })
	close(ended)
	reading.Wait()
	require.NoError(t, err)
	for _, place := range []string{"jobs.jobs.params", "jobs.jobs.response", "idempotency.keys.answer", "patients", "approvals", "service_requests", "device_dispenses", "device_requests"} {
		require.Positive(t, seen[place], place)
	}
	require.JSONEq(t, string(created.Body.Data), string(s.Send(t, create).Body.Data))

	// The former keys can go.
	fresh := another(t, old, newServerKey, newPatientKey)
	for _, operation := range reads {
		require.JSONEq(t, string(before[operation].Body.Data), string(passing(t, fresh, operation).Body.Data), operation)
	}
	require.JSONEq(t, string(pending.Body.Data), string(fresh.Send(t, release).Body.Data))
	require.NoError(t, fresh.Start(t.Context()))
	require.Equal(t, http.StatusSeeOther, fresh.WaitJob(t, world.TokenValue("doctor"), pending).Status)
	require.NoError(t, fresh.Stop(t.Context()))

	// Nothing lies under the former key of patients.
	former := keysOf(t, string(cfg.ServerKey), string(cfg.PersonPKKey))
	for _, collection := range []string{"patients", "approvals", "service_requests", "device_dispenses", "device_requests"} {
		cursor, err := s.Mongo.Collection(collection).Find(t.Context(), bson.D{})
		require.NoError(t, err)
		var all []bson.Raw
		require.NoError(t, cursor.All(t.Context(), &all))
		require.NotEmpty(t, all)
		for _, d := range all {
			require.NotContains(t, string(d), former.PatientID(world.ID("patient")), collection)
		}
	}
}

// Every column of bytes is a hash or is sealed anew.
func TestSealedColumns(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	rows, err := s.Pool.Query(t.Context(), `SELECT table_schema || '.' || table_name || '.' || column_name FROM information_schema.columns
		WHERE data_type = 'bytea' AND table_schema NOT IN ('pg_catalog', 'information_schema', 'river') AND column_name NOT LIKE '%\_hash' ORDER BY 1`)
	require.NoError(t, err)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	seen := map[string]int64{}
	keys := keysOf(t, string(s.Config.Get().ServerKey), string(s.Config.Get().PersonPKKey))
	_, err = app.Rekey(t.Context(), s.Pool, s.Mongo, keys, s.Clock.Now(), func(place string, n int64) { seen[place] = n })
	require.NoError(t, err)
	require.Equal(t, columns, slices.Sorted(maps.Keys(seen)))
	require.Positive(t, seen["il.media.content"])
}

// another starts a second server on the databases of s, with other keys.
func another(t *testing.T, s *testkit.Server, server, patient string) *testkit.Server {
	t.Helper()
	cfg, err := s.Config.Get().With(map[string]string{"SERVER_KEY": server, "PERSON_PK_KEYPHRASE": patient})
	require.NoError(t, err)
	more := &testkit.Server{World: s.World, Clock: s.Clock, Config: config.NewLive(cfg)}
	more.App, err = app.New(t.Context(), app.Options{Config: more.Config, Clock: s.Clock, Logger: slog.New(slog.DiscardHandler), ShowRules: true})
	require.NoError(t, err)
	front := httptest.NewServer(more.Handler)
	more.URL = front.URL
	t.Cleanup(func() {
		front.Close()
		require.NoError(t, more.Close(context.Background()))
	})
	return more
}

func requestOf(t *testing.T, s *testkit.Server, operation string) world.Request {
	t.Helper()
	c, found := s.World.Passing(operation)
	require.True(t, found)
	c.Request.Headers = maps.Clone(c.Request.Headers)
	return c.Request
}
