package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	vegeta "github.com/tsenart/vegeta/v12/lib"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"golang.org/x/sync/errgroup"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/world"
)

const aboutB7 = `Submit Encounter Package: a visit, an encounter, %d conditions, %d observations and a diagnostic report, signed with ECDSA P-256, so that esoz verifies the content, its time stamp and their certificates.
A round has %d packages, each of an episode of its own, over %d connections as fast as answers come.
A package by esoz is counted when its job has ended: its checks, its documents, the change of the episode, the audit rows, the signed content and the end of the job are done; the latencies are those of the 202.
The raw inserts are the documents that such a package leaves, one command for each collection, from as many goroutines of a bare Go loop into the same store with the same indexes.
Then packages come at half of the rate that esoz has reached, and the latencies are those from sending a package to the end of its job.
The store is %s`

// What a package of the benchmark holds.
const (
	conditionsOfPackage   = 3
	observationsOfPackage = 10
)

// collectionsOfPackage are what a package leaves, and how many of each.
var collectionsOfPackage = map[string]int{
	"visits": 1, "encounters": 1, "conditions": conditionsOfPackage, "observations": observationsOfPackage, "diagnostic_reports": 1,
}

// Databases of packages.
const (
	packaged    = "esoz_packages"
	packagedRaw = "esoz_packages_raw"
)

// Rows besides our own.
const (
	rawInserts = "raw inserts"
	toTheEnd   = "esoz at half of its rate, to the end of the job"
)

const requestID = "X-Request-ID" // jobs keep it

// packages are what B7 sends, and where it goes.
type packages struct {
	actor
	lab     *lab
	raw     *mongo.Database
	model   request
	content string   // of the model
	visit   string   // of the model
	ids     []string // that the model gives: of its visit, its encounter and its records
	sign    func(content []byte) (container []byte)
	episode bson.D
	written map[string][]bson.D // documents of one package, by collection

	episodes []uuid.UUID     // of the next round
	all      []vegeta.Target // of the next round, each of one of the episodes
}

// b7 submits packages of encounters.
func (l *lab) b7(ctx context.Context, b *Benchmark) (err error) {
	n := 5 * l.plan.Documents // a package has sixteen documents
	b.About = about(aboutB7, conditionsOfPackage, observationsOfPackage, n, l.plan.Clients, named)
	defer func() {
		b.reachRate("packages beside raw inserts of their documents", 0.3, ours, rawInserts)
		own := b.row(toTheEnd)
		b.keep("p99 beside p50 at half of the rate, to the end of the job", 4, ratio(own.P99().Median, own.P50().Median), "", len(own.Rounds) > 0)
	}()
	if l.MongoURI == "" {
		b.Rows = unmeasured(ours, rawInserts, toTheEnd)
		return nil
	}
	p, err := l.packages(ctx)
	if err != nil {
		return err
	}
	defer func() { err = join(err, p.close(context.WithoutCancel(ctx))) }()
	b.Rows, err = l.interleave(ctx,
		contender{name: ours, process: p.server.process, prepare: p.prepare(n), round: func(ctx context.Context, _ time.Duration) (Round, error) {
			return p.carryOut(ctx, p.all, l.plan.Clients)
		}},
		contender{name: rawInserts, prepare: p.emptyRaw, round: func(ctx context.Context, _ time.Duration) (Round, error) {
			return p.insertRaw(ctx, n)
		}})
	if err != nil {
		return err
	}
	half := b.row(ours).Rate().Median / 2
	if half == 0 {
		return errors.New("no package has passed: " + strings.Join(b.Notes(), "; "))
	}
	enough := int(half*max(l.plan.Round, l.plan.WarmUp).Seconds()) + 1
	steady, err := l.interleave(ctx, contender{name: toTheEnd, process: p.server.process, prepare: p.prepare(enough), round: func(ctx context.Context, d time.Duration) (Round, error) {
		return p.steadily(ctx, half, d)
	}})
	b.Rows = append(b.Rows, steady...)
	return err
}

