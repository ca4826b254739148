package torture

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
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
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/conformance"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/signature"
	"esoz/internal/resource/approvals"
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

// herd are the copies of one object of the world.
type herd struct {
	id       uuid.UUID // of the original
	table    string    // of rows
	document string    // collection of documents
	original bson.D    // document
	secret   string    // value of the token
	exchange bool      // the token is a code

	numbers []string // of the original's person, which each copy has others in place of
	methods []string // by which the original confirms, and each copy by one of its own in place of each
	place   int      // among the herds

	ids    []uuid.UUID
	phones []string // of codes
	next   atomic.Int64
}

// take returns a copy that nobody has had, and leaves some.
func (h *herd) take(leaves int) (i int, ok bool) {
	if h.left() <= leaves {
		return 0, false
	}
	i = int(h.next.Add(1)) - 1
	return i, i < len(h.ids)
}

// left is how many copies nobody has had.
func (h *herd) left() int { return len(h.ids) - len(h.taken()) }

// value is that of a copy of a token.
func (h *herd) value(id uuid.UUID) string { return h.secret + "-" + id.String() }

// taken are the copies that somebody has had.
func (h *herd) taken() []uuid.UUID { return h.ids[:min(len(h.ids), int(h.next.Load()))] }

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
			known = known || slices.Contains(ofOneRequest, op.OperationID)
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

// ofOneRequest are operations on dispenses that read and change the device request, which has one dispense at a time: copies
// would share the request of the world. Races and kills between two steps try them.
var ofOneRequest = []string{"createDeviceDispense", "completeDeviceDispense"}

