package torture

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/app"
	"esoz/internal/platform/mongodb"
	"esoz/internal/sandbox"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// childDir names the data folder of a sandbox that runs in a process of its
// own; childCrashes makes it kill itself between a job's change of a document
// and the commit that ends the job.
const (
	childDir     = "ESOZ_TEST_CHILD_DIR"
	childCrashes = "ESOZ_TEST_CHILD_CRASHES"
)

func runChild(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	options := sandbox.Options{
		Dir: dir, Listen: "127.0.0.1:0", Out: os.Stderr, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Ready: func(at sandbox.Addresses) {
			raw, err := json.Marshal(at)
			if err != nil {
				panic(err)
			}
			fmt.Println(string(raw))
		},
	}
	if os.Getenv(childCrashes) != "" {
		options.AfterHandler = func(string) {
			awaitAnswered(dir)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until it arrives
		}
	}
	if err := sandbox.Run(ctx, options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// answerArrived is the file that tells a crashing child that its answer has arrived.
const answerArrived = "answered"

func awaitAnswered(dir string) {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		if _, err := os.Stat(filepath.Join(dir, answerArrived)); err == nil {
			return
		}
	}
}

// child is a sandbox in a process of its own.
type child struct {
	sandbox.Addresses
	command *exec.Cmd
}

func startChild(t *testing.T, dir string, environ ...string) *child {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c := &child{command: exec.Command(self)}
	c.command.Env = append(append(os.Environ(), childDir+"="+dir), environ...)
	out, err := c.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.command.Start())
	t.Cleanup(func() {
		_ = c.command.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = c.command.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	require.NoError(t, err, "the sandbox did not start")
	require.NoError(t, json.Unmarshal(line, &c.Addresses))
	return c
}

// passing is a case of the child's own world: what is signed there tells of its moments.
func (c *child) passing(t *testing.T, operation string) world.Case {
	t.Helper()
	res, err := http.Get(c.BaseURL + "/_sandbox/world")
	require.NoError(t, err)
	defer res.Body.Close()
	var own world.World
	require.NoError(t, json.NewDecoder(res.Body).Decode(&own))
	passing, ok := own.Passing(operation)
	require.True(t, ok, operation)
	return passing
}

// Killed between the change of a document and the commit that ends the job, a
// server that is started again ends the job within 90 seconds: one transition,
// one event and audit row of each document that it changes, also when somebody else has changed the document
// in between. What an operation makes that changes no status is what it makes undisturbed.
func TestKilledBetweenDocumentAndCommit(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T13", "a job whose server is killed between its change of a document and its commit ends once, whatever another writer did in between")
	later := time.Now().Add(24 * time.Hour)
	type crash struct {
		operation, token, collection string
		events, documents            int
		touch                        bson.D // what another writer does
	}
	var crashes []crash
	undisturbed := testkit.New(t)
	for _, op := range app.Operations() {
		if op.Points == nil || op.Update != nil && op.Moves == nil {
			continue
		}
		passing, ok := testkit.World().Passing(op.ID)
		require.True(t, ok, op.ID)
		if op.Update == nil {
			c := crash{operation: op.ID, token: strings.TrimPrefix(passing.Request.Headers["Authorization"], "Bearer ")}
			events, documents := undisturbed.Count(t, "event_manager.events"), undisturbed.Count(t, "prm.audit_log")
			ended := undisturbed.WaitJob(t, c.token, undisturbed.Send(t, passing.Request))
			require.Contains(t, string(ended.Raw), `"status":"processed"`, op.ID)
			c.events, c.documents = undisturbed.Count(t, "event_manager.events")-events, undisturbed.Count(t, "prm.audit_log")-documents
			require.Positive(t, c.documents, op.ID)
			crashes = append(crashes, c)
			continue
		}
		changed := map[string]bool{op.Moves.Collection: true}
		for _, also := range op.Also {
			changed[also.Collection] = true
		}
		c := crash{op.ID, strings.TrimPrefix(passing.Request.Headers["Authorization"], "Bearer "), op.Moves.Collection, 1 + len(op.Also), len(changed), nil}
		touched := c
		touched.touch = bson.D{{Key: op.Moves.Attribute, Value: "completed"}, {Key: "updated_at", Value: later}}
		if *full {
			crashes = append(crashes, c, touched)
		} else { // a server's start costs more than the rest of it: every operation dies once
			crashes = append(crashes, []crash{c, touched}[len(crashes)%2])
		}
	}
	require.NotEmpty(t, crashes)
	for _, c := range crashes {
		t.Run(fmt.Sprintf("%s touched %t", c.operation, c.touch != nil), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			dying := startChild(t, dir, childCrashes+"=1")
			passing := dying.passing(t, c.operation)
			accepted := testkit.Send(t, dying.BaseURL, passing.Request)
			require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
			require.NoError(t, os.WriteFile(filepath.Join(dir, answerArrived), nil, 0o600))
			require.Error(t, dying.command.Wait(), "it kills itself")

			again := startChild(t, dir)
			if c.touch != nil {
				touch(t, again, c.collection, c.touch)
			}
			began := time.Now()
			var job struct{ Links []struct{ Href string } }
			accepted.Data(t, &job)
			ended := (&testkit.Server{URL: again.BaseURL}).PollJob(t, c.token, job.Links[0].Href)
			require.Contains(t, string(ended.Raw), `"status":"processed"`, c.operation)
			require.Less(t, time.Since(began), 90*time.Second)

			conn, err := pgx.Connect(t.Context(), again.DatabaseURL)
			require.NoError(t, err)
			defer conn.Close(context.WithoutCancel(t.Context()))
			events := testkit.World().Count("event_manager.events")
			if !slices.Contains(untold, c.collection) {
				events += c.events
			}
			for table, want := range map[string]int{"event_manager.events": events, "prm.audit_log": testkit.World().Count("prm.audit_log") + c.documents} {
				var got int
				require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&got))
				require.Equal(t, want, got, table)
			}
			var early bool
			require.NoError(t, conn.QueryRow(t.Context(), "SELECT max(event_time) < $1 FROM event_manager.events", later.Add(-time.Hour)).Scan(&early))
			require.True(t, early, "the event tells of the moment of the change, not of the other writer's")
			tr.add("kills", 1)
		})
	}
}