// packages starts a server on databases of its own, and has it take one package.
func (l *lab) packages(ctx context.Context) (p *packages, err error) {
	p = &packages{lab: l}
	defer func() {
		if err != nil {
			err = join(err, p.close(context.WithoutCancel(ctx)))
		}
	}()
	if p.pool, err = l.database(ctx, packaged); err != nil {
		return p, err
	}
	for name, into := range map[string]**mongo.Database{packaged: &p.store, packagedRaw: &p.raw} {
		if *into, err = l.newDocuments(ctx, name); err != nil {
			return p, err
		}
	}
	if err := p.read(ctx); err != nil {
		return p, err
	}
	roots := filepath.Join(l.Dir, "authorities.pem")
	if err := os.WriteFile(roots, authority.New().Trusted(), 0o600); err != nil {
		return p, fmt.Errorf("write the authorities: %w", err)
	}
	settings := append(slices.Clone(patient), "MONGO_DATABASE="+packaged, "SIGNATURE_ROOTS_FILE="+roots)
	if p.server, err = l.server(ctx, packaged, packaged, settings...); err != nil {
		return p, err
	}
	return p, p.look(ctx)
}

// close ends the connections.
func (p *packages) close(ctx context.Context) (err error) {
	if p.pool != nil {
		p.pool.Close()
	}
	for _, store := range []*mongo.Database{p.store, p.raw} {
		if store != nil {
			err = join(err, mongodb.Close(ctx, store))
		}
	}
	return err
}

// read makes the model: of one package of the world the encounter, the condition and the report,
// of another one the observation, and more of the same.
func (p *packages) read(ctx context.Context) error {
	ofFamily, err := p.opened("an encounter with everything")
	if err != nil {
		return err
	}
	m, err := p.opened("an outpatient with a report and a procedure")
	if err != nil {
		return err
	}
	a := authority.New()
	key := a.KeyOf(authority.Owner{Signer: m.signer})
	p.model, p.sign = m.request, func(content []byte) []byte { return a.Sign(content, key, p.lab.clock.Now()) }
	content, encounter := m.content, fieldsOf(m.content["encounter"])
	condition, observation := first(content["conditions"]), first(ofFamily.content["observations"])
	delete(content, "procedures")
	delete(observation, "reaction_on")
	observation["performer"], observation["context"] = encounter["performer"], condition["context"]
	content["conditions"] = append([]any{condition}, several(condition, conditionsOfPackage-1)...) // the first is the diagnosis
	content["observations"] = several(observation, observationsOfPackage)

	episode, err := uuid.Parse(fmt.Sprint(fieldsOf(fieldsOf(encounter["episode"])["identifier"])["value"]))
	if err != nil {
		return fmt.Errorf("read the episode of a package: %w", err)
	}
	if p.episode, err = model(ctx, p.store.Collection("episodes"), episode); err != nil {
		return err
	}
	p.ids = append([]string{episode.String()}, idsOf(m.visit)...) // target expects the episode to be the first
	for _, value := range content {
		p.ids = append(p.ids, idsOf(value)...)
	}
	encoded, err := json.Marshal(content)
	visit, errOfVisit := json.Marshal(m.visit)
	if err := errors.Join(err, errOfVisit); err != nil {
		return fmt.Errorf("encode a package: %w", err)
	}
	p.content, p.visit = string(encoded), string(visit)
	return nil
}

// opened is a package of the world: its request, what is signed in it, by whom, and the visit beside it.
type opened struct {
	request
	content, visit map[string]any
	signer         signature.Signer
}

