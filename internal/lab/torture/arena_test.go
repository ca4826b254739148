package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/world"
)

// severalServers returns the URI of a document store that several servers may
// use: one whose findAndModify is atomic. Where ESOZ_TEST_MONGODB_URI names none,
// the test fails in a full run and is not done otherwise: the FerretDB that tests start is
// for one server. make several-servers starts another store.
func severalServers(t *testing.T) string {
	t.Helper()
	uri := documentsOfTests()
	require.False(t, *full && uri == "", "ESOZ_TEST_MONGODB_URI must name a document store that several servers may use")
	if uri == "" {
		t.Skip("NOT CHECKED: several servers (no MongoDB-compatible store)")
	}
	return uri
}

// arena is where callers contend: servers on one pair of databases, and a way
// to look and to change things behind their backs.
type arena struct {
	*rig
	ring  []*server
	store *mongo.Database
	alone bool // the store must not be written to while a server works: it is FerretDB 1
}

// newArena starts servers on a document store. The URI is empty for the sandbox's
// FerretDB, on which there may be one server. Settings are those of all servers.
func newArena(t *testing.T, uri string, servers int, settings ...string) *arena {
	t.Helper()
	a := &arena{rig: newRig(t, rigOptions{Documents: uri})}
	for range servers {
		a.ring = append(a.ring, a.serve(append([]string{
			"ENGINE_TIMEOUT=50s", "REQUEST_TIMEOUT=50s", // who waits for a slow store is late, not refused
			"ALLOW_OTHER_LE_EMPLOYEES_TO_MANAGE_EPISODE=true", // the clients are many
		}, settings...)...))
	}
	var err error
	a.store, err = mongodb.Open(a.mongo, a.documents, rigPatience)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, mongodb.Close(context.Background(), a.store)) })
	a.alone, err = mongodb.IsFerretDB1(t.Context(), a.store)
	require.NoError(t, err)
	return a
}

// urls are those of all servers.
func (a *arena) urls() (urls []string) {
	for _, s := range a.ring {
		urls = append(urls, s.url)
	}
	return urls
}

// told is what a caller learns in the end, from the answer or from the job.
type told struct {
	Status        int
	Type, Message string // of a refusal
}

func (o told) passed() bool { return o.Status < http.StatusBadRequest && o.Type == "" }

// reply is the answer to a request.
type reply struct {
	told
	job  string // id of the job that carries the request out, "" when there is none
	data json.RawMessage
}

// plain sends requests as they are. It follows no job's links.
var plain = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: contenders},
	Timeout:       rigPatience,
}

