package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/sandbox/world"
)

// shownObject is what is told of an object of the seeded world.
type shownObject struct {
	Name   string    `json:"name"`
	Kind   string    `json:"kind"`
	ID     uuid.UUID `json:"id"`
	Note   string    `json:"note"`
	Status string    `json:"status,omitempty"` // as it is now
}

func (h *Handler) listObjects(w http.ResponseWriter, r *http.Request) {
	kind, found, kinds := r.URL.Query().Get("kind"), []shownObject{}, []string{}
	h.changing.RLock()
	defer h.changing.RUnlock()
	for _, object := range h.world.Objects {
		kinds = append(kinds, object.Kind)
		if kind == "" || object.Kind == kind {
			found = append(found, shownObject{Name: object.Name, Kind: object.Kind, ID: object.ID, Note: object.Note})
		}
	}
	if len(found) == 0 && kind != "" {
		slices.Sort(kinds)
		h.refuse(w, http.StatusBadRequest, fmt.Errorf("kind: %q is none of %s", kind, strings.Join(slices.Compact(kinds), ", ")))
		return
	}
	wanted := map[uuid.UUID]bool{}
	for _, object := range found {
		wanted[object.ID] = true
	}
	statuses, err := h.statuses(r.Context(), wanted)
	if err != nil {
		h.failed(r.Context(), w, err)
		return
	}
	for i := range found {
		found[i].Status = statuses[found[i].ID]
	}
	h.write(w, http.StatusOK, found)
}

// statuses of objects as they are now. The caller holds changing.
func (h *Handler) statuses(ctx context.Context, wanted map[uuid.UUID]bool) (map[uuid.UUID]string, error) {
	found := map[uuid.UUID]string{}
	for table, rows := range h.world.Rows {
		if ids := withStatus(rows, wanted); len(ids) > 0 {
			if err := h.statusesOfRows(ctx, table, ids, found); err != nil {
				return nil, err
			}
		}
	}
	collections, err := h.collectionsOf(wanted)
	if err != nil {
		return nil, err
	}
	for collection := range collections {
		if err := h.statusesOfDocuments(ctx, collection, wanted, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// collectionsOf are where objects are, or will be once a client makes them. To read all of them takes long.
func (h *Handler) collectionsOf(wanted map[uuid.UUID]bool) (map[string]bool, error) {
	placed, err := h.placed()
	if err != nil {
		return nil, err
	}
	collections := map[string]bool{}
	for id := range wanted {
		if collection, ok := placed[id]; ok {
			collections[collection] = true
		}
	}
	for _, object := range h.world.Objects {
		for _, of := range statefuls {
			if wanted[object.ID] && of.kind == object.Kind && of.collection != "" {
				collections[of.collection] = true
			}
		}
	}
	return collections, nil
}

// places finds the collection of each document of a world when it is first asked for.
func places(w *world.World) func() (map[uuid.UUID]string, error) {
	return sync.OnceValues(func() (map[uuid.UUID]string, error) {
		placed := map[uuid.UUID]string{}
		for collection, documents := range w.Documents {
			for _, document := range documents {
				var about struct {
					ID any `bson:"_id"`
				}
				stored, err := mongodb.Stored(document)
				if err == nil {
					err = stored.Decode(&about)
				}
				if err != nil {
					return nil, fmt.Errorf("read the id of a document of %s: %w", collection, err)
				}
				if id, ok := idOf(about.ID); ok {
					placed[id] = collection
				}
			}
		}
		return placed, nil
	})
}

// withStatus are the ids of rows that are wanted and have a status.
func withStatus(rows []map[string]any, wanted map[uuid.UUID]bool) (ids []uuid.UUID) {
	for _, row := range rows {
		id, ok := row["id"].(uuid.UUID)
		if _, has := row["status"]; ok && has && wanted[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

func (h *Handler) statusesOfRows(ctx context.Context, table string, ids []uuid.UUID, found map[uuid.UUID]string) error {
	name := pgx.Identifier(strings.Split(table, ".")).Sanitize() // one of those that the world is seeded into
	rows, err := h.app.Pool.Query(ctx, "SELECT id, status::text FROM "+name+" WHERE id = ANY($1)", ids)
	if err == nil {
		var id uuid.UUID
		var status string
		_, err = pgx.ForEachRow(rows, []any{&id, &status}, func() error {
			found[id] = status
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("read statuses of %s: %w", table, postgres.Error(err))
	}
	return nil
}

func (h *Handler) statusesOfDocuments(ctx context.Context, collection string, wanted map[uuid.UUID]bool, found map[uuid.UUID]string) error {
	cursor, err := h.app.Mongo.Collection(collection).Find(ctx, bson.D{}, options.Find().SetProjection(bson.D{{Key: "status", Value: 1}}))
	if err != nil {
		return fmt.Errorf("read statuses of %s: %w", collection, err)
	}
	var documents []struct {
		ID     any    `bson:"_id"`
		Status string `bson:"status"`
	}
	if err := cursor.All(ctx, &documents); err != nil {
		return fmt.Errorf("read statuses of %s: %w", collection, err)
	}
	for _, document := range documents {
		id, ok := idOf(document.ID)
		if ok && wanted[id] && document.Status != "" {
			found[id] = document.Status
		}
	}
	return nil
}

// idOf reads the id of a document, if it is one that other documents could name.
func idOf(stored any) (id uuid.UUID, ok bool) {
	switch stored := stored.(type) {
	case bson.Binary:
		id, err := uuid.FromBytes(stored.Data)
		return id, err == nil
	case uuid.UUID:
		return stored, true
	case string:
		id, err := uuid.Parse(stored)
		return id, err == nil
	}
	return id, false
}
