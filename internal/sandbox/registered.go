package sandbox

import (
	"context"
	"errors"
	"net/http"

	"esoz/internal/app/admin"
	"esoz/internal/platform/envelope"
)

// keepRegistered is the value of keep= with which a reset leaves a team's own data.
const keepRegistered = "registered"

func (h *Handler) registry() *admin.Registry {
	return &admin.Registry{
		Pool: h.app.Pool, Documents: h.app.Mongo, Keys: h.app.Keys, Clock: h.clock, SystemUser: h.config.Get().SystemUser,
	}
}

// register answers the method that adds entries of one kind.
func register[E admin.Entry](h *Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var entry E
		if err := decode(w, r, &entry); err != nil {
			h.refuse(w, http.StatusBadRequest, err)
			return
		}
		h.changing.RLock()
		added, err := h.registry().Register(r.Context(), entry)
		h.changing.RUnlock()
		if err != nil {
			h.refuseRegistry(r.Context(), w, err)
			return
		}
		h.write(w, http.StatusCreated, added)
	}
}

func (h *Handler) listRegistered(w http.ResponseWriter, r *http.Request) {
	list, err := h.registry().List(r.Context())
	if err != nil {
		h.refuseRegistry(r.Context(), w, err)
		return
	}
	h.write(w, http.StatusOK, list)
}

func (h *Handler) deleteRegistered(w http.ResponseWriter, r *http.Request) {
	id, ok := envelope.ParseID(r.PathValue("id"))
	if !ok {
		h.refuse(w, http.StatusNotFound, admin.ErrUnknown)
		return
	}
	h.changing.RLock()
	err := h.registry().Delete(r.Context(), id)
	h.changing.RUnlock()
	if err != nil {
		h.refuseRegistry(r.Context(), w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (h *Handler) refuseRegistry(ctx context.Context, w http.ResponseWriter, err error) {
	var wrong *admin.InvalidError
	switch {
	case errors.As(err, &wrong):
		h.refuse(w, http.StatusUnprocessableEntity, err)
	case errors.Is(err, admin.ErrUnknown):
		h.refuse(w, http.StatusNotFound, err)
	default:
		h.logger.ErrorContext(ctx, "registry failed", "error", err)
		h.refuse(w, http.StatusInternalServerError, errors.New("the databases failed; see the log"))
	}
}