// add makes a case of the world repeatable.
func (l *load) add(t *testing.T, c world.Case) {
	t.Helper()
	if registered(c.OperationID).Still || slices.Contains(ofOneRequest, c.OperationID) {
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
	if d.signs != "" && len(d.content.Signatures) == 0 {
		return // esoz serve takes signed content only
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

// number is the tax id and the number of the document of a copy's person, as rows makes it.
func (h *herd) number(i int) string { return fmt.Sprintf("7%03d%06d", h.place, i+1) }

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

// herd copies an object, wherever it is kept, once for each operation on it.
func (l *load) herd(t *testing.T, operation string, id uuid.UUID) *herd {
	t.Helper()
	key := uuid.NewSHA1(id, []byte(operation))
	if known := l.herds[key]; known != nil {
		return known
	}
	h := l.rows(t, id)
	if h == nil {
		h = l.documents(t, id)
	}
	require.NotNil(t, h, "%s works on %s, which no table and no collection has", operation, id)
	l.herds[key] = h
	return h
}

// tables are all tables whose rows have ids, as they are named in statements.
func (l *load) tables(t *testing.T) []string {
	t.Helper()
	rows, err := l.rig.pool.Query(t.Context(), `
		SELECT format('%I.%I', table_schema, table_name)
		FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
		WHERE column_name = 'id' AND udt_name = 'uuid' AND table_type = 'BASE TABLE'
		ORDER BY 1`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

func (l *load) rows(t *testing.T, id uuid.UUID) *herd {
	t.Helper()
	for _, table := range l.tables(t) {
		var here bool
		require.NoError(t, l.rig.pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT 1 FROM "+table+" WHERE id = $1)", id).Scan(&here))
		if !here {
			continue
		}
		h := &herd{id: id, table: table, place: len(l.herds)}
		require.NoError(t, l.rig.pool.QueryRow(t.Context(), `
			SELECT ARRAY (SELECT n FROM unnest(ARRAY[j #>> '{data,person,tax_id}', j #>> '{data,person,documents,0,number}']) n WHERE n <> '')
			FROM (SELECT to_jsonb(r) FROM `+table+` AS r WHERE id = $1) AS o (j)`, id).Scan(&h.numbers))
		rows, err := l.rig.pool.Query(t.Context(), fmt.Sprintf(`
			INSERT INTO %[1]s
			SELECT fresh.* FROM %[1]s original, generate_series(1, $2::integer) n,
				LATERAL (SELECT to_jsonb(original) AS j, '7' || lpad($4::integer::text, 3, '0') || lpad(n::text, 6, '0') AS number, gen_random_uuid() AS id) v,
				LATERAL jsonb_populate_record(original, -- what is stored within the row names the copy, too
					replace(replace(replace(j::text, j ->> 'id', v.id::text), coalesce(($3::text[])[1], ''), v.number), coalesce(($3::text[])[2], ''), v.number)::jsonb
					|| jsonb_build_object('declaration_id', gen_random_uuid(), 'declaration_number', gen_random_uuid(), '', n)) fresh
			WHERE original.id = $1
			ORDER BY n
			RETURNING id`, table), id, l.flock.rows, h.numbers, h.place)
		require.NoError(t, err)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		require.NoError(t, err, "copy a row of %s", table)
		l.belongings(t, id, ids)
		h.ids, h.methods = ids, l.methods(t, id, ids)
		return h
	}
	return nil
}

// belongings gives copies of an object what the original is confirmed by: its live code and its scans.
func (l *load) belongings(t *testing.T, original uuid.UUID, copies []uuid.UUID) {
	t.Helper()
	codes, hashes := make([]uuid.UUID, len(copies)), make([][]byte, len(copies))
	for i := range copies {
		codes[i] = uuid.New()
		hashes[i] = l.rig.keys.Code(codes[i], world.LiveCode)
	}
	_, err := l.rig.pool.Exec(t.Context(), `
		INSERT INTO otp.verifications (id, phone_number, resource_id, status, code_hash, code_expired_at, active, attempts_count, inserted_at)
		SELECT fresh.id, phone_number, fresh.resource, status, fresh.hash, code_expired_at, active, attempts_count, inserted_at
		FROM otp.verifications, unnest($2::uuid[], $3::uuid[], $4::bytea[]) AS fresh (id, resource, hash) WHERE resource_id = $1 AND active`,
		original, codes, copies, hashes)
	require.NoError(t, err, "copy a code")
	_, err = l.rig.pool.Exec(t.Context(), `
		INSERT INTO il.media SELECT replace(name, $1, fresh.id::text), content, inserted_at
		FROM il.media, unnest($2::uuid[]) AS fresh (id) WHERE name LIKE '%' || $1 || '%'`, original.String(), copies)
	require.NoError(t, err, "copy scans")
}

// methods gives copies of a person authentication methods of their own, and returns the original's.
func (l *load) methods(t *testing.T, original uuid.UUID, copies []uuid.UUID) []string {
	t.Helper()
	rows, err := l.rig.pool.Query(t.Context(), "SELECT id::text FROM mpi.person_authentication_methods WHERE person_id = $1", original)
	require.NoError(t, err)
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, method := range known {
		own := make([]uuid.UUID, len(copies))
		for i, person := range copies {
			own[i] = methodOf(person, method)
		}
		_, err := l.rig.pool.Exec(t.Context(), `
			INSERT INTO mpi.person_authentication_methods
			SELECT fresh.* FROM mpi.person_authentication_methods original, unnest($2::uuid[], $3::uuid[]) AS own (id, person_id),
				LATERAL jsonb_populate_record(original, jsonb_build_object('id', own.id, 'person_id', own.person_id)) fresh
			WHERE original.id = $1`, method, own, copies)
		require.NoError(t, err, "copy an authentication method")
	}
	return known
}

// methodOf a copy of a person stands for a method of the original.
func methodOf(person uuid.UUID, method string) uuid.UUID { return uuid.NewSHA1(person, []byte(method)) }

// naming is a body that names the copy's authentication method in place of the original's.
func (h *herd) naming(body any, person uuid.UUID) any {
	sent, _ := body.(map[string]any)
	method, _ := sent["authentication_method"].(map[string]any)
	if id, ok := method["id"].(string); ok && slices.Contains(h.methods, id) {
		return bodyWith(body, "authentication_method", bodyWith(method, "id", methodOf(person, id).String()))
	}
	return body
}

// tokens copies a token, with values of their own. The copies belong to no
// refresh token, with which a logout would end them all.
func (l *load) tokens(t *testing.T, secret string) *herd {
	t.Helper()
	h := &herd{table: tokenTable, secret: secret}
	hashes := [][]byte{}
	for range l.flock.documents {
		id := uuid.New()
		h.ids, hashes = append(h.ids, id), append(hashes, seal.Token(h.value(id)))
	}
	require.NoError(t, l.rig.pool.QueryRow(t.Context(), "SELECT id FROM mithril.tokens WHERE value_hash = $1", seal.Token(secret)).Scan(&h.id))
	_, err := l.rig.pool.Exec(t.Context(), `
		INSERT INTO mithril.tokens (id, name, value_hash, expires_at, user_id, details, inserted_at, updated_at)
		SELECT fresh.id, t.name, fresh.hash, t.expires_at, t.user_id, t.details - 'refresh_token_id', t.inserted_at, t.updated_at
		FROM mithril.tokens t, unnest($2::uuid[], $3::bytea[]) AS fresh (id, hash) WHERE t.id = $1`, h.id, h.ids, hashes)
	require.NoError(t, err)
	l.herds[uuid.New()] = h
	return h
}

const tokenTable = "mithril.tokens"

func (l *load) documents(t *testing.T, id uuid.UUID) *herd {
	t.Helper()
	var found *herd
	err := l.rig.withDocuments(t.Context(), func(store *mongo.Database) error {
		collections, err := store.ListCollectionNames(t.Context(), bson.D{})
		if err != nil {
			return err
		}
		for _, name := range collections {
			var original bson.D
			err := store.Collection(name).FindOne(t.Context(), bson.D{{Key: "_id", Value: id}}).Decode(&original)
			if errors.Is(err, mongo.ErrNoDocuments) {
				continue
			}
			if err != nil {
				return err
			}
			found = &herd{id: id, document: name, original: original}
			return found.copyDocuments(t.Context(), store.Collection(name), l.flock.documents+l.leaves)
		}
		return nil
	})
	require.NoError(t, err)
	if found != nil {
		l.belongings(t, id, found.ids)
	}
	return found
}

func (h *herd) copyDocuments(ctx context.Context, collection *mongo.Collection, n int) error {
	const batch = 200
	for len(h.ids) < n {
		documents := make([]any, min(batch, n-len(h.ids)))
		for i := range documents {
			id := uuid.New()
			copied := slices.Clone(h.original)
			for j := range copied {
				switch copied[j].Key {
				case "_id":
					copied[j].Value = bson.Binary{Subtype: bson.TypeBinaryUUID, Data: id[:]}
				case "granted_resources": // an approval ends earlier ones that open the same
					copied[j].Value = []approvals.Reference{approvals.To("episode_of_care", uuid.New())}
				}
			}
			documents[i] = copied
			h.ids = append(h.ids, id)
		}
		if _, err := collection.InsertMany(ctx, documents); err != nil {
			return fmt.Errorf("copy documents: %w", err)
		}
	}
	return nil
}

// prepareCodes sends codes to phones as if somebody had asked for them.
func (l *load) prepareCodes(t *testing.T) {
	t.Helper()
	before := clock.New().Now().Add(-time.Second)
	_, err := l.rig.pool.CopyFrom(t.Context(), pgx.Identifier{"otp", "verifications"},
		[]string{"id", "phone_number", "status", "code_hash", "code_expired_at", "active", "attempts_count", "inserted_at"},
		pgx.CopyFromSlice(l.flock.rows, func(i int) ([]any, error) {
			id := uuid.New()
			l.codes.ids = append(l.codes.ids, id)
			l.codes.phones = append(l.codes.phones, fmt.Sprintf("+38067%07d", i))
			return []any{id, l.codes.phones[i], "new", l.rig.keys.Code(id, world.LiveCode), before.Add(24 * time.Hour), true, 0, before}, nil
		}))
	require.NoError(t, err)
	l.codes.table = "otp.verifications"
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
