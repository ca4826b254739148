package bench

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	vegeta "github.com/tsenart/vegeta/v12/lib"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"golang.org/x/sync/errgroup"

	"esoz/internal/app"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/seal"
	"esoz/internal/sandbox/world"
)

const aboutB3 = `%d clients move documents out of a state (release service requests, stop device dispenses), each document once, %d documents in a round.
A change by esoz is counted when its job has ended: its checks, the change of the document, the event, the audit row and the end of the job are done; the latencies are those of the 202.
The floor is a bare echo with pgx, River and the driver of the store that does the same without a check: the job and its River job in one transaction; then the guarded update; event, audit row and the end of both jobs in one transaction; the removal of the mark.
The raw updates are the same findOneAndUpdate on copies of the same documents in the same store, from a bare Go loop.
The hot document is armed %d times, and each time %d callers, each of them another user, release it at once.
The entries in the history of the document count the winners.
The store is %s`

const (
	ferretDB = "FerretDB over SQLite on one connection, as in the sandbox, which looks through the whole collection for each id: the ratios are fair, the rates are not those of MongoDB."
	named    = "the one that ESOZ_TEST_MONGODB_URI names."
)

const jobsPatience = time.Minute

// patient are settings of a server whose store is slow: what waits for it is
// late, not refused.
var patient = []string{"MONGO_DATABASE=" + contended, "ENGINE_TIMEOUT=50s", "REQUEST_TIMEOUT=50s"}

// Databases of documents that several want.
const (
	contended      = "esoz_contended"
	contendedFloor = "esoz_contended_floor"
	contendedRaw   = "esoz_contended_raw"
)

// transition is an operation that moves a document out of a state, once.
type transition struct {
	operation.Operation
	passing world.Case
	id      uuid.UUID // of the world's document that passes
}

