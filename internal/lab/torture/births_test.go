package torture

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/episodes"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/world"
)

// model is a request of the world whose job makes something new, each time that the request comes with other ids.
type model struct {
	deed
	ids      map[string][]string // that the request gives, by collection
	episode  string              // that an encounter package changes; "" for other jobs
	episodes []uuid.UUID         // copies of it

	// Carrying it out once has shown:
	steps []string // between its writes
	left  imprint
}

// imprint is what a job leaves in PostgreSQL.
type imprint struct{ audit, events, media, messages int }

// isPackage tells whether the documents are there together or not at all.
func (m *model) isPackage() bool { return m.episode != "" }

// birth is a request with ids of its own, and what came of it.
type birth struct {
	*model
	request world.Request
	born    map[string][]uuid.UUID // by collection
	within  uuid.UUID              // the episode
	name    string                 // X-Request-Id
	job     string
	refused bool   // its job must fail
	doubled bool   // its job is carried out by two at once
	sent    []byte // content that is signed
	undoes  *birth // the package that it takes back; nil: it makes something new
	plan    *plan  // where its job is interrupted
}

// models are those of the contract, but for requests whose ids are those of objects that are there already.
func models(t *testing.T, w *world.World, store *mongo.Database) (all []*model) {
	t.Helper()
	known := map[string]bool{}
	for _, collection := range collections {
		for id := range stored(t, store, collection) {
			known[id.String()] = true
		}
	}
	adds := map[string]bool{}
	for _, op := range app.Operations() {
		adds[op.ID] = op.Points != nil && op.Update == nil
	}
	for _, c := range w.Cases {
		if !adds[c.OperationID] || len(c.Rules) > 0 || len(c.Config) > 0 || c.OperationID == "createDeviceDispense" { // a request has one at a time
			continue
		}
		m := &model{deed: deed{operation: c.OperationID, request: c.Request}, ids: map[string][]string{}}
		m.readSigned(t)
		if m.isUnsigned() {
			continue
		}
		content := map[string]any{}
		if m.content != nil {
			require.NoError(t, json.Unmarshal(m.content.JSON, &content))
		}
		body := bodyWith(c.Request.Body, m.signs, nil)
		delete(body, m.signs) // it is made anew
		m.request.Body = body
		m.collect(body)
		m.collect(content)
		if len(m.ids) == 0 || slices.ContainsFunc(slices.Concat(slices.Collect(maps.Values(m.ids))...), func(id string) bool { return known[id] }) {
			continue
		}
		if len(m.ids["encounters"]) > 0 {
			m.episode, _ = valueAt(content, "encounter", "episode", "identifier", "value").(string)
		}
		all = append(all, m)
	}
	return all
}

func valueAt(value any, names ...string) any {
	for _, name := range names {
		fields, _ := value.(map[string]any)
		value = fields[name]
	}
	return value
}

// collect finds the ids that a body or its content gives: its own, and those of the objects in it.
func (m *model) collect(content map[string]any) {
	add := func(collection string, of any) {
		if id, ok := valueAt(of, "id").(string); ok {
			m.ids[collection] = append(m.ids[collection], id)
		}
	}
	add(path.Base(m.request.Path), content)
	for name, value := range content {
		add(name+"s", value)
		items, _ := value.([]any)
		for _, item := range items {
			add(name, item)
		}
	}
}

// makeRoom gives packages episodes of their own, so many of each, and lets activities of care plans have any number of referrals.
func makeRoom(t *testing.T, all []*model, store *mongo.Database, n int) {
	t.Helper()
	_, err := store.Collection("activities").UpdateMany(t.Context(), bson.D{{Key: "detail.quantity", Value: bson.D{{Key: "$exists", Value: true}}}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "detail.quantity.value", Value: 1_000_000}}}})
	require.NoError(t, err)
	copied := map[string][]uuid.UUID{}
	for _, m := range all {
		if !m.isPackage() {
			continue
		}
		if copied[m.episode] == nil {
			h := &herd{id: uuid.MustParse(m.episode)}
			collection := store.Collection(episodes.Collection)
			require.NoError(t, collection.FindOne(t.Context(), bson.D{{Key: "_id", Value: h.id}}).Decode(&h.original))
			require.NoError(t, h.copyDocuments(t.Context(), collection, n))
			copied[m.episode] = h.ids
		}
		m.episodes = copied[m.episode]
	}
}

