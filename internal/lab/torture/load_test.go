package torture

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/internal/conformance"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/world"
)

// load sends every writing operation of the contract, by several clients, and
// writes down what was answered. What a request changes nobody else touches: it
// works on a copy of the world's object, or for a phone, of its own, and is never
// sent twice. So each of its effects is there once when it was acknowledged, and
// once or never when it was not.
type load struct {
	rig        *rig
	flock      flock
	leaves     int       // copies of each document that are kept for completes
	began      time.Time // no row of the load is older
	operations []*operation
	herds      map[uuid.UUID]*herd // by the world's object
	codes      herd                // verifications that a code was sent for
	deadline   time.Duration       // REQUEST_TIMEOUT of its servers
	pace       time.Duration       // between two requests of a client; 0: one after another

	client *http.Client
	number atomic.Int64 // of the last request
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu    sync.Mutex
	sent  []*sending
	tally map[int]int // answers by status
	wrong []string    // answers that nobody may get, the first of them
}

// flock is how many copies of each object a load may change.
type flock struct{ rows, documents int }

// operation is a writing operation and the ways to call it.
type operation struct {
	id    string
	share int // how often it is called, compared with others
	deeds []*deed
}

// deed is a case of the world that passes, to be repeated.
type deed struct {
	operation string
	request   world.Request // its body is generic JSON
	herd      *herd         // of the object in the path, or of the token that it uses up; nil: none
	code      bool          // the path names a phone with a live code
	phone     bool          // the body names a phone that a code is to be sent to
	named     bool          // the body names a division to be
	adds      string        // the collection that gets a document; "" when none does
	chosen    bool          // its id is that of the body
	signs     string        // the field of the body with signed content; "" when there is none
	content   *signature.Content
}

// needsDocuments tells whether the deed changes a document or adds one.
func (d *deed) needsDocuments() bool { return d.adds != "" || d.herd != nil && d.herd.document != "" }

// sending is a request and what came of it.
type sending struct {
	operation string
	request   string // its X-Request-Id
	path      string
	object    uuid.UUID // the copy that it works on
	herd      *herd
	phone     string // that a code is to be sent to
	division  string // name of the one that is to be made
	adds      string // the collection that is to get object, or a document under an id of the server

	status int // of the answer, or noAnswer
	id     string
	jobs   []string
}

// acknowledged tells whether the server promised that it was done.
func (s *sending) acknowledged() bool { return s.status >= 200 && s.status < 300 }

// unknown tells whether the server may or may not have done it: the connection
// broke, or the server itself does not know.
func (s *sending) unknown() bool {
	return s.status == noAnswer || s.status == http.StatusGatewayTimeout
}

// refused tells whether the server promised that it was not done.
func (s *sending) refused() bool { return !s.acknowledged() && !s.unknown() }

