package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/httpapi"
	"esoz/internal/platform/postgres"
	"esoz/internal/sandbox/traffic"
	"esoz/internal/sandbox/world"
)

// strictDialed makes a world do what the contract allows and a careless client does not expect, after the idea of Pebble,
// the test server of ACME. What is done to a request follows from the seed and the number of the request since the dial
// was turned.
type strictDialed struct {
	Seed int64    `json:"seed"`
	Rate *float64 `json:"rate"`           // of requests that get an error, and of those whose token ends
	Only []string `json:"only,omitempty"` // acts; all, when empty
}

// Acts of strict.
const (
	unknownFields = "unknown_fields"
	pagesOfOne    = "pages_of_one"
	acceptedOnly  = "accepted"
	tokensEnd     = "tokens"
	retryable     = "errors"
)

var allActs = []string{unknownFields, pagesOfOne, acceptedOnly, tokensEnd, retryable}

const usualRate = 0.05

func (s sentDials) turnStrict(to **strictDialed) error {
	if s.Strict == nil {
		return nil
	}
	var sent *struct {
		strictDialed
		Seed *int64 `json:"seed"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(s.Strict)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&sent); err != nil {
		return fmt.Errorf("strict: %w", err)
	}
	if sent == nil {
		*to = nil
		return nil
	}
	var errs []error
	if sent.Seed == nil {
		errs = append(errs, errors.New("strict.seed is missing: a whole number"))
	} else {
		sent.strictDialed.Seed = *sent.Seed
	}
	if sent.Rate == nil {
		sent.Rate = new(usualRate)
	}
	if *sent.Rate < 0 || *sent.Rate > 1 {
		errs = append(errs, fmt.Errorf("strict.rate: %v is not between 0 and 1", *sent.Rate))
	}
	for i, act := range sent.Only {
		if !slices.Contains(allActs, act) {
			errs = append(errs, fmt.Errorf("strict.only[%d]: %q is none of %v", i, act, allActs))
		}
	}
	*to = &sent.strictDialed
	return errors.Join(errs...)
}

// acts are what strict does to one request.
type acts struct {
	number    int // of the request since strict was set
	draw      *rand.Rand
	trouble   httpapi.Trouble
	tokens    bool
	accepted  bool
	fields    bool
	pages     bool
	operation string
	done      []string
}

type actsKey struct{}

// actsFrom returns the acts of a request; nil: strict is off.
func actsFrom(ctx context.Context) *acts {
	a, _ := ctx.Value(actsKey{}).(*acts)
	return a
}

// next draws the acts of the next request; nil: strict is off.
func (d *Dials) next() *acts {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.set.Strict == nil {
		return nil
	}
	d.requests++
	return d.set.Strict.draw(d.requests)
}

// draw draws always the same for the same request, whatever acts are wanted.
func (s *strictDialed) draw(number int) *acts {
	wanted := func(act string) bool { return len(s.Only) == 0 || slices.Contains(s.Only, act) }
	draw := rand.New(rand.NewPCG(uint64(s.Seed), uint64(number))) //nolint:gosec // to be drawn again, and no secret
	err, kind, token := draw.Float64() < *s.Rate, draw.IntN(2), draw.Float64() < *s.Rate
	accepted, fields := draw.IntN(2) == 0, draw.IntN(2) == 0
	a := &acts{
		number: number, draw: draw, pages: wanted(pagesOfOne), tokens: token && wanted(tokensEnd),
		accepted: accepted && wanted(acceptedOnly), fields: fields && wanted(unknownFields),
	}
	if err && wanted(retryable) {
		a.trouble = []httpapi.Trouble{httpapi.TooManyRequests, httpapi.Unavailable}[kind]
	}
	return a
}

func (a *acts) did(act string) { a.done = append(a.done, act) }

// accept tells that the answer must be 202 where another one is allowed, too.
func (a *acts) accept() bool {
	if a == nil || !a.accepted {
		return false
	}
	a.did(acceptedOnly)
	return true
}

// Trouble implements httpapi.Dial.
func (*Dials) Trouble(ctx context.Context, operation string) httpapi.Trouble {
	a := actsFrom(ctx)
	if a == nil {
		return httpapi.NoTrouble
	}
	a.operation = operation
	if a.trouble != httpapi.NoTrouble {
		a.did(retryable)
	}
	return a.trouble
}

// EndToken implements httpapi.Dial. A token that a client has been given ends for good; one of the seeded world, which
// others need, is refused once.
func (d *Dials) EndToken(ctx context.Context, token uuid.UUID) (bool, error) {
	a := actsFrom(ctx)
	if a == nil || !a.tokens {
		return false, nil
	}
	a.did(tokensEnd)
	if d.seeded(token) {
		return true, nil
	}
	return true, d.endToken(ctx, token)
}

// SmallPage implements httpapi.Dial.
func (*Dials) SmallPage(ctx context.Context) bool {
	a := actsFrom(ctx)
	if a == nil || !a.pages {
		return false
	}
	a.did(pagesOfOne)
	return true
}

// strictly serves a request of the API, with what strict does to it.
func (h *Handler) strictly(w *httpapi.Held, r *http.Request) {
	a := h.dials.next()
	if a == nil {
		h.app.Handler.ServeHTTP(w, r)
		return
	}
	h.app.Handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), actsKey{}, a)))
	if a.fields && strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		if widened, ok := a.widen(w.Status(), w.Body()); ok {
			a.did(unknownFields)
			w.Replace(widened)
		}
	}
	told := make([]string, 0, len(a.done))
	for _, act := range a.done {
		told = append(told, fmt.Sprintf("strict: %s, request %d", act, a.number))
		w.Header().Add("X-Sandbox-Warning", told[len(told)-1])
	}
	h.traffic.Note(traffic.NumberOf(r), told)
}

// isSeeded tells whether a token is one of the world's own.
func (h *Handler) isSeeded(id uuid.UUID) bool {
	return slices.ContainsFunc(h.world.Tokens, func(t world.Token) bool { return world.ID("token "+t.Name) == id })
}

// endToken ends an access token now.
func (h *Handler) endToken(ctx context.Context, id uuid.UUID) error {
	now := h.clock.Now()
	if err := db.New().EndAccessToken(ctx, h.app.Pool, db.EndAccessTokenParams{ID: id, ExpiresAt: now.Unix(), At: now}); err != nil {
		return fmt.Errorf("end a token: %w", postgres.Error(err))
	}
	return nil
}