// fresh is the request with ids of its own. A package is of the n-th episode.
func (m *model) fresh(n int) *birth {
	b := &birth{model: m, request: m.request, born: map[string][]uuid.UUID{}}
	var pairs []string
	for collection, ids := range m.ids {
		for _, id := range ids {
			own := uuid.New()
			b.born[collection] = append(b.born[collection], own)
			pairs = append(pairs, id, own.String())
		}
	}
	if m.isPackage() {
		b.within = m.episodes[n%len(m.episodes)]
		pairs = append(pairs, m.episode, b.within.String())
	}
	renew := strings.NewReplacer(pairs...)
	raw, err := json.Marshal(m.request.Body)
	if err != nil {
		panic(err) // it was JSON
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(renew.Replace(string(raw))), &body); err != nil {
		panic(err)
	}
	if m.signs != "" {
		b.sent = []byte(renew.Replace(string(m.content.JSON)))
		body[m.signs] = m.sign(b.sent)
	}
	b.request.Body = body
	return b
}

// sign signs content as the model's is signed.
func (m *model) sign(content []byte) string {
	by := authority.Owner{Signer: m.content.Signatures[0].Signer}
	return base64.StdEncoding.EncodeToString(authority.New().SignBy(content, by, clock.New().Now()))
}

// ids of all documents of the birth.
func (b *birth) all() []uuid.UUID { return slices.Concat(slices.Collect(maps.Values(b.born))...) }

// nursery is where births happen: what they must come to is known.
type nursery struct {
	pool  *pgxpool.Pool
	store *mongo.Database

	mu     sync.Mutex
	births []*birth
	of     map[uuid.UUID]*birth // by the ids of documents

	former   int // messages
	findings []string

	url      string
	mortal   bool // its server is killed now and then
	readings []reading
	looks    atomic.Int64
}

func (n *nursery) expect(b *birth) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.births = append(n.births, b)
	for _, id := range b.all() {
		n.of[id] = b
	}
}

// accept notes the job of a birth.
func (n *nursery) accept(b *birth, job string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b.job = job
}

// parent is the birth of a document.
func (n *nursery) parent(id uuid.UUID) *birth {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.of[id]
}

// anyPackage is one of them, nil when it happens to be something else.
func (n *nursery) anyPackage() *birth {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.births) == 0 {
		return nil
	}
	newest := min(len(n.births), 100)
	if b := n.births[len(n.births)-1-rand.IntN(newest)]; b.isPackage() {
		return b
	}
	return nil
}

func (n *nursery) find(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.findings = append(n.findings, fmt.Sprintf(format, args...))
}

// requireNone fails the test when anything was found.
func (n *nursery) requireNone(t *testing.T) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	require.Empty(t, n.findings[:min(len(n.findings), 20)], "%d findings", len(n.findings))
}

// stored are the documents of a collection.
func stored(t *testing.T, store *mongo.Database, collection string) map[uuid.UUID]bson.Raw {
	t.Helper()
	cursor, err := store.Collection(collection).Find(t.Context(), bson.D{})
	require.NoError(t, err)
	var all []bson.Raw
	require.NoError(t, cursor.All(t.Context(), &all))
	found := make(map[uuid.UUID]bson.Raw, len(all))
	for _, document := range all {
		if _, raw, ok := document.Lookup("_id").BinaryOK(); ok {
			found[uuid.UUID(raw)] = document
		}
	}
	return found
}

// imprints are what PostgreSQL holds about each object.
func (n *nursery) imprints(t *testing.T) map[string]imprint {
	t.Helper()
	found := map[string]imprint{}
	for _, of := range []struct {
		query string
		note  func(i *imprint, n int)
	}{
		{"SELECT resource_id, count(*) FROM prm.audit_log GROUP BY 1", func(i *imprint, n int) { i.audit = n }},
		{"SELECT entity_id::text, count(*) FROM event_manager.events GROUP BY 1", func(i *imprint, n int) { i.events = n }},
		{"SELECT split_part(name, '/', 2), count(*) FROM il.media GROUP BY 1", func(i *imprint, n int) { i.media = n }},
	} {
		rows, err := n.pool.Query(t.Context(), of.query)
		require.NoError(t, err)
		var id string
		var many int
		_, err = pgx.ForEachRow(rows, []any{&id, &many}, func() error {
			i := found[id]
			of.note(&i, many)
			found[id] = i
			return nil
		})
		require.NoError(t, err)
	}
	return found
}