// touch changes the one document that a job has marked, as another writer would.
func touch(t *testing.T, c *child, collection string, set bson.D) {
	t.Helper()
	db, err := mongodb.Open(c.MongoURL, "esoz", 10*time.Second)
	require.NoError(t, err)
	defer func() { require.NoError(t, mongodb.Close(context.WithoutCancel(t.Context()), db)) }()
	result, err := db.Collection(collection).UpdateOne(t.Context(),
		bson.D{{Key: "applied_jobs.0", Value: bson.D{{Key: "$exists", Value: true}}}}, bson.D{{Key: "$set", Value: set}})
	require.NoError(t, err)
	require.EqualValues(t, 1, result.MatchedCount, "the dead server has changed and marked the document")
}

// The sandbox survives kill -9 of itself and keeps what it has acknowledged.
func TestKilledSandboxStartsAgain(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T13", "a killed sandbox starts again and keeps what it has acknowledged")
	dir := t.TempDir()
	first := startChild(t, dir)
	passing, ok := testkit.World().Passing("createDivision")
	require.True(t, ok)
	created := testkit.Send(t, first.BaseURL, passing.Request)
	require.Equal(t, http.StatusOK, created.Status, "%s", created.Raw)
	var division struct{ ID string }
	created.Data(t, &division)
	require.NoError(t, first.command.Process.Kill())
	require.Error(t, first.command.Wait())

	second := startChild(t, dir)
	r := testkit.Send(t, second.BaseURL, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions/"+division.ID, nil))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	tr.add("kills", 1)
}