// transitions are those of the server.
func (l *lab) transitions() (all []transition, err error) {
	for _, op := range app.Operations() {
		if op.Update == nil || op.Moves == nil || len(op.Moves.From) == 0 {
			continue
		}
		t := transition{Operation: op}
		var known bool
		if t.passing, known = l.world.Passing(op.ID); !known {
			return nil, fmt.Errorf("the world has no case in which %s passes", op.ID)
		}
		ids := uuids.FindAllString(t.passing.Request.Path, -1)
		if t.id, err = uuid.Parse(ids[len(ids)-1]); err != nil {
			return nil, fmt.Errorf("path of %s: %w", op.ID, err)
		}
		all = append(all, t)
	}
	return all, nil
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// path is that of a call for a copy of the document.
func (t transition) path(id uuid.UUID) string {
	return strings.Replace(t.passing.Request.Path, t.id.String(), id.String(), 1)
}

// place names the world's document.
func (t transition) place() operation.Path {
	p := operation.Path{ID: t.id.String()}
	if ids := uuids.FindAllString(t.passing.Request.Path, -1); len(ids) > 1 {
		p.Patient = ids[0]
	}
	return p
}

// caller is who passes in the world.
func (t transition) caller(w *world.World, at time.Time) operation.Caller {
	c := operation.Caller{Config: &config.Config{}, Now: at}
	for _, token := range w.Tokens {
		if t.passing.Request.Headers["Authorization"] == "Bearer "+token.Value {
			c.UserID, c.ClientID = token.UserID, token.LegalEntityID
		}
	}
	return c
}

// history is the list that the transition adds to, "" when it has none.
func (t transition) history(l *lab) string {
	_, change := t.Update(t.caller(l.world, time.Time{}), l.keys, t.place())
	for field := range change.Push {
		return field
	}
	return ""
}

// stage is where the transitions happen.
type stage struct {
	lab   *lab
	world *mongo.Database // has the documents to copy
	raw   *mongo.Database
	actor // the server
	floor actor
}

// actor is the server or the floor, with its databases.
type actor struct {
	server *service
	pool   *pgxpool.Pool
	store  *mongo.Database // to be used only while the server is idle
}

// b3 changes documents that others want, too.
func (l *lab) b3(ctx context.Context, b *Benchmark) (err error) {
	store := ferretDB
	if l.MongoURI != "" {
		store = named
	}
	b.About = about(aboutB3, l.plan.Callers, l.documents(), l.plan.Armings, l.plan.Callers, store)
	s := &stage{lab: l}
	for database, into := range map[string]**pgxpool.Pool{contended: &s.pool, contendedFloor: &s.floor.pool} {
		if *into, err = l.database(ctx, database); err != nil {
			return err
		}
		defer (*into).Close()
	}
	for database, into := range map[string]**mongo.Database{documents: &s.world, contended: &s.store, contendedFloor: &s.floor.store, contendedRaw: &s.raw} {
		if *into, err = l.openDocuments(database); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, mongodb.Close(context.WithoutCancel(ctx), *into)) }()
	}
	if s.server, err = l.server(ctx, contended, contended, patient...); err != nil {
		return err
	}
	if s.floor.server, err = l.floorWith(ctx, contendedFloor, contendedFloor, append(patient, "MONGO_DATABASE="+contendedFloor)...); err != nil {
		return err
	}
	var contenders []contender
	transitions, err := l.transitions()
	if err != nil {
		return err
	}
	for _, t := range transitions {
		one, err := s.contenders(t)
		if err != nil {
			return err
		}
		contenders = append(contenders, one...)
	}
	if b.Rows, err = l.interleave(ctx, contenders...); err != nil {
		return err
	}
	hot := slices.IndexFunc(transitions, func(t transition) bool { return t.history(l) != "" })
	if hot < 0 {
		return errors.New("no transition of a document keeps a history, by which winners are counted")
	}
	winners, err := s.hot(ctx, transitions[hot])
	if err != nil {
		return err
	}
	b.figure("winners of one arming", "changes", winners...)
	for _, t := range transitions {
		b.reachRate(t.ID+" beside the floor", 0.7, t.ID+": "+ours, t.ID+": "+bare)
		if l.MongoURI == "" {
			b.reachRate(t.ID+" beside the raw update", 0.35, t.ID+": "+ours, t.ID+": raw")
			continue
		}
		own := b.row(t.ID + ": " + ours)
		b.reach(t.ID+" carried out a second", 400, own.Rate().Median, len(own.Rounds) > 0)
	}
	won := statOf(winners)
	b.reach("fewest winners of one arming", 1, won.Min, true)
	b.keep("most winners of one arming", 1, won.Max, "", true)
	return nil
}

func (s *stage) contenders(t transition) ([]contender, error) {
	var ids []uuid.UUID
	fresh := func(into *mongo.Database) func(context.Context) error {
		return func(ctx context.Context) (err error) {
			ids, err = s.fill(ctx, t, into, s.lab.documents())
			return err
		}
	}
	request, err := s.lab.passing(t.ID)
	if err != nil {
		return nil, err
	}
	return []contender{
		{name: t.ID + ": " + ours, process: s.server.process, prepare: fresh(s.store), round: func(ctx context.Context, _ time.Duration) (Round, error) {
			return s.change(ctx, t, request, ids, s.lab.plan.Callers)
		}},
		{name: t.ID + ": " + bare, process: s.floor.server.process, prepare: fresh(s.floor.store), round: func(ctx context.Context, _ time.Duration) (Round, error) {
			return s.floor.change(ctx, t, request, ids, s.lab.plan.Callers)
		}},
		{name: t.ID + ": raw", prepare: fresh(s.raw), round: func(ctx context.Context, _ time.Duration) (Round, error) {
			return s.changeRaw(ctx, t, ids)
		}},
	}, nil
}

// documents are how many a round changes: FerretDB 1 takes its time.
func (l *lab) documents() int {
	if l.MongoURI == "" {
		return l.plan.Documents
	}
	return 20 * l.plan.Documents
}

