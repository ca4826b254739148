package floor

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/gen/db"
	"esoz/internal/app"
	"esoz/internal/operation"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/events"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
)

// change is a River job: the whole request, so that nothing is looked up.
type change struct {
	Job       string
	Operation string
	Path      operation.Path
	By        auth.Subject
}

// Kind implements river.JobArgs.
func (change) Kind() string { return "floor" }

// changer carries changes out: the guarded update, then event, audit row and the end of the
// job in one transaction, then the removal of the mark.
type changer struct {
	river.WorkerDefaults[change]
	pool       *pgxpool.Pool
	documents  *mongo.Database
	keys       *seal.Keys
	clock      *clock.Clock
	operations map[string]operation.Operation
}

// Work carries out one job.
func (w *changer) Work(ctx context.Context, job *river.Job[change]) error {
	asked := job.Args
	op := w.operations[asked.Operation]
	id, err := uuid.Parse(asked.Path.ID)
	if err != nil {
		return fmt.Errorf("id of the document: %w", err)
	}
	now := w.clock.Now().Truncate(time.Millisecond)
	conditions, update := op.Update(operation.Caller{Subject: asked.By, Config: new(config.Config), Now: now}, w.keys, asked.Path)
	update.Mark.Job = asked.Job
	store := mongodb.DocumentsOf(w.documents, op.Moves.Collection)
	if _, err := store.Apply(ctx, id, conditions, update); err != nil {
		return err
	}
	err = postgres.InTx(ctx, w.pool, func(tx pgx.Tx) error {
		if _, err := db.New().FinishJob(ctx, tx, db.FinishJobParams{ID: asked.Job, Status: jobs.Processed, StatusCode: http.StatusOK, Response: []byte("{}"), At: now}); err != nil {
			return err
		}
		err := events.Write(ctx, tx, events.Event{
			ID: events.IDOfJob(asked.Job), Type: events.StatusChange, EntityType: op.Moves.Collection, EntityID: id,
			Attribute: op.Moves.Attribute, NewValue: update.Set[op.Moves.Attribute], At: now, ChangedBy: asked.By.UserID,
		})
		if err != nil {
			return err
		}
		if err := audit.Write(ctx, tx, audit.Entry{Actor: asked.By.UserID, Resource: op.Moves.Collection, ResourceID: id, At: now, Changeset: update.Set}); err != nil {
			return err
		}
		_, err = river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
	if err != nil {
		return err
	}
	return store.Forget(ctx, id, update.Mark)
}

// newQueue carries out changes with as many workers as the server has.
func newQueue(pool *pgxpool.Pool, w *changer) (*river.Client[pgx.Tx], error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, w)
	queue, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema: "river", Logger: slog.New(slog.DiscardHandler), Workers: workers, FetchCooldown: 5 * time.Millisecond,
		Queues: map[string]river.QueueConfig{jobs.QueueName: {MaxWorkers: max(1, int(pool.Config().MaxConns)/2)}},
	})
	if err != nil {
		return nil, fmt.Errorf("prepare background work: %w", err)
	}
	return queue, nil
}

var parameter = regexp.MustCompile(`\{(\w+)\}`)

// transitions serves the operations that move a document out of a state.
func (s *server) transitions(e *echo.Echo, operations map[string]operation.Operation) error {
	doc, err := app.Document()
	if err != nil {
		return err
	}
	for path, item := range doc.Paths.Map() {
		for method, documented := range item.Operations() {
			if op, ok := operations[documented.OperationID]; ok {
				e.Add(method, parameter.ReplaceAllString(path, ":$1"), s.accept(op))
			}
		}
	}
	return nil
}

// accept stores a job and its River job.
func (s *server) accept(op operation.Operation) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		by, err := s.identify(r)
		if err != nil {
			return err
		}
		ids, now := c.ParamValues(), s.clock.Now()
		asked := change{
			Job: strings.ReplaceAll(uuid.NewString(), "-", "")[:24], Operation: op.ID,
			By: auth.Subject{UserID: by.UserID, ClientID: *by.ClientID}, Path: operation.Path{ID: ids[len(ids)-1]},
		}
		if len(ids) > 1 {
			asked.Path.Patient = ids[0]
		}
		params, err := json.Marshal(asked)
		if err != nil {
			return fmt.Errorf("encode params: %w", err)
		}
		err = postgres.InTx(r.Context(), s.pool, func(tx pgx.Tx) error {
			_, err := db.New().InsertJob(r.Context(), tx, db.InsertJobParams{
				ID: asked.Job, Hash: asked.Job, Operation: op.ID, Params: params, RequestID: asked.Job, ETA: now, At: now,
			})
			if err != nil {
				return err
			}
			_, err = s.queue.InsertTx(r.Context(), tx, asked, &river.InsertOpts{Queue: jobs.QueueName})
			return err
		})
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		return c.JSON(http.StatusAccepted, map[string]any{"meta": meta(r), "data": map[string]any{
			"status": "pending", "eta": now, "links": []jobs.Link{{Entity: "job", Href: "/api/jobs/" + asked.Job}},
		}})
	}
}
