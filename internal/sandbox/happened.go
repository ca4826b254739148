package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

// mostShown bounds lists of jobs and events.
const mostShown = 100

// shownEvent is what is told of an event.
type shownEvent struct {
	ID         uuid.UUID       `json:"id"`
	Type       string          `json:"event_type"`
	EntityType string          `json:"entity_type"`
	EntityID   uuid.UUID       `json:"entity_id"`
	Properties json.RawMessage `json:"properties"`
	At         time.Time       `json:"event_time"`
	ChangedBy  uuid.UUID       `json:"changed_by"`
	WrittenAt  time.Time       `json:"written_at"`
}

func (h *Handler) listEvents(w http.ResponseWriter, r *http.Request) {
	h.changing.RLock()
	events, err := h.newestEvents(r.Context())
	h.changing.RUnlock()
	if err != nil {
		h.failed(r.Context(), w, err)
		return
	}
	h.write(w, http.StatusOK, events)
}

// newestEvents are those of all callers. The caller holds changing.
func (h *Handler) newestEvents(ctx context.Context) ([]shownEvent, error) {
	rows, err := db.New().ListNewestEvents(ctx, h.app.Pool, mostShown)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", postgres.Error(err))
	}
	events := make([]shownEvent, 0, len(rows))
	for _, row := range rows {
		events = append(events, shownEvent{
			ID: row.ID, Type: row.EventType, EntityType: row.EntityType, EntityID: row.EntityID, Properties: row.Properties,
			At: row.EventTime.UTC(), ChangedBy: row.ChangedBy, WrittenAt: row.InsertedAt.UTC(),
		})
	}
	return events, nil
}

// seeded is the request id of jobs that the world is seeded with, for those who ask for one: nobody has started them.
const seeded = "sandbox"

// newestJobs are those of all callers, pending or ended, the latest first. The caller holds changing.
func (h *Handler) newestJobs(ctx context.Context) ([]shownJob, error) {
	rows, err := db.New().ListNewestJobs(ctx, h.app.Pool, mostShown)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", postgres.Error(err))
	}
	jobs := make([]shownJob, 0, len(rows))
	for _, row := range rows {
		if row.RequestID == seeded {
			continue
		}
		started := row.InsertedAt.UTC()
		job := shownJob{
			ID: row.ID, Operation: row.Operation, Status: string(jobStatuses[row.Status]), RequestID: row.RequestID,
			Request: h.traffic.NumberOfID(row.RequestID), StartedAt: &started,
		}
		if row.Status != 0 {
			job.StatusCode, job.EndedAt = row.StatusCode, new(row.UpdatedAt.UTC())
		}
		jobs = append(jobs, job)
	}
	slices.SortStableFunc(jobs, func(a, b shownJob) int {
		return cmp.Or(b.StartedAt.Compare(*a.StartedAt), cmp.Compare(b.ID, a.ID))
	})
	return jobs, nil
}