// fill replaces the documents of a transition by n new ones.
func (s *stage) fill(ctx context.Context, t transition, into *mongo.Database, n int) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.New()
	}
	like, err := model(ctx, s.world.Collection(t.Moves.Collection), t.id)
	if err != nil {
		return nil, err
	}
	collection := into.Collection(t.Moves.Collection)
	if err := deleteAll(ctx, collection); err != nil {
		return nil, err
	}
	if err := add(ctx, collection, n, func(i int) bson.D { return with(like, "_id", ids[i]) }); err != nil {
		return nil, err
	}
	for _, pool := range []*pgxpool.Pool{s.pool, s.floor.pool} {
		if _, err := pool.Exec(ctx, "TRUNCATE jobs.jobs"); err != nil {
			return nil, fmt.Errorf("empty jobs: %w", err)
		}
	}
	return ids, nil
}

// change has the server change each document once and waits for the jobs.
func (a *actor) change(ctx context.Context, t transition, r request, ids []uuid.UUID, callers int) (Round, error) {
	all := make([]vegeta.Target, len(ids))
	for i, id := range ids {
		var err error
		r.Path = t.path(id)
		if all[i], err = target(a.server.url, r); err != nil {
			return Round{}, err
		}
	}
	return a.carryOut(ctx, all, callers)
}

// carryOut sends each request once and waits for the jobs.
func (a *actor) carryOut(ctx context.Context, all []vegeta.Target, callers int) (Round, error) {
	took := clock.Stopwatch()
	round, err := closedLoop(ctx, once(all), callers, jobsPatience)
	if err != nil {
		return round, err
	}
	if err := a.settled(ctx); err != nil {
		return round, err
	}
	round.Time = took()
	var processed int
	if err := a.pool.QueryRow(ctx, "SELECT count(*) FROM jobs.jobs WHERE status = 1").Scan(&processed); err != nil {
		return round, fmt.Errorf("count jobs: %w", err)
	}
	round.missing(processed)
	return round, nil
}

// missing counts as wrong those requests whose jobs have not ended well.
func (r *Round) missing(processed int) {
	if r.Wrong = r.Requests - processed; r.Wrong > 0 && r.Example == "" {
		r.Example = fmt.Sprintf("%d of %d jobs had not ended well after %s", r.Wrong, r.Requests, r.Time.Round(time.Second))
	}
}

// settled waits for the jobs to end.
func (a *actor) settled(ctx context.Context) error {
	return settle(ctx, jobsPatience, func() (done bool, err error) {
		err = a.pool.QueryRow(ctx, "SELECT NOT EXISTS (SELECT 1 FROM jobs.jobs WHERE status = 0)").Scan(&done)
		return done, err
	})
}