// newLoad prepares the copies. No server may run yet.
func newLoad(t *testing.T, r *rig, f flock) *load {
	t.Helper()
	l := &load{
		rig: r, flock: f, leaves: 10, herds: map[uuid.UUID]*herd{}, tally: map[int]int{}, deadline: 10 * time.Second,
		client: &http.Client{
			Timeout:       rigPatience,                                                                 // longer than anybody may be kept waiting
			Transport:     &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 10 * time.Second}, // sooner than servers end them
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	t.Cleanup(l.client.CloseIdleConnections)
	for _, c := range r.world.Cases {
		if len(c.Rules) == 0 && len(c.Config) == 0 && c.Request.Method != http.MethodGet {
			l.add(t, c)
		}
	}
	contract, err := conformance.Contract()
	require.NoError(t, err)
	for _, item := range contract.Paths.Map() {
		for method, op := range item.Operations() {
			known := slices.ContainsFunc(l.operations, func(known *operation) bool { return known.id == op.OperationID })
			known = known || isOfOneRequest(op.OperationID)
			require.True(t, known || method == http.MethodGet || registered(op.OperationID).Still, "the load has no request for %s", op.OperationID)
		}
	}
	l.prepareCodes(t)
	_, err = r.pool.Exec(t.Context(), "TRUNCATE jobs.jobs") // the world's pending one would be carried out too
	require.NoError(t, err)
	l.began = clock.New().Now()
	return l
}

// unlimited are settings of servers that a load may do the same to again and again.
var unlimited = []string{"OTP_RESOURCE_LIMIT=1000000", "PHONE_NUMBER_AUTH_LIMIT=0", "THIRD_PERSON_LIMIT=0"}

// serve starts a server for the load. It counts the codes that are sent again by
// what they are sent for: that is how the audit tells them apart.
func (l *load) serve(more ...string) *server {
	l.rig.t.Helper()
	return l.rig.serve(slices.Concat([]string{"REQUEST_TIMEOUT=" + l.deadline.String()}, unlimited, more)...)
}

var (
	idInPath    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	phoneInPath = regexp.MustCompile(`(?:\+|%2B)380[0-9]{9}`)
)

// ofOneRequest are operations that a copy of the request cannot repeat: those on dispenses read and change the device request,
// which has one dispense at a time, and those that create requests have the id of the new one in what is signed. So has a package
// those of many documents. Races try them, and the tests of interrupted jobs.
var ofOneRequest = []string{"createDeviceDispense", "completeDeviceDispense", "createServiceRequest", "createDeviceRequest"}

func isOfOneRequest(id string) bool {
	op := registered(id)
	return slices.Contains(ofOneRequest, id) || op.Signed && op.Update == nil
}

// add makes a case of the world repeatable.
func (l *load) add(t *testing.T, c world.Case) {
	t.Helper()
	if registered(c.OperationID).Still || isOfOneRequest(c.OperationID) {
		return // it changes nothing that could be counted, or more than its object
	}
	d := &deed{
		operation: c.OperationID, request: c.Request,
		phone: c.OperationID == "initializeVerification", named: c.OperationID == creating,
	}
	if c.Request.Body != nil {
		raw, err := json.Marshal(c.Request.Body)
		require.NoError(t, err)
		d.request.Body = nil
		require.NoError(t, json.Unmarshal(raw, &d.request.Body))
	}
	d.code = phoneInPath.MatchString(c.Request.Path)
	d.readSigned(t)
	if d.isUnsigned() {
		return
	}
	if body, ok := d.request.Body.(map[string]any); ok && body["completed_with"] != nil {
		return // a record carries out one referral, and none of its copies
	}
	if body, ok := d.request.Body.(map[string]any); ok && makes(c.OperationID) {
		d.chosen = body["id"] != nil
		if into := path.Base(c.Request.Path); d.chosen || slices.Contains(collections, into) {
			d.adds = into
		}
	}
	if ids := idInPath.FindAllString(c.Request.Path, -1); len(ids) > 0 && d.adds == "" {
		d.herd = l.herd(t, c.OperationID, uuid.MustParse(ids[len(ids)-1]))
	}
	if secret := d.usesUp(); secret != "" {
		d.herd = l.tokens(t, secret)
		d.herd.exchange = d.tokenInBody() != nil
	}
	share := 20
	switch {
	case d.needsDocuments():
		share = 2 // FerretDB changes a document in tens of milliseconds
	case !strings.HasPrefix(c.Request.Path, "/api/"):
		share = 1 // passwords are slow to check
	}
	i := slices.IndexFunc(l.operations, func(known *operation) bool { return known.id == c.OperationID })
	if i < 0 {
		i = len(l.operations)
		l.operations = append(l.operations, &operation{id: c.OperationID, share: share})
	}
	l.operations[i].deeds = append(l.operations[i].deeds, d)
}

// readSigned opens the signed content of the body, if it has some: it names its object, so each copy needs its own.
func (d *deed) readSigned(t *testing.T) {
	t.Helper()
	body, _ := d.request.Body.(map[string]any)
	for field, value := range body {
		if text, ok := value.(string); ok && strings.HasPrefix(field, "signed_") && !strings.HasSuffix(field, "_encoding") {
			raw, err := base64.StdEncoding.DecodeString(text)
			require.NoError(t, err, field)
			content, err := new(signature.Trust).Open(raw, clock.New().Now())
			require.NoError(t, err, field)
			d.signs, d.content = field, content
		}
	}
}

// isUnsigned tells whether the content has no signature: a sandbox takes the request, esoz serve refuses it.
func (d *deed) isUnsigned() bool { return d.signs != "" && len(d.content.Signatures) == 0 }

// signed is the body with the content of a copy.
func (d *deed) signed(i int) any {
	replaced := strings.ReplaceAll(string(d.content.JSON), d.herd.id.String(), d.herd.ids[i].String())
	for _, number := range d.herd.numbers {
		replaced = strings.ReplaceAll(replaced, number, d.herd.number(i))
	}
	by := d.content.Signatures[0].Signer
	container := authority.New().SignBy([]byte(replaced), authority.Owner{Signer: by}, clock.New().Now())
	return bodyWith(d.request.Body, d.signs, base64.StdEncoding.EncodeToString(container))
}

// usesUp is the value of the token that the deed can be done with once: that of
// the session that it ends, or the code that it exchanges.
func (d *deed) usesUp() string {
	if d.operation == "logout" {
		return strings.TrimPrefix(d.request.Headers["Authorization"], "Bearer ")
	}
	code, _ := d.tokenInBody()["code"].(string)
	return code
}

func (d *deed) tokenInBody() map[string]any {
	body, _ := d.request.Body.(map[string]any)
	token, _ := body["token"].(map[string]any)
	return token
}

// start lets clients send requests to servers until stop.
func (l *load) start(clients int, servers ...*server) {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	l.rig.t.Cleanup(l.stop)
	for client := range clients {
		url := servers[client%len(servers)].url
		l.done.Go(func() {
			for ctx.Err() == nil {
				took, pause := clock.Stopwatch(), time.Duration(0)
				switch l.send(url, l.choose()) {
				case noAnswer:
					pause = 50 * time.Millisecond // nobody is there
				case http.StatusServiceUnavailable:
					pause = 100 * time.Millisecond // or nobody who could work: no copies are wasted on that
				}
				pause = max(pause, l.pace-took())
				select {
				case <-ctx.Done():
				case <-time.After(pause):
				}
			}
		})
	}
}

// stop waits for the answers to what was sent.
func (l *load) stop() {
	l.cancel()
	l.done.Wait()
}

// choose returns something to do.
func (l *load) choose() *deed {
	all := 0
	for _, op := range l.operations {
		all += op.share
	}
	n := rand.IntN(all)
	for _, op := range l.operations {
		if n -= op.share; n < 0 {
			return op.deeds[rand.IntN(len(op.deeds))]
		}
	}
	panic("unreachable: n is smaller than the sum of the shares")
}

// lateBy is how much longer than REQUEST_TIMEOUT an answer may take on a machine
// that is busy with other tests.
const lateBy = 5 * time.Second

const (
	noAnswer = 0  // status of a request whose connection broke
	noneLeft = -1 // and of one for which there is no copy any more
)

// send does something once and returns the status of the answer.
func (l *load) send(url string, d *deed) int {
	number := l.number.Add(1)
	s := &sending{operation: d.operation, request: fmt.Sprintf("torture-%d", number), path: d.request.Path, herd: d.herd}
	copied := 0
	switch {
	case d.code:
		i, ok := l.codes.take(0)
		if !ok {
			return noneLeft
		}
		s.herd, s.object = &l.codes, l.codes.ids[i]
		s.path = phoneInPath.ReplaceAllLiteralString(s.path, l.codes.phones[i])
	case d.herd != nil:
		i, ok := d.herd.take(l.leaves)
		if !ok {
			return noneLeft
		}
		copied, s.object = i, d.herd.ids[i]
		if ids := idInPath.FindAllStringIndex(s.path, -1); len(ids) > 0 {
			last := ids[len(ids)-1]
			s.path = s.path[:last[0]] + s.object.String() + s.path[last[1]:]
		}
	}
	body, headers := d.request.Body, d.request.Headers
	switch {
	case d.signs != "" && d.herd != nil:
		body = d.signed(copied)
	case d.phone:
		s.phone = fmt.Sprintf("+38073%07d", number)
		body = map[string]any{"phone_number": s.phone}
	case d.chosen:
		s.adds, s.object = d.adds, uuid.New()
		body = bodyWith(body, "id", s.object.String())
	case d.adds != "":
		s.adds = d.adds
	case d.named:
		s.division = fmt.Sprintf("Torture %d", number)
		body = bodyWith(body, "name", s.division)
	case d.herd != nil && d.tokenInBody() != nil:
		body = bodyWith(body, "token", bodyWith(d.tokenInBody(), "code", d.herd.value(s.object)))
	case d.herd != nil && len(d.herd.methods) > 0:
		body = d.herd.naming(body, s.object)
	case d.herd != nil && d.herd.secret != "":
		headers = maps.Clone(headers)
		headers["Authorization"] = "Bearer " + d.herd.value(s.object)
	}
	l.mu.Lock()
	l.sent = append(l.sent, s)
	l.mu.Unlock()

	took := clock.Stopwatch()
	status, raw, problem := l.exchange(d, s, url, headers, body)
	if waited := took(); waited > l.deadline+lateBy {
		problem = fmt.Sprintf("came after %s", waited)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s.read(status, raw)
	l.tally[status]++
	if problem == "" && status >= 300 && status < 500 {
		problem = "refused, though nobody else has touched its object"
	}
	if problem != "" && len(l.wrong) < 20 {
		l.wrong = append(l.wrong, fmt.Sprintf("%s: %d: %s: %s", d.operation, status, problem, raw))
	}
	return status
}

// creates is the deed that needs no copy and writes in one statement.
func (l *load) creates() *deed {
	i := slices.IndexFunc(l.operations, func(op *operation) bool { return op.id == creating })
	return l.operations[i].deeds[0]
}

const creating = "createDivision"

// completes does what was not done yet: no operation goes without an audit. The server
// begins anew, with more time: what it was given up on may keep the document store busy.
func (l *load) completes(s *server) {
	t := l.rig.t
	t.Helper()
	l.leaves = 0
	done := map[string]bool{}
	for _, sent := range l.sent {
		done[sent.operation] = done[sent.operation] || sent.acknowledged()
	}
	if !slices.ContainsFunc(l.operations, func(op *operation) bool { return !done[op.id] }) {
		return
	}
	s.stop()
	s.environ = append(s.environ, "REQUEST_TIMEOUT=50s", "ENGINE_TIMEOUT=45s")
	s.start()
	l.deadline = 50 * time.Second
	took := clock.Stopwatch()
	for _, op := range l.operations {
		for !done[op.id] {
			status := l.send(s.url, op.deeds[rand.IntN(len(op.deeds))])
			done[op.id] = status >= 200 && status < 300
			require.Less(t, took(), rigPatience, "%s is not done: %d", op.id, status)
			wait(100*time.Millisecond, 200*time.Millisecond)
		}
	}
}

// copiesLeft is how many there are of the object that most was done to.
func (l *load) copiesLeft() int {
	least := l.codes.left()
	for _, h := range l.herds {
		least = min(least, h.left())
	}
	return least
}

// recovers waits until a server has done several things in a row, and tells how
// long that took.
func (l *load) recovers(s *server) time.Duration {
	t := l.rig.t
	t.Helper()
	took := clock.Stopwatch()
	for row := 0; row < 5; {
		if l.send(s.url, l.creates()) == http.StatusOK {
			row++
			continue
		}
		row = 0
		require.Less(t, took(), rigPatience, "the server does not recover: %s", s.log())
		wait(5*time.Millisecond, 10*time.Millisecond)
	}
	return took()
}

// exchange returns noAnswer when the connection broke before the answer was
// whole, and what is wrong with an answer.
func (l *load) exchange(d *deed, s *sending, url string, headers map[string]string, body any) (status int, raw []byte, problem string) {
	var sent io.Reader
	switch {
	case d.request.Raw != "":
		sent = strings.NewReader(d.request.Raw)
	case body != nil:
		encoded, err := json.Marshal(body)
		if err != nil {
			return noAnswer, nil, err.Error()
		}
		sent = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(context.Background(), d.request.Method, url+s.path, sent)
	if err != nil {
		return noAnswer, nil, err.Error()
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("X-Request-Id", s.request)
	response, err := l.client.Do(request)
	if err != nil {
		return noAnswer, nil, ""
	}
	defer response.Body.Close()
	if raw, err = io.ReadAll(response.Body); err != nil {
		return noAnswer, nil, ""
	}
	if response.StatusCode < 500 {
		return response.StatusCode, raw, ""
	}
	contract, err := conformance.Contract()
	if err == nil {
		err = contract.Check(d.request.Method, s.path, response.StatusCode, response.Header, raw)
	}
	switch {
	case response.StatusCode != http.StatusServiceUnavailable && response.StatusCode != http.StatusGatewayTimeout:
		problem = "an engine that is away is a 503, and one that went away while committing a 504"
	case err != nil:
		problem = err.Error()
	}
	return response.StatusCode, raw, problem
}

// read notes what the answer promises.
func (s *sending) read(status int, raw []byte) {
	s.status = status
	if !s.acknowledged() {
		return
	}
	var answer struct {
		Data json.RawMessage
	}
	var data struct {
		ID    string
		Links []struct{ Entity, Href string }
	}
	if json.Unmarshal(raw, &answer) != nil || json.Unmarshal(answer.Data, &data) != nil {
		return // data need not be an object
	}
	s.id = data.ID
	for _, link := range data.Links {
		if link.Entity == "job" {
			s.jobs = append(s.jobs, link.Href[strings.LastIndexByte(link.Href, '/')+1:])
		}
	}
}

// answers counts those of a status so far.
func (l *load) answers(status int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tally[status]
}

// acknowledgements counts the requests that a server has promised to have done.
func (l *load) acknowledgements() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sent {
		if s.acknowledged() {
			n++
		}
	}
	return n
}
