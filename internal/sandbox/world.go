package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"esoz/internal/app/admin"
	"esoz/internal/platform/config"
	"esoz/internal/sandbox/traffic"
	"esoz/internal/sandbox/world"
)

// currentWorld is as last seeded; it is never changed, only replaced.
func (h *Handler) currentWorld() *world.World {
	h.changing.RLock()
	defer h.changing.RUnlock()
	return h.world
}

func (h *Handler) getWorld(w http.ResponseWriter, r *http.Request) {
	all := h.currentWorld()
	if query := r.URL.Query(); query.Has("operations") {
		wanted, some := strings.Split(query.Get("operations"), ","), *all
		some.Cases = slices.DeleteFunc(slices.Clone(all.Cases), func(c world.Case) bool { return !slices.Contains(wanted, c.OperationID) })
		all = &some
	}
	h.write(w, http.StatusOK, all)
}

func (h *Handler) getConfig(w http.ResponseWriter, _ *http.Request) {
	h.changing.RLock()
	settings := maps.Clone(h.settings)
	h.changing.RUnlock()
	h.write(w, http.StatusOK, settings)
}

func (h *Handler) setConfig(w http.ResponseWriter, r *http.Request) {
	var vars map[string]string
	if err := decode(w, r, &vars); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	settings, err := h.set(vars)
	if err != nil {
		h.refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	h.write(w, http.StatusOK, settings)
}

func (h *Handler) set(vars map[string]string) (settings map[string]string, err error) {
	h.changing.Lock()
	defer h.changing.Unlock()
	if err := changeable(vars); err != nil {
		return nil, err
	}
	cfg, err := h.config.Get().With(vars)
	if err != nil {
		return nil, err
	}
	h.config.Set(cfg)
	h.changed()
	maps.Copy(h.settings, vars)
	return maps.Clone(h.settings), nil
}

func (h *Handler) unsetConfig(w http.ResponseWriter, _ *http.Request) {
	h.changing.Lock()
	h.config.Set(h.initial)
	h.settings = map[string]string{}
	h.changing.Unlock()
	h.changed()
	w.WriteHeader(http.StatusNoContent)
}

// changeable refuses settings that are read at the start only.
func changeable(vars map[string]string) error {
	var errs []error
	for _, f := range config.Fields() {
		if _, set := vars[f.Name]; set && f.StartOnly {
			errs = append(errs, fmt.Errorf("%s: read at the start only", f.Name))
		}
	}
	return errors.Join(errs...)
}

// resetTimeout bounds a reset, which a client that hangs up does not stop: half
// a world would stay.
const resetTimeout = time.Minute

func (h *Handler) reset(w http.ResponseWriter, r *http.Request) {
	keep, err := kept(r)
	if err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), resetTimeout)
	defer cancel()
	if err := h.renew(ctx, keep); err != nil {
		h.logger.ErrorContext(ctx, "reset failed", "error", err)
		h.refuse(w, http.StatusInternalServerError, errors.New("the world could not be made new; see the log"))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// kept returns whether a reset leaves what was registered.
func kept(r *http.Request) (bool, error) {
	switch keep := r.URL.Query().Get("keep"); keep {
	case "", keepRegistered:
		return keep != "", nil
	default:
		return false, fmt.Errorf("keep: %q is not %s", keep, keepRegistered)
	}
}

func (h *Handler) renew(ctx context.Context, keep bool) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	defer h.traffic.Changed()
	kept := &admin.Kept{}
	if keep {
		var err error
		if kept, err = h.registry().Keep(ctx); err != nil {
			return err
		}
	}
	h.clock.Reset()
	fresh := world.New(h.app.Keys, h.clock.Now())
	if err := fresh.Seed(ctx, h.app.Pool, h.app.Mongo); err != nil {
		return err
	}
	if err := h.registry().Restore(ctx, kept); err != nil {
		return err
	}
	if err := h.app.Refresh(ctx); err != nil {
		return err
	}
	h.world, h.settings = fresh, map[string]string{}
	h.known, h.placed = h.secrets(), places(fresh)
	h.dials.reset()
	h.config.Set(h.initial)
	h.traffic.Log.Draw(h.traffic.Latest(), h.clock.Now())
	return nil
}

// changed tells those that watch the world that somebody has turned it.
func (h *Handler) changed() {
	h.traffic.Changed()
	h.traffic.Log.Notice(traffic.NoticeChanged)
}