func (p *packages) opened(title string) (*opened, error) {
	i := slices.IndexFunc(p.lab.world.Cases, func(c world.Case) bool {
		return c.OperationID == "submitEncounterPackage" && len(c.Rules) == 0 && c.Title == title
	})
	if i < 0 {
		return nil, fmt.Errorf("the world has no package %q", title)
	}
	o := &opened{request: request{Request: p.lab.world.Cases[i].Request, right: []int{202}}}
	var body struct {
		SignedData []byte         `json:"signed_data"` // base64
		Visit      map[string]any `json:"visit"`
	}
	raw, err := json.Marshal(o.Body)
	if err == nil {
		err = json.Unmarshal(raw, &body)
	}
	if err != nil {
		return nil, fmt.Errorf("read package %q: %w", title, err)
	}
	signed, err := new(signature.Trust).Open(body.SignedData, p.lab.clock.Now())
	if err != nil {
		return nil, fmt.Errorf("open package %q: %w", title, err)
	}
	if err := json.Unmarshal(signed.JSON, &o.content); err != nil {
		return nil, fmt.Errorf("read the content of package %q: %w", title, err)
	}
	o.visit, o.signer = body.Visit, signed.Signatures[0].Signer
	return o, nil
}

func fieldsOf(value any) map[string]any {
	fields, _ := value.(map[string]any)
	return fields
}

func first(list any) map[string]any {
	if items, _ := list.([]any); len(items) > 0 {
		return fieldsOf(items[0])
	}
	return map[string]any{}
}

// several are copies with ids of their own.
func several(one map[string]any, n int) []any {
	all := make([]any, n)
	for i := range all {
		copied := maps.Clone(one)
		copied["id"] = uuid.NewString()
		all[i] = copied
	}
	return all
}

// idsOf an object, or of each in a list.
func idsOf(value any) (ids []string) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, one := range list {
		if id, ok := fieldsOf(one)["id"].(string); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// target is a package with ids of its own, signed.
func (p *packages) target(episode uuid.UUID) (vegeta.Target, error) {
	pairs := []string{p.ids[0], episode.String()}
	for _, id := range p.ids[1:] {
		pairs = append(pairs, id, uuid.NewString())
	}
	renew := strings.NewReplacer(pairs...)
	r := p.model
	r.Body = map[string]any{"signed_data": p.sign([]byte(renew.Replace(p.content))), "visit": json.RawMessage(renew.Replace(p.visit))}
	t, err := target(p.server.url, r)
	if err == nil {
		t.Header.Set(requestID, uuid.NewString())
	}
	return t, err
}

// look submits one package, and keeps what the server makes of it.
func (p *packages) look(ctx context.Context) error {
	if err := p.prepare(1)(ctx); err != nil {
		return err
	}
	round, err := p.carryOut(ctx, p.all, 1)
	if err != nil {
		return err
	}
	if round.Wrong > 0 {
		return errors.New("a package does not pass: " + round.Example)
	}
	err = settle(ctx, jobsPatience, func() (whole bool, err error) { // marks go after the job's end
		p.written, whole, err = p.left(ctx, p.episodes[0])
		return whole, err
	})
	if err != nil {
		return err
	}
	for collection, n := range collectionsOfPackage {
		if got := len(p.written[collection]); got != n {
			return fmt.Errorf("a package has left %d %s in place of %d", got, collection, n)
		}
	}
	return nil
}

// left are the documents of an episode; they are not whole while one has the mark of a job.
func (p *packages) left(ctx context.Context, episode uuid.UUID) (found map[string][]bson.D, whole bool, err error) {
	found, whole = map[string][]bson.D{}, true
	for collection := range collectionsOfPackage {
		cursor, err := p.store.Collection(collection).Find(ctx, bson.D{{Key: "context_episode_id", Value: episode}})
		var all []bson.Raw
		if err == nil {
			err = cursor.All(ctx, &all)
		}
		if err != nil {
			return nil, false, fmt.Errorf("read %s: %w", collection, mongodb.Error(err))
		}
		for _, raw := range all {
			document, err := shallow(raw)
			if err != nil {
				return nil, false, fmt.Errorf("read %s: %w", collection, err)
			}
			found[collection] = append(found[collection], document)
			whole = whole && items(raw, "applied_jobs") == 0
		}
	}
	return found, whole, nil
}

// prepare makes n packages, each of a copy of the episode, in a store without others.
func (p *packages) prepare(n int) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		if _, err := p.pool.Exec(ctx, "TRUNCATE jobs.jobs"); err != nil {
			return fmt.Errorf("empty jobs: %w", err)
		}
		episodes := p.store.Collection("episodes")
		if err := join(empty(ctx, p.store), deleteAll(ctx, episodes)); err != nil {
			return err
		}
		p.episodes, p.all = make([]uuid.UUID, n), make([]vegeta.Target, n)
		for i := range n {
			p.episodes[i] = uuid.New()
			if p.all[i], err = p.target(p.episodes[i]); err != nil {
				return err
			}
		}
		return add(ctx, episodes, n, func(i int) bson.D { return with(p.episode, "_id", p.episodes[i]) })
	}
}

