package bench

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"esoz/internal/mongodb"
	"esoz/internal/sandbox/world"
)

// national is how many records a second the national system writes in the mean.
const national = 31.7

const aboutB5 = `Seven reads, two Create Division and one transition in ten requests, at 1, 10 and 50 times the national mean of %.1f records a second, for %s each, at a constant rate over %d connections.
The reads are a division, a page of divisions, a page of settlements, a dictionary, a declaration request, a service request and a device dispense; the transitions release service requests and stop device dispenses in turns, each document once.
Each rate has a server process and a database of its own.`

// reads of the mixed flow, by operation.
var reads = []string{
	"getDivision", "listDivisions", "listSettlements", "listDictionariesV2", "getDeclarationRequest", "getServiceRequest", "getDeviceDispense",
}

// b5 mixes everything at the rates of a country.
func (l *lab) b5(ctx context.Context, b *Benchmark) error {
	b.About = about(aboutB5, national, l.plan.Mixed, l.plan.Clients)
	for _, times := range []int{1, 10, 50} {
		name := fmt.Sprintf("%d× (%.0f/s)", times, national*float64(times))
		row, figures, err := l.mix(ctx, name, fmt.Sprintf("mixed %d", times), national*float64(times))
		if err != nil {
			return err
		}
		b.Rows = append(b.Rows, row)
		b.Figures = append(b.Figures, figures...)
	}
	most := b.Rows[len(b.Rows)-1]
	b.keep("50×: wrong answers", 0, float64(most.Wrong()), "", true)
	b.keep("50×: p99", 25, most.P99().Median, "ms", true)
	b.keep("50×: memory", 256, float64(most.Memory)/(1<<20), "MB", true)
	return nil
}

// mix runs the flow at one rate.
func (l *lab) mix(ctx context.Context, name, database string, rate float64) (row Measured, figures []Figure, err error) {
	pool, err := l.database(ctx, database)
	if err != nil {
		return row, nil, err
	}
	defer pool.Close()
	changes, err := l.changes(ctx, pool, int(rate*(l.plan.WarmUp+l.plan.Mixed).Seconds()/10)+10)
	if err != nil {
		return row, nil, err
	}
	s, err := l.server(ctx, database, database)
	if err != nil {
		return row, nil, err
	}
	next, err := l.flow(s.url, changes)
	if err != nil {
		return row, nil, err
	}
	c := contender{name: name, process: s.process, round: func(ctx context.Context, d time.Duration) (Round, error) {
		return openLoop(ctx, next, l.plan.Clients, rate, d)
	}}
	if _, err := l.round(ctx, c, l.plan.WarmUp); err != nil {
		return row, nil, err
	}
	before, err := s.goroutines(ctx)
	if err != nil {
		return row, nil, err
	}
	round, err := l.round(ctx, c, l.plan.Mixed)
	if err != nil {
		return row, nil, err
	}
	after, err := s.goroutines(ctx)
	if err != nil {
		return row, nil, err
	}
	var pending float64
	if err := pool.QueryRow(ctx, "SELECT count(*) FROM jobs.jobs WHERE status = 0").Scan(&pending); err != nil {
		return row, nil, fmt.Errorf("count jobs: %w", err)
	}
	row = Measured{Name: name, Rounds: []Round{round}}
	if row.Memory, err = s.peakMemory(); err != nil {
		return row, nil, err
	}
	figures = []Figure{
		{Name: name + ": goroutines before", Unit: "", Values: []float64{before}},
		{Name: name + ": goroutines after", Unit: "", Values: []float64{after}},
		{Name: name + ": jobs that still wait", Unit: "", Values: []float64{pending}},
	}
	return row, figures, s.stop()
}

// changes are n transitions of as many new documents.
func (l *lab) changes(ctx context.Context, pool *pgxpool.Pool, n int) (all []request, err error) {
	store, err := mongodb.Open(l.addresses.Mongo, documents, patience)
	if err != nil {
		return nil, err
	}
	defer func() { err = join(err, mongodb.Close(context.WithoutCancel(ctx), store)) }()
	filler := &stage{lab: l, pool: pool, store: store}
	both := transitions()
	queues := make([][]request, len(both))
	for i, t := range both {
		ids, err := filler.fill(ctx, t, store, n/len(both)+1)
		if err != nil {
			return nil, err
		}
		r, err := l.passing(t.operation)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			r.Path = t.path(id)
			queues[i] = append(queues[i], r)
		}
	}
	for i := range n {
		all = append(all, queues[i%len(both)][i/len(both)])
	}
	return all, nil
}

// flow is the order of the requests: ten at a time, the last of them a change.
func (l *lab) flow(baseURL string, changes []request) (vegeta.Targeter, error) {
	var ten []request
	for _, operation := range reads {
		r, err := l.passing(operation)
		if err != nil {
			return nil, err
		}
		if operation == "listDivisions" { // of a legal entity that does not get the new ones
			r.Headers = maps.Clone(r.Headers)
			r.Headers["Authorization"] = "Bearer " + world.TokenValue("hospital_owner")
		}
		ten = append(ten, r)
	}
	create, err := l.passing("createDivision")
	if err != nil {
		return nil, err
	}
	steady, err := targets(baseURL, append(ten, create, create)...)
	if err != nil {
		return nil, err
	}
	changing, err := targets(baseURL, changes...)
	if err != nil {
		return nil, err
	}
	var n atomic.Uint64
	return func(t *vegeta.Target) error {
		i := n.Add(1) - 1
		turn, place := i/10, i%10
		switch {
		case place < uint64(len(steady)):
			*t = steady[place]
		case turn < uint64(len(changing)):
			*t = changing[turn]
		default:
			return vegeta.ErrNoTargets
		}
		return nil
	}, nil
}

var goroutines = regexp.MustCompile(`(?m)^go_goroutines (\d+)`)

// goroutines asks the server how many it has.
func (s *service) goroutines(ctx context.Context) (float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.admin+"/metrics", nil)
	if err != nil {
		return 0, fmt.Errorf("ask for metrics: %w", err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("ask for metrics: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	found := goroutines.FindSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("the metrics of %s tell no goroutines", s.name)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
