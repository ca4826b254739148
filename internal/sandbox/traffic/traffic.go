// Package traffic remembers what a sandbox was asked and what its answers were,
// so that a client can be told why it was refused and how much of the contract
// its traffic has touched. For that it keeps ids and counts alone: no body, no value
// of a path, a query or a header. Those are kept by its Log, which can be turned
// off. All is forgotten with the process.
package traffic

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/gen/rules"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/httpapi"
)

// Kept is how many answers can be explained; older ones are forgotten.
const Kept = 10_000

// Recorder watches the exchanges of one sandbox.
type Recorder struct {
	Log *Log

	contract *contract
	clock    atomic.Pointer[clock.Clock]
	key      [32]byte // of this process: what is hashed with it can be compared and not guessed

	mu      sync.Mutex
	kept    map[int]kept // at most Kept, by number
	arrived int          // number of the latest request; the first is 1
	last    int          // number of the latest answered one
	byID    map[digest]int
	byPrint map[digest]int          // the latest exchange of each request
	byKey   map[digest]int          // the latest that succeeded of each idempotency key
	refused map[digest]*fault.Error // what ended jobs, by the requests that started them
	changes int                     // how often something has changed that may let a refused request pass
	since   time.Time
	counts  map[string]*counts // by operationId
	unknown unknown
}

type digest [sha256.Size]byte

// kept is a remembered exchange.
type kept struct {
	exchange httpapi.Exchange // without the request id
	near     []string         // operations whose path is most like an unknown one
	sent     sent
	id       digest
	answered time.Time
	changes  int       // Recorder.changes when it was answered
	until    time.Time // what Retry-After asked to wait for
	notes    []string
}

// sent is what is remembered of a request before it is served.
type sent struct {
	number        int
	print         digest // zero: not to be compared
	key           digest // of the idempotency key and who sends it; zero: none
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
	return recorderOf(c, clk), nil
}

func recorderOf(c *contract, clk *clock.Clock) *Recorder {
	r := &Recorder{Log: newLog(), contract: c}
	r.clock.Store(clk)
	_, _ = rand.Read(r.key[:]) // never fails (crypto/rand)
	r.forget()
	return r
}

// Another returns a recorder for requests to the same contract.
func (r *Recorder) Another(clk *clock.Clock) *Recorder {
	another := recorderOf(r.contract, clk)
	another.Log = r.Log.another()
	return another
}

// Reset forgets everything.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
}

func (r *Recorder) forget() {
	r.kept, r.last = map[int]kept{}, 0
	r.byID, r.byPrint, r.byKey = map[digest]int{}, map[digest]int{}, map[digest]int{}
	r.refused = map[digest]*fault.Error{}
	r.since, r.unknown = r.clock.Load().Now(), unknown{}
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
	clear(r.byKey)
}

// Follow makes the recorder go on with another server of the same contract, which has a clock of its own.
func (r *Recorder) Follow(clk *clock.Clock) {
	r.clock.Store(clk)
	r.Changed()
}

// Worked is told when background work has ended, which may let a refused
// request pass.
func (r *Recorder) Worked() {
	r.mu.Lock()
	r.changes++
	r.mu.Unlock()
	r.Log.Notice(NoticeWorked)
}

type (
	sentKey struct{}
	pathKey struct{}
)

// Arrive gives a request its number and notes of it what Observe cannot see. whole
// tells that body is all of the request's.
func (r *Recorder) Arrive(req *http.Request, body []byte, whole bool) *http.Request {
	h := req.Header
	s := sent{
		at: r.clock.Load().Now(), authorization: h.Get("Authorization") != "", apiKey: h.Get("API-key") != "",
		contentType: h.Get("Content-Type") != "", requestID: h.Get("X-Request-ID") != "", body: len(body) > 0,
	}
	if whole {
		s.print = r.digest(req.Method, req.URL.EscapedPath(), req.URL.RawQuery, h.Get("Authorization"), h.Get("API-key"),
			h.Get("X-Custom-PSK"), h.Get("Content-Type"), string(body))
	}
	if key := cmp.Or(h.Get("X-Idempotency-Key"), h.Get("Idempotency-Key")); key != "" && req.Method != http.MethodGet {
		s.key = r.digest(h.Get("Authorization"), key)
	}
	about := &envelope.Request{}
	r.mu.Lock()
	s.changes, s.number = r.changes, r.reserve()
	if _, again := r.byKey[s.key]; again {
		about.Warn(keyAgain)
	}
	r.mu.Unlock()
	ctx := envelope.WithRequest(context.WithValue(req.Context(), sentKey{}, s), about)
	return req.WithContext(context.WithValue(ctx, pathKey{}, req.URL.Path))
}

