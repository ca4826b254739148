package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	vegeta "github.com/tsenart/vegeta/v12/lib"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world"
)

const aboutB3 = `%d clients release service requests and stop device dispenses, each document once, %d documents in a round.
A release of esoz is counted when its job has ended: its checks, the change of the document, the event, the audit row and the end of the job are done; the latencies are those of the 202.
The raw updates are the same findOneAndUpdate on copies of the same documents in the same store, from a bare Go loop.
The hot document is armed %d times, and each time %d callers, each of them another user, release it at once.
A winner is a release that the document tells of.
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
	contended    = "esoz_contended"
	contendedRaw = "esoz_contended_raw"
)

// transition is one of the two changes of a document.
type transition struct {
	name, collection, operation string
	path                        func(id uuid.UUID) string
	copies                      func(ctx context.Context, from *mongo.Database, ids []uuid.UUID) ([]any, error)
	filter, update              func(id uuid.UUID, at time.Time) bson.D
}

func transitions() []transition {
	return []transition{{
		name: "release", collection: servicerequests.Collection, operation: "releaseServiceRequest",
		path:   func(id uuid.UUID) string { return "/api/service_requests/" + id.String() + "/actions/release" },
		copies: copies(servicerequests.Collection, "service request in the queue", func(d *servicerequests.Document, id uuid.UUID) { d.ID = id }),
		filter: func(id uuid.UUID, _ time.Time) bson.D {
			return bson.D{{Key: "_id", Value: id}, {Key: "status", Value: servicerequests.Active}, {Key: "program_processing_status", Value: servicerequests.ProgramInQueue}}
		},
		update: func(_ uuid.UUID, at time.Time) bson.D {
			by := servicerequests.Change{InsertedAt: at, InsertedBy: world.ID("doctor")}
			return bson.D{
				{Key: "$set", Value: map[string]any{
					"used_by_employee": nil, "used_by_legal_entity": nil, "used_by_division": nil,
					"program_processing_status": servicerequests.ProgramNew, "updated_at": at, "updated_by": world.ID("doctor"),
				}},
				{Key: "$push", Value: bson.D{
					{Key: "program_processing_status_history", Value: servicerequests.ProgramChange{ProgramProcessingStatus: servicerequests.ProgramNew, Change: by}},
					{Key: "applied_jobs", Value: mongodb.Mark{Job: "raw", At: at}},
				}},
			}
		},
	}, {
		name: "stop", collection: devicedispenses.Collection, operation: "stopDeviceDispense",
		path: func(id uuid.UUID) string {
			return "/api/patients/" + world.ID("patient").String() + "/device_dispenses/" + id.String() + "/actions/stop"
		},
		copies: copies(devicedispenses.Collection, "device dispense in progress", func(d *devicedispenses.Document, id uuid.UUID) { d.ID = id }),
		filter: func(id uuid.UUID, _ time.Time) bson.D {
			return bson.D{{Key: "_id", Value: id}, {Key: "status", Value: devicedispenses.InProgress}}
		},
		update: func(_ uuid.UUID, at time.Time) bson.D {
			return bson.D{
				{Key: "$set", Value: map[string]any{"status": devicedispenses.Stopped, "updated_at": at, "updated_by": world.ID("pharmacist")}},
				{Key: "$push", Value: bson.D{{Key: "applied_jobs", Value: mongodb.Mark{Job: "raw", At: at}}}},
			}
		},
	}}
}

// copies makes documents like one of the world's.
func copies[D any](collection, name string, setID func(*D, uuid.UUID)) func(context.Context, *mongo.Database, []uuid.UUID) ([]any, error) {
	return func(ctx context.Context, from *mongo.Database, ids []uuid.UUID) ([]any, error) {
		var model D
		if err := from.Collection(collection).FindOne(ctx, bson.D{{Key: "_id", Value: world.ID(name)}}).Decode(&model); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all := make([]any, len(ids))
		for i, id := range ids {
			setID(&model, id)
			all[i] = model
		}
		return all, nil
	}
}

// stage is where the transitions happen.
type stage struct {
	lab    *lab
	server *service
	pool   *pgxpool.Pool
	world  *mongo.Database // has the documents to copy
	store  *mongo.Database // the server's; to be used only while the server is idle
	raw    *mongo.Database
}

// b3 changes documents that others want, too.
func (l *lab) b3(ctx context.Context, b *Benchmark) (err error) {
	store := ferretDB
	if l.MongoURI != "" {
		store = named
	}
	b.About = about(aboutB3, l.plan.Callers, l.plan.Documents, l.plan.Armings, l.plan.Callers, store)
	s := &stage{lab: l}
	if s.pool, err = l.database(ctx, contended); err != nil {
		return err
	}
	defer s.pool.Close()
	for database, into := range map[string]**mongo.Database{documents: &s.world, contended: &s.store, contendedRaw: &s.raw} {
		if *into, err = mongodb.Open(l.addresses.Mongo, database, patience); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, mongodb.Close(context.WithoutCancel(ctx), *into)) }()
	}
	if s.server, err = l.server(ctx, contended, contended, patient...); err != nil {
		return err
	}
	var contenders []contender
	for _, t := range transitions() {
		one, err := s.contenders(t)
		if err != nil {
			return err
		}
		contenders = append(contenders, one...)
	}
	if b.Rows, err = l.interleave(ctx, contenders...); err != nil {
		return err
	}
	winners, err := s.hot(ctx, transitions()[0])
	if err != nil {
		return err
	}
	b.figure("winners of one arming", "releases", winners...)
	for _, t := range transitions() {
		b.reachRate(t.name+" beside the raw update", 0.35, t.name+": "+ours, t.name+": raw")
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
			ids, err = s.fill(ctx, t, into, s.lab.plan.Documents)
			return err
		}
	}
	request, err := s.lab.passing(t.operation)
	if err != nil {
		return nil, err
	}
	return []contender{
		{name: t.name + ": " + ours, process: s.server.process, prepare: fresh(s.store), round: func(ctx context.Context, _ time.Duration) (Round, error) {
			return s.change(ctx, t, request, ids)
		}},
		{name: t.name + ": raw", prepare: fresh(s.raw), round: func(ctx context.Context, _ time.Duration) (Round, error) {
			return s.changeRaw(ctx, t, ids)
		}},
	}, nil
}

// fill replaces the documents of a transition by n new ones.
func (s *stage) fill(ctx context.Context, t transition, into *mongo.Database, n int) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.New()
	}
	all, err := t.copies(ctx, s.world, ids)
	if err != nil {
		return nil, err
	}
	if _, err := into.Collection(t.collection).DeleteMany(ctx, bson.D{}); err != nil {
		return nil, fmt.Errorf("empty %s: %w", t.collection, err)
	}
	const batch = 500
	for start := 0; start < len(all); start += batch {
		if _, err := into.Collection(t.collection).InsertMany(ctx, all[start:min(start+batch, len(all))]); err != nil {
			return nil, fmt.Errorf("fill %s: %w", t.collection, err)
		}
	}
	if _, err := s.pool.Exec(ctx, "TRUNCATE jobs.jobs"); err != nil {
		return nil, fmt.Errorf("empty jobs: %w", err)
	}
	return ids, nil
}

// change has the server change each document once and waits for the jobs.
func (s *stage) change(ctx context.Context, t transition, r request, ids []uuid.UUID) (Round, error) {
	all := make([]vegeta.Target, len(ids))
	for i, id := range ids {
		var err error
		r.Path = t.path(id)
		if all[i], err = target(s.server.url, r); err != nil {
			return Round{}, err
		}
	}
	took := clock.Stopwatch()
	round, err := closedLoop(ctx, once(all), s.lab.plan.Callers, jobsPatience)
	if err != nil {
		return round, err
	}
	if err := s.settled(ctx); err != nil {
		return round, err
	}
	round.Time = took()
	var processed int
	if err := s.pool.QueryRow(ctx, "SELECT count(*) FROM jobs.jobs WHERE status = 1").Scan(&processed); err != nil {
		return round, fmt.Errorf("count jobs: %w", err)
	}
	if round.Wrong = round.Requests - processed; round.Wrong > 0 && round.Example == "" {
		round.Example = fmt.Sprintf("%d of %d jobs had not ended well after %s", round.Wrong, round.Requests, round.Time.Round(time.Second))
	}
	return round, nil
}

// settled waits for the jobs to end.
func (s *stage) settled(ctx context.Context) error {
	return settle(ctx, jobsPatience, func() (done bool, err error) {
		err = s.pool.QueryRow(ctx, "SELECT NOT EXISTS (SELECT 1 FROM jobs.jobs WHERE status = 0)").Scan(&done)
		return done, err
	})
}

// changeRaw sends the server's update, and nothing else, for each document.
func (s *stage) changeRaw(ctx context.Context, t transition, ids []uuid.UUID) (Round, error) {
	collection := s.raw.Collection(t.collection)
	var mu sync.Mutex
	var metrics vegeta.Metrics
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.lab.plan.Callers)
	took := clock.Stopwatch()
	for _, id := range ids {
		group.Go(func() error {
			at := s.lab.clock.Now().Truncate(time.Millisecond)
			one := clock.Stopwatch()
			var after bson.Raw
			err := collection.FindOneAndUpdate(ctx, t.filter(id, at), t.update(id, at), options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&after)
			latency := one()
			if err != nil {
				return fmt.Errorf("raw %s: %w", t.name, err)
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
	r, err := s.lab.passing(t.operation)
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
	collection := s.store.Collection(t.collection)
	byID := bson.D{{Key: "_id", Value: ids[0]}}
	var armed servicerequests.Document
	if err := collection.FindOne(ctx, byID).Decode(&armed); err != nil {
		return nil, fmt.Errorf("read the hot document: %w", err)
	}
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
		var now servicerequests.Document
		err = settle(ctx, jobsPatience, func() (bool, error) { // the mark goes after the job's end
			err := collection.FindOne(ctx, byID).Decode(&now)
			return len(now.AppliedJobs) == 0, err
		})
		if err != nil {
			return nil, fmt.Errorf("read the hot document: %w", err)
		}
		winners[i] = float64(len(now.ProgramProcessingStatusHistory) - len(armed.ProgramProcessingStatusHistory))
	}
	return winners, nil
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
