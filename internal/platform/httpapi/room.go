package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/semaphore"

	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// What lists may hold in memory together, in bytes. An entry is as large as the largest that was ever stored: working
// hours had no bound once. A page of at most the usual size has room of its own, so that large pages do not hold it up.
const (
	largestEntry = 64 << 10
	usualRoom    = 16 * envelope.DefaultPageSize * largestEntry
	largeRoom    = 2 * 300 * largestEntry // two of the largest page
)

// lists is the room that is left.
type lists struct{ usual, large *semaphore.Weighted }

func newLists() lists {
	return lists{usual: semaphore.NewWeighted(usualRoom), large: semaphore.NewWeighted(largeRoom)}
}

// reserve waits for room for a page, until the deadline of the request. An answer keeps what it needs until it is written.
func (l lists) reserve(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		size, err := strconv.Atoi(c.QueryParam("page_size"))
		if err != nil {
			size = envelope.DefaultPageSize
		}
		room := l.usual
		if size > envelope.DefaultPageSize {
			room = l.large
		}
		reserved := int64(size) * largestEntry
		if err := room.Acquire(c.Request().Context(), reserved); err != nil {
			return fmt.Errorf("wait for room for a page: %w", err)
		}
		response := c.Response()
		page := &page{ResponseWriter: response.Writer, room: room, reserved: reserved}
		response.Writer = page
		defer func() {
			response.Writer = page.ResponseWriter
			room.Release(page.reserved)
		}()
		return next(c)
	}
}

// page gives back the room that an answer does not need. Answers are written at once.
type page struct {
	http.ResponseWriter
	room     *semaphore.Weighted
	reserved int64
}

// Write implements http.ResponseWriter.
func (p *page) Write(answer []byte) (int, error) {
	if unused := p.reserved - int64(len(answer)); unused > 0 {
		p.room.Release(unused)
		p.reserved -= unused
	}
	return p.ResponseWriter.Write(answer) //nolint:wrapcheck // it wraps nothing else
}

// Unwrap is what http.ResponseController needs.
func (p *page) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// limitUnderWay refuses a request when MAX_REQUESTS_UNDER_WAY others are being answered.
func (s *Server) limitUnderWay() echo.MiddlewareFunc {
	var underWay atomic.Int64
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			defer underWay.Add(-1)
			if most := s.Config.Get().MaxUnderWay; underWay.Add(1) > int64(most) && most > 0 {
				return fault.Unavailable()
			}
			return next(c)
		}
	}
}

// timeToRefuse is how long after the deadline of a request a client may read that it has passed.
const timeToRefuse = 2 * time.Second