// callServer sends a request and reads what the caller is told.
func callServer(ctx context.Context, url string, request world.Request) (r reply, err error) {
	var body io.Reader
	switch {
	case request.Raw != "":
		body = strings.NewReader(request.Raw)
	case request.Body != nil:
		raw, err := json.Marshal(request.Body)
		if err != nil {
			return r, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, request.Method, url+request.Path, body)
	if err != nil {
		return r, err
	}
	for name, value := range request.Headers {
		req.Header.Set(name, value)
	}
	res, err := plain.Do(req)
	if err != nil {
		return r, err
	}
	defer res.Body.Close()
	var envelope struct {
		Data  json.RawMessage
		Error struct{ Type, Message string }
	}
	if err := json.NewDecoder(res.Body).Decode(&envelope); err != nil {
		return r, fmt.Errorf("%s %s answered %d: %w", request.Method, request.Path, res.StatusCode, err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil { // or the connection is not used again
		return r, err
	}
	r = reply{told: told{res.StatusCode, envelope.Error.Type, envelope.Error.Message}, data: envelope.Data}
	if res.StatusCode == http.StatusAccepted {
		var pending struct{ Links []struct{ Href string } }
		if err := json.Unmarshal(r.data, &pending); err != nil {
			return r, fmt.Errorf("decode job: %w", err)
		}
		if len(pending.Links) != 1 {
			return r, fmt.Errorf("a pending job has %d links", len(pending.Links))
		}
		r.job = path.Base(pending.Links[0].Href)
	}
	return r, nil
}

// rush sends requests at the same time, to all servers in turn.
func (a *arena) rush(t *testing.T, requests []world.Request) []reply {
	t.Helper()
	replies, errs := make([]reply, len(requests)), make([]error, len(requests))
	begin := make(chan struct{})
	var wait sync.WaitGroup
	for i, request := range requests {
		wait.Go(func() {
			<-begin
			replies[i], errs[i] = callServer(t.Context(), a.ring[i%len(a.ring)].url, request)
		})
	}
	close(begin)
	wait.Wait()
	require.NoError(t, errors.Join(errs...))
	return replies
}

// until looks again and again whether something is so, and fails the test when
// it does not come to be.
func (a *arena) until(t *testing.T, what string, done func() (bool, error)) {
	t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(3 * rigPatience) // of a job that its server has left behind
	for {
		ok, err := done()
		require.NoError(t, err, what)
		if ok {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// ends waits for the jobs of replies and returns what each of them tells.
func (a *arena) ends(t *testing.T, replies []reply, request world.Request) map[string]told {
	t.Helper()
	ends := map[string]told{}
	for _, r := range replies {
		if r.job != "" {
			ends[r.job] = told{}
		}
	}
	if len(ends) == 0 {
		return ends
	}
	ids := slices.Collect(maps.Keys(ends))
	a.until(t, "the jobs end", func() (done bool, err error) {
		err = a.pool.QueryRow(t.Context(), "SELECT NOT EXISTS (SELECT 1 FROM jobs.jobs WHERE id = ANY($1) AND status = $2)", ids, jobs.Pending).Scan(&done)
		return done, err
	})
	for _, id := range ids {
		r, err := callServer(t.Context(), a.ring[0].url, world.Request{Method: http.MethodGet, Path: "/api/jobs/" + id, Headers: request.Headers})
		require.NoError(t, err)
		var job struct {
			Status     string
			StatusCode int `json:"status_code"`
			Error      struct{ Type, Message string }
		}
		require.NoError(t, json.Unmarshal(r.data, &job))
		ends[id] = told{job.StatusCode, job.Error.Type, job.Error.Message}
		require.Equal(t, job.Status == "processed", ends[id].passed(), "job %s is %s and says %+v", id, job.Status, ends[id])
	}
	return ends
}

// footprint counts what changes leave behind.
type footprint struct{ audit, events int }

func (a *arena) footprint(t *testing.T) (f footprint) {
	t.Helper()
	require.NoError(t, a.pool.QueryRow(t.Context(),
		"SELECT (SELECT count(*) FROM prm.audit_log), (SELECT count(*) FROM event_manager.events)").Scan(&f.audit, &f.events))
	return f
}

func (f footprint) since(earlier footprint) footprint {
	return footprint{f.audit - earlier.audit, f.events - earlier.events}
}

func (f footprint) times(n int) footprint { return footprint{f.audit * n, f.events * n} }

// picture is what both databases hold: rows as JSON by table and id, documents
// by collection and id.
type picture struct {
	rows      map[string]map[uuid.UUID]string
	documents map[string]map[string]bson.Raw
}

// Where things have a state that operations change.
var (
	stateful    = []string{"mithril", "prm", "mpi", "ops", "il", "otp"}
	collections = []string{
		"patients", "approvals", "service_requests", "device_dispenses", "device_requests", "episodes", "visits", "encounters", "conditions",
		"observations", "diagnostic_reports", "procedures", "immunizations", "allergy_intolerances", "risk_assessments", "specimens", "compositions", "care_plans", "activities", "numbers",
	}
)

func (a *arena) picture(t *testing.T) picture {
	t.Helper()
	p := picture{map[string]map[uuid.UUID]string{}, map[string]map[string]bson.Raw{}}
	for _, table := range a.tables(t) {
		p.rows[table] = map[uuid.UUID]string{}
		rows, err := a.pool.Query(t.Context(), "SELECT id, to_jsonb(r)::text FROM "+table+" AS r")
		require.NoError(t, err)
		for rows.Next() {
			var id uuid.UUID
			var row string
			require.NoError(t, rows.Scan(&id, &row))
			p.rows[table][id] = row
		}
		require.NoError(t, rows.Err())
	}
	for _, collection := range collections {
		p.documents[collection] = map[string]bson.Raw{}
		cursor, err := a.store.Collection(collection).Find(t.Context(), bson.D{})
		require.NoError(t, err)
		var all []bson.Raw
		require.NoError(t, cursor.All(t.Context(), &all))
		for _, document := range all {
			p.documents[collection][document.Lookup("_id").String()] = document
		}
	}
	return p
}

// has tells whether a table has the row.
func (p picture) has(id uuid.UUID) bool {
	for _, rows := range p.rows {
		if _, here := rows[id]; here {
			return true
		}
	}
	for _, documents := range p.documents {
		for _, d := range documents {
			if _, raw, ok := d.Lookup("_id").BinaryOK(); ok && bytes.Equal(raw, id[:]) {
				return true
			}
		}
	}
	return false
}

func (a *arena) tables(t *testing.T) (tables []string) {
	t.Helper()
	err := a.pool.QueryRow(t.Context(), `
		SELECT array_agg(format('%I.%I', c.table_schema, c.table_name))
		FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.column_name = 'id' AND c.data_type = 'uuid' AND t.table_type = 'BASE TABLE'
		  AND c.table_schema = ANY($1) AND c.table_name NOT IN ('audit_log', 'sms_logs')`, stateful).Scan(&tables)
	require.NoError(t, err)
	return tables
}

// formerRow and formerDocument are things as they were before a transition.
type (
	formerRow struct {
		table string
		id    uuid.UUID
		row   string
		set   string // the statement that makes it so again
	}
	formerDocument struct {
		collection string
		document   bson.Raw
	}
)

// changesTo lists what is no longer as it was.
func (p picture) changesTo(t *testing.T, now picture) (rows []formerRow, documents []formerDocument) {
	t.Helper()
	for table, was := range p.rows {
		for id, row := range was {
			if is, there := now.rows[table][id]; there && is != row {
				rows = append(rows, formerRow{table, id, row, restoring(t, table, row, is)})
			}
		}
	}
	for collection, was := range p.documents {
		for id, document := range was {
			if is, there := now.documents[collection][id]; there && !bytes.Equal(is, document) {
				documents = append(documents, formerDocument{collection, document})
			}
		}
	}
	return rows, documents
}

// addedIn lists the documents that are new in a later picture.
func (p picture) addedIn(now picture) (documents []formerDocument) {
	for collection, is := range now.documents {
		for id, document := range is {
			if _, there := p.documents[collection][id]; !there {
				documents = append(documents, formerDocument{collection, document})
			}
		}
	}
	return documents
}

// restoring is the statement that gives the columns that differ their former values.
func restoring(t *testing.T, table, was, is string) string {
	t.Helper()
	var former, latter map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(was), &former))
	require.NoError(t, json.Unmarshal([]byte(is), &latter))
	var columns []string
	for column, value := range former {
		if !bytes.Equal(value, latter[column]) {
			columns = append(columns, column)
		}
	}
	names := strings.Join(columns, ", ")
	return fmt.Sprintf("UPDATE %s SET (%s) = (SELECT %s FROM jsonb_populate_record(NULL::%s, $1)) WHERE id = $2", table, names, names, table)
}

// withdrawOthers takes everything else out of the collections of documents until
// the test ends: to find one, FerretDB 1 reads what stands before it.
func (a *arena) withdrawOthers(t *testing.T, documents []formerDocument) {
	t.Helper()
	kept := map[string]bson.A{}
	for _, d := range documents {
		kept[d.collection] = append(kept[d.collection], d.document.Lookup("_id"))
	}
	for name, ids := range kept {
		collection, others := a.store.Collection(name), bson.D{{Key: "_id", Value: bson.D{{Key: "$nin", Value: ids}}}}
		cursor, err := collection.Find(t.Context(), others)
		require.NoError(t, err)
		var withdrawn []bson.Raw
		require.NoError(t, cursor.All(t.Context(), &withdrawn))
		if len(withdrawn) == 0 {
			continue
		}
		_, err = collection.DeleteMany(t.Context(), others)
		require.NoError(t, err)
		t.Cleanup(func() {
			_, err := collection.InsertMany(context.Background(), withdrawn)
			require.NoError(t, err)
		})
	}
}

// unmarked waits until jobs have taken their marks off documents.
func (a *arena) unmarked(t *testing.T, documents []formerDocument) {
	t.Helper()
	for _, d := range documents {
		a.until(t, "the marks of jobs go", func() (bool, error) {
			var now struct {
				Marks []bson.Raw `bson:"applied_jobs"`
			}
			err := a.store.Collection(d.collection).FindOne(t.Context(), bson.D{{Key: "_id", Value: d.document.Lookup("_id")}}).Decode(&now)
			return len(now.Marks) == 0, err
		})
	}
}

// invite makes users who may do what the user of a request may, and returns the
// request as each of them sends it.
func (a *arena) invite(t *testing.T, request world.Request, n int) []world.Request {
	t.Helper()
	ids, emails, hashes, requests := make([]uuid.UUID, n), make([]string, n), make([][]byte, n), make([]world.Request, n)
	for i := range n {
		ids[i] = uuid.New()
		token := "torture-" + ids[i].String()
		emails[i], hashes[i] = token+"@example.com", seal.Token(token)
		requests[i] = request.Bearing(token)
	}
	own := strings.TrimPrefix(request.Headers["Authorization"], "Bearer ")
	tag, err := a.pool.Exec(t.Context(), `
		WITH host AS (
			SELECT t.name, t.expires_at, t.details, t.user_id, u.password, u.password_set_at, u.inserted_at
			FROM mithril.tokens t JOIN mithril.users u ON u.id = t.user_id
			WHERE t.value_hash = $1 AND t.name = 'access_token'
		), guests AS (
			INSERT INTO mithril.users (id, email, password, password_set_at, inserted_at, updated_at)
			SELECT g.id, g.email, password, password_set_at, inserted_at, inserted_at
			FROM host, unnest($2::uuid[], $3::text[]) AS g (id, email)
		), persons AS ( -- who signs is known by the party
			INSERT INTO prm.party_users (id, user_id, party_id, inserted_at, updated_at)
			SELECT g.id, g.id, p.party_id, p.inserted_at, p.updated_at
			FROM host JOIN prm.party_users p ON p.user_id = host.user_id, unnest($2::uuid[]) AS g (id)
		)
		INSERT INTO mithril.tokens (id, name, value_hash, expires_at, user_id, details, inserted_at, updated_at)
		SELECT g.id, name, g.hash, expires_at, g.id, details, inserted_at, inserted_at
		FROM host, unnest($2::uuid[], $4::bytea[]) AS g (id, hash)`, seal.Token(own), ids, emails, hashes)
	require.NoError(t, err)
	require.EqualValues(t, n, tag.RowsAffected(), "the request has no token of a user")
	return requests
}