// empty removes what packages leave.
func empty(ctx context.Context, store *mongo.Database) error {
	for collection := range collectionsOfPackage {
		if err := deleteAll(ctx, store.Collection(collection)); err != nil {
			return err
		}
	}
	return nil
}

func (p *packages) emptyRaw(ctx context.Context) error { return empty(ctx, p.raw) }

// steadily sends packages at a rate; the latencies are those to the ends of their jobs.
func (p *packages) steadily(ctx context.Context, perSecond float64, d time.Duration) (Round, error) {
	var mu sync.Mutex
	sent := map[string]time.Time{}
	each := once(p.all)
	next := func(t *vegeta.Target) error {
		err := each(t)
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			sent[t.Header.Get(requestID)] = p.lab.clock.Now()
		}
		return err
	}
	round, err := openLoop(ctx, next, p.lab.plan.Clients, perSecond, d)
	if err != nil {
		return round, err
	}
	if err := p.settled(ctx); err != nil {
		return round, err
	}
	rows, err := p.pool.Query(ctx, "SELECT request_id, updated_at FROM jobs.jobs WHERE status = 1")
	if err != nil {
		return round, fmt.Errorf("ask for the ends of jobs: %w", err)
	}
	type end struct {
		Request string
		At      time.Time
	}
	ends, err := pgx.CollectRows(rows, pgx.RowToStructByPos[end])
	if err != nil {
		return round, fmt.Errorf("ask for the ends of jobs: %w", err)
	}
	var metrics vegeta.Metrics
	for _, e := range ends {
		at, known := sent[e.Request]
		if !known {
			return round, fmt.Errorf("a job is of request %q, which was not sent", e.Request)
		}
		metrics.Add(&vegeta.Result{Timestamp: at, Latency: e.At.Sub(at), Code: 200})
	}
	metrics.Close()
	round.P50, round.P99 = metrics.Latencies.P50, metrics.Latencies.P99
	round.missing(len(ends))
	return round, nil
}

// insertRaw inserts the documents of n packages, and does nothing else.
func (p *packages) insertRaw(ctx context.Context, n int) (Round, error) {
	var mu sync.Mutex
	var metrics vegeta.Metrics
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(p.lab.plan.Clients)
	took := clock.Stopwatch()
	for range n {
		group.Go(func() error {
			at, one := p.lab.clock.Now(), clock.Stopwatch()
			for collection, documents := range p.written {
				all := make([]any, len(documents))
				for i, document := range documents {
					all[i] = with(document, "_id", uuid.New())
				}
				if _, err := p.raw.Collection(collection).InsertMany(ctx, all); err != nil {
					return fmt.Errorf("insert into %s: %w", collection, mongodb.Error(err))
				}
			}
			latency := one()
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
	return Round{Requests: n, Time: took(), P50: metrics.Latencies.P50, P99: metrics.Latencies.P99}, nil
}