// NumberOf returns the number that Arrive gave a request.
func NumberOf(req *http.Request) int {
	s, _ := req.Context().Value(sentKey{}).(sent)
	return s.number
}

const keyAgain = "this idempotency key has come before: the national host only echoes it, and carries out the request again"

// reserve gives out the next number, and forgets the request that is too old now.
func (r *Recorder) reserve() int {
	r.arrived++
	if old, ok := r.kept[r.arrived-Kept]; ok {
		forgetIf(r.byID, old.id, r.arrived-Kept)
		if _, again := r.byID[old.id]; !again {
			delete(r.refused, old.id)
		}
		forgetIf(r.byPrint, old.sent.print, r.arrived-Kept)
		forgetIf(r.byKey, old.sent.key, r.arrived-Kept)
		delete(r.kept, r.arrived-Kept)
	}
	return r.arrived
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
	k := kept{sent: s, id: r.digest(e.RequestID), answered: r.clock.Load().Now()}
	e.RequestID = ""
	k.exchange = e
	if path, ok := ctx.Value(pathKey{}).(string); ok && e.Route == "" {
		k.near = r.contract.nearest(path)
	}
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
	if k.sent.number == 0 { // it came past Arrive
		k.sent.number = r.reserve()
	}
	r.keep(k)
	r.count(k, repeats)
}

// JobRefused remembers what has ended the job of a request. Jobs may be faster than answers.
func (r *Recorder) JobRefused(requestID string, refusal *fault.Error) {
	id, now := r.digest(requestID), r.clock.Load().Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.refused) >= Kept { // of requests that came past Arrive, or whose answers were lost
		clear(r.refused)
	}
	r.refused[id] = refusal
	for _, rule := range refusal.Rules {
		of, _ := rules.Get(rule)
		if c := r.counts[of.Operation]; c != nil {
			c.met[rule] = met{times: c.met[rule].times + 1, lastAt: now}
		}
	}
}

// Note adds to a remembered exchange what the sandbox itself did to it.
func (r *Recorder) Note(number int, notes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, ok := r.kept[number]; ok && len(notes) > 0 {
		k.notes = append(k.notes, notes...)
		r.kept[number] = k
	}
}

// keep remembers an exchange, unless so many came after it that it is too old.
func (r *Recorder) keep(k kept) {
	n := k.sent.number
	r.last = max(r.last, n)
	if n <= r.arrived-Kept {
		return
	}
	r.kept[n], r.byID[k.id] = k, max(r.byID[k.id], n)
	if k.sent.print != (digest{}) {
		r.byPrint[k.sent.print] = n
	}
	if k.sent.key != (digest{}) && k.exchange.Status < http.StatusBadRequest {
		r.byKey[k.sent.key] = n
	}
}

func forgetIf(index map[digest]int, d digest, n int) {
	if index[d] == n {
		delete(index, d)
	}
}

// Last is the name of the latest exchange.
const Last = "last"

// find returns the latest exchange with a request id, the one with a number, or the
// last one. Ids come first: clients may choose numbers.
func (r *Recorder) find(name string) (kept, bool) {
	d := r.digest(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	n, ok := r.byID[d]
	if number, err := strconv.Atoi(name); !ok && err == nil {
		n = number
	} else if !ok && name == Last {
		n = r.last
	}
	k, ok := r.kept[n]
	if refusal := r.refused[k.id]; ok && refusal != nil && k.exchange.Status == http.StatusAccepted {
		k.exchange.Rules, k.exchange.Facts, k.exchange.Cut = refusal.Rules, refusal.Facts, refusal.Cut
	}
	return k, ok
}

// Entry returns what is known of a request that was just answered, without its headers and bodies. Not ok: it is not to be kept.
func (r *Recorder) Entry(number int) (e *Entry, ok bool) {
	r.mu.Lock()
	k, ok := r.kept[number]
	r.mu.Unlock()
	if !ok {
		return nil, false
	}
	return &Entry{Arrived: k.sent.at, Summary: Summary{
		Number: number, At: k.answered, TookMS: float64(k.exchange.Took.Microseconds()) / 1000, Operation: k.exchange.Operation,
		Status: k.exchange.Status, Rules: append([]rules.ID{}, k.exchange.Rules...),
		Warnings: append(append([]string{}, k.exchange.Warnings...), k.notes...),
	}}, true
}

// NumberOfID returns the number of the latest request with an id; 0: there is none.
func (r *Recorder) NumberOfID(requestID string) int {
	d := r.digest(requestID)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[d]
}

// Latest returns the number of the latest request.
func (r *Recorder) Latest() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.arrived
}