// changeRaw sends the server's update, and nothing else, for each document.
func (s *stage) changeRaw(ctx context.Context, t transition, ids []uuid.UUID) (Round, error) {
	documents := mongodb.DocumentsOf(s.raw, t.Moves.Collection)
	var mu sync.Mutex
	var metrics vegeta.Metrics
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.lab.plan.Callers)
	took := clock.Stopwatch()
	for _, id := range ids {
		group.Go(func() error {
			at := s.lab.clock.Now().Truncate(time.Millisecond)
			one := clock.Stopwatch()
			conditions, change := t.Update(t.caller(s.lab.world, at), s.lab.keys, t.place())
			_, err := documents.Apply(ctx, id, conditions, change)
			latency := one()
			if err != nil {
				return fmt.Errorf("raw %s: %w", t.ID, err)
			}
			mu.Lock()
			defer mu.Unlock()
			metrics.Add(&vegeta.Result{Timestamp: at, Latency: latency, Code: 200})
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Round{}, err
	}
	metrics.Close()
	return Round{Requests: len(ids), Time: took(), P50: metrics.Latencies.P50, P99: metrics.Latencies.P99}, nil
}

// hot arms one document again and again, lets every caller release it at the
// same time, and counts the winners of each arming.
func (s *stage) hot(ctx context.Context, t transition) ([]float64, error) {
	r, err := s.lab.passing(t.ID)
	if err != nil {
		return nil, err
	}
	r.right = []int{202, 409} // who comes late is told so
	ids, err := s.fill(ctx, t, s.store, 1)
	if err != nil {
		return nil, err
	}
	all := make([]vegeta.Target, s.lab.plan.Callers)
	for i := range all {
		r.Path = t.path(ids[0])
		if all[i], err = target(s.server.url, r); err != nil {
			return nil, err
		}
		all[i].Header.Set("Authorization", "Bearer "+callerToken(i))
	}
	if err := s.invite(ctx); err != nil {
		return nil, err
	}
	collection := s.store.Collection(t.Moves.Collection)
	byID := bson.D{{Key: "_id", Value: ids[0]}}
	armed, err := collection.FindOne(ctx, byID).Raw()
	if err != nil {
		return nil, fmt.Errorf("read the hot document: %w", err)
	}
	history := t.history(s.lab)
	winners := make([]float64, s.lab.plan.Armings)
	for i := range winners {
		if _, err := collection.ReplaceOne(ctx, byID, armed); err != nil {
			return nil, fmt.Errorf("arm the document: %w", err)
		}
		round, err := closedLoop(ctx, once(all), len(all), jobsPatience)
		if err != nil {
			return nil, err
		}
		if round.Wrong > 0 {
			return nil, fmt.Errorf("hot document: %s", round.Example)
		}
		if err := s.settled(ctx); err != nil {
			return nil, err
		}
		var now bson.Raw
		err = settle(ctx, jobsPatience, func() (bool, error) { // the mark goes after the job's end
			now, err = collection.FindOne(ctx, byID).Raw()
			return err == nil && items(now, "applied_jobs") == 0, err
		})
		if err != nil {
			return nil, fmt.Errorf("read the hot document: %w", err)
		}
		winners[i] = float64(items(now, history) - items(armed, history))
	}
	return winners, nil
}

// items counts what a list of a document holds.
func items(document bson.Raw, list string) int {
	array, _ := document.Lookup(list).ArrayOK()
	values, err := array.Values()
	if err != nil {
		return 0
	}
	return len(values)
}

func callerToken(i int) string { return fmt.Sprint("benchmark-caller-", i) }

// invite makes users like the world's doctor, each with a token.
func (s *stage) invite(ctx context.Context) error {
	ids, emails, hashes := make([]uuid.UUID, s.lab.plan.Callers), make([]string, s.lab.plan.Callers), make([][]byte, s.lab.plan.Callers)
	for i := range ids {
		ids[i], emails[i], hashes[i] = uuid.New(), fmt.Sprintf("caller%d@example.com", i), seal.Token(callerToken(i))
	}
	_, err := s.pool.Exec(ctx, `
		WITH invited AS (
			INSERT INTO mithril.users (id, email, password, password_set_at, inserted_at, updated_at)
			SELECT new.id, new.email, old.password, old.password_set_at, old.inserted_at, old.updated_at
			FROM mithril.users AS old, unnest($2::uuid[], $3::text[]) AS new (id, email)
			WHERE old.id = $1
		)
		INSERT INTO mithril.tokens (id, name, value_hash, expires_at, user_id, details, inserted_at, updated_at)
		SELECT new.id, old.name, new.hash, old.expires_at, new.id, old.details, old.inserted_at, old.updated_at
		FROM mithril.tokens AS old, unnest($2::uuid[], $4::bytea[]) AS new (id, hash)
		WHERE old.value_hash = $5`, world.ID("doctor"), ids, emails, hashes, seal.Token(world.TokenValue("doctor")))
	if err != nil {
		return fmt.Errorf("invite callers: %w", err)
	}
	return nil
}
