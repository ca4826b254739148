package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sosodev/duration"

	"esoz/internal/sandbox/traffic"
)

type clockAnswer struct {
	Now time.Time `json:"now"`
}

func (h *Handler) getClock(w http.ResponseWriter, _ *http.Request) {
	h.write(w, http.StatusOK, clockAnswer{Now: h.clock.Now()})
}

// maxMove is how far the clock may be moved.
const maxMove = 100 * 366 * 24 * time.Hour

func (h *Handler) setClock(w http.ResponseWriter, r *http.Request) {
	var move struct {
		Advance string     `json:"advance"`
		Set     *time.Time `json:"set"`
	}
	if err := decode(w, r, &move); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	switch {
	case (move.Advance == "") == (move.Set == nil):
		h.refuse(w, http.StatusBadRequest, errors.New("want either advance or set"))
		return
	case move.Set != nil:
		if far := time.Until(*move.Set).Abs(); far > maxMove {
			h.refuse(w, http.StatusBadRequest, errors.New("set: more than a hundred years away"))
			return
		}
		h.clock.Set(*move.Set)
	default:
		d, err := duration.Parse(move.Advance)
		if err != nil {
			h.refuse(w, http.StatusBadRequest, fmt.Errorf("advance: %q is not an ISO 8601 duration such as PT5M1S", move.Advance))
			return
		}
		if d.Years > 100 || d.ToTimeDuration().Abs() > maxMove {
			h.refuse(w, http.StatusBadRequest, errors.New("advance: more than a hundred years"))
			return
		}
		h.clock.Advance(d.ToTimeDuration())
	}
	h.traffic.Changed()
	h.traffic.Log.Notice(traffic.NoticeClock)
	h.write(w, http.StatusOK, clockAnswer{Now: h.clock.Now()})
}
