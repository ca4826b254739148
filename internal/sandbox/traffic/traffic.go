// Package traffic remembers what a sandbox was asked and what its answers were,
// so that a client can be told why it was refused and how much of the contract
// its traffic has touched. It keeps ids and counts alone, and forgets them with
// the process: no body, no value of a path, a query or a header.
package traffic

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/httpapi"
)

// Kept is how many answers can be explained; older ones are forgotten.
const Kept = 10_000

// Recorder watches the exchanges of one sandbox.
type Recorder struct {
	contract *contract
	clock    *clock.Clock
	key      [32]byte // of this process: what is hashed with it can be compared and not guessed

	mu      sync.Mutex
	ring    []kept // at most Kept; the exchange number n stands at n modulo Kept
	next    int    // number of the next exchange
	byID    map[digest]int
	byPrint map[digest]int // the latest exchange of each request
	changes int            // how often something has changed that may let a refused request pass
	since   time.Time
	counts  map[string]*counts // by operationId
	unknown unknown
}

type digest [sha256.Size]byte

// kept is a remembered exchange.
type kept struct {
	exchange httpapi.Exchange // without the request id
	sent     sent
	id       digest
	answered time.Time
	changes  int       // Recorder.changes when it was answered
	until    time.Time // what Retry-After asked to wait for
}

// sent is what is remembered of a request before it is served.
type sent struct {
	print         digest // zero: not to be compared
	at            time.Time
	changes       int
	authorization bool
	apiKey        bool
	contentType   bool
	requestID     bool
	body          bool
}

// New returns a recorder of requests to a contract.
func New(doc *openapi3.T, clk *clock.Clock) (*Recorder, error) {
	c, err := readContract(doc)
	if err != nil {
		return nil, err
	}
	r := &Recorder{contract: c, clock: clk}
	_, _ = rand.Read(r.key[:]) // never fails (crypto/rand)
	r.forget()
	return r, nil
}

// Reset forgets everything.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
}

func (r *Recorder) forget() {
	r.ring, r.next = nil, 0
	r.byID, r.byPrint = map[digest]int{}, map[digest]int{}
	r.since, r.unknown = r.clock.Now(), unknown{}
	r.counts = make(map[string]*counts, len(r.contract.operations))
	for _, op := range r.contract.operations {
		r.counts[op.id] = newCounts(op)
	}
}

// Changed is told when the sandbox itself has changed: its world, its settings
// or its clock. From then on no request repeats an earlier one.
func (r *Recorder) Changed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.byPrint)
}

// Worked is told when background work has ended, which may let a refused
// request pass.
func (r *Recorder) Worked() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes++
}

type sentKey struct{}

// Arrive notes of a request what Observe cannot see. whole tells that body is
// all of the request's.
func (r *Recorder) Arrive(req *http.Request, body []byte, whole bool) *http.Request {
	h := req.Header
	s := sent{
		at: r.clock.Now(), authorization: h.Get("Authorization") != "", apiKey: h.Get("API-key") != "",
		contentType: h.Get("Content-Type") != "", requestID: h.Get("X-Request-ID") != "", body: len(body) > 0,
	}
	if whole {
		s.print = r.digest(req.Method, req.URL.EscapedPath(), req.URL.RawQuery, h.Get("Authorization"), h.Get("API-key"),
			h.Get("X-Custom-PSK"), h.Get("Content-Type"), string(body))
	}
	r.mu.Lock()
	s.changes = r.changes
	r.mu.Unlock()
	return req.WithContext(context.WithValue(req.Context(), sentKey{}, s))
}

// digest hashes texts so that none of them can be found again.
func (r *Recorder) digest(texts ...string) (d digest) {
	hash := hmac.New(sha256.New, r.key[:])
	for _, text := range texts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(text)))
		hash.Write(length[:])
		hash.Write([]byte(text))
	}
	hash.Sum(d[:0])
	return d
}

// Observe is the httpapi.Observer of the sandbox.
func (r *Recorder) Observe(ctx context.Context, e httpapi.Exchange) {
	if e.Operation == "" && e.Status < http.StatusBadRequest {
		return // a browser asks which origins may call
	}
	s, _ := ctx.Value(sentKey{}).(sent)
	k := kept{sent: s, id: r.digest(e.RequestID), answered: r.clock.Now()}
	e.RequestID = ""
	k.exchange = e
	if e.RetryAfter > 0 {
		k.until = k.answered.Add(e.RetryAfter)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	repeats := r.repeats(k)
	if e.Method != http.MethodGet && e.Status < http.StatusBadRequest {
		r.changes++
	}
	k.changes = r.changes
	r.keep(k)
	r.count(k, repeats)
}

// keep remembers an exchange, in the place of the oldest when there are many.
func (r *Recorder) keep(k kept) {
	n := r.next
	r.next++
	if n < Kept {
		r.ring = append(r.ring, k)
	} else {
		slot := &r.ring[n%Kept]
		forgetIf(r.byID, slot.id, n-Kept)
		forgetIf(r.byPrint, slot.sent.print, n-Kept)
		*slot = k
	}
	r.byID[k.id] = n
	if k.sent.print != (digest{}) {
		r.byPrint[k.sent.print] = n
	}
}

func forgetIf(index map[digest]int, d digest, n int) {
	if index[d] == n {
		delete(index, d)
	}
}

// find returns the latest exchange with a request id.
func (r *Recorder) find(requestID string) (kept, bool) {
	d := r.digest(requestID)
	r.mu.Lock()
	defer r.mu.Unlock()
	n, ok := r.byID[d]
	if !ok {
		return kept{}, false
	}
	return r.ring[n%Kept], true
}