// imprintOf sums up what there is about the documents of a birth.
func imprintOf(b *birth, left map[string]imprint) (sum imprint) {
	for _, id := range b.all() {
		one := left[id.String()]
		sum = imprint{sum.audit + one.audit, sum.events + one.events, sum.media + one.media, 0}
	}
	return sum
}

func (n *nursery) messages(t *testing.T) (all int) {
	t.Helper()
	require.NoError(t, n.pool.QueryRow(t.Context(), "SELECT count(*) FROM otp.sms_logs").Scan(&all))
	return all
}

// audit compares what there is with what the jobs have told: each birth is there as a whole and once, or not at all.
// It returns how many are there.
func (n *nursery) audit(t *testing.T) (whole int) {
	t.Helper()
	messages := 0
	documents := map[string]map[uuid.UUID]bson.Raw{}
	for _, collection := range collections {
		documents[collection] = stored(t, n.store, collection)
	}
	rows, err := n.pool.Query(t.Context(), "SELECT id, status FROM jobs.jobs")
	require.NoError(t, err)
	statuses := map[string]int32{}
	var job string
	var status int32
	_, err = pgx.ForEachRow(rows, []any{&job, &status}, func() error {
		statuses[job] = status
		return nil
	})
	require.NoError(t, err)
	left := n.imprints(t)
	packages := map[uuid.UUID][]uuid.UUID{} // encounters by their episode
	for _, b := range n.births {
		status, ended := statuses[b.job]
		there := status == jobs.Processed
		switch {
		case b.job == "": // the request was not answered and has left no job
			there = false
		case !ended || status == jobs.Pending:
			n.find("job %s of %s has not ended", b.job, b.operation)
			continue
		case there == b.refused || status == jobs.FailedWithError:
			n.find("job %s of %s ended in status %d, %s", b.job, b.operation, status, b.plan)
		}
		for collection, ids := range b.born {
			for _, id := range ids {
				document, is := documents[collection][id]
				if is != there {
					n.find("%s of %s: there %t, in spite of its job in status %d", id, collection, is, status)
				}
				if !is {
					continue
				}
				if visible, ok := document.Lookup("visible").BooleanOK(); ok && !visible {
					n.find("%s of %s is not shown", id, collection)
				}
				if marks, _ := document.Lookup("applied_jobs").Array().Values(); len(marks) > 0 && b.isPackage() {
					n.find("%s of %s has marks", id, collection)
				}
			}
		}
		want := imprint{}
		if there {
			want = b.left
			messages += want.messages
			whole++
		}
		want.messages = 0
		if sum := imprintOf(b, left); sum != want {
			n.find("%s has left %+v and not %+v", b.operation, sum, want)
		}
		if b.isPackage() {
			encounters := packages[b.within]
			if there {
				encounters = append(encounters, b.born["encounters"]...)
			}
			packages[b.within] = encounters
		}
	}
	for id, encounters := range packages {
		var episode episodes.Document
		require.NoError(t, mongodb.Document(documents[episodes.Collection][id]).Decode(&episode))
		var told []uuid.UUID
		for _, item := range episode.DiagnosesHistory {
			told = append(told, item.Evidence.Identifier.Value)
		}
		if left[id.String()].audit != len(encounters) {
			n.find("episode %s of %d packages has %d audit rows", id, len(encounters), left[id.String()].audit)
		}
		for _, encounter := range encounters {
			if i := slices.Index(told, encounter); i >= 0 {
				told = slices.Delete(told, i, i+1)
				continue
			}
			n.find("episode %s does not name encounter %s", id, encounter)
		}
		for _, encounter := range told {
			if n.of[encounter] != nil {
				n.find("the history of episode %s names encounter %s, which it names twice or which is not stored", id, encounter)
			}
		}
	}
	if all := n.messages(t); n.former+messages != all {
		n.find("%d messages and not %d", all, n.former+messages)
	}
	return whole
}
