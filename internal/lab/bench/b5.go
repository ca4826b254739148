package bench

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"esoz/internal/sandbox/world"
)

// national is how many records a second the national system writes in the mean.
const national = 31.7

const aboutB5 = `Seven reads, two Create Division and one transition in ten requests, at 1, 10 and 50 times the national mean of %.1f records a second, for %s each, at a constant rate over %d connections.
The reads are a division, a page of divisions, a page of settlements, a dictionary, a declaration request, a page of them and the own user; the transitions deactivate and activate divisions.
Documents are left to B3: the store of the sandbox answers some dozens of requests a second, whoever asks.
Each rate has a server process and a database of its own.`

// reads of the mixed flow, by operation.
var reads = []string{
	"getDivision", "listDivisions", "listSettlements", "listDictionariesV2", "getDeclarationRequest", "listDeclarationRequests", "getUser",
}

// b5 mixes everything at the rates of a country.
func (l *lab) b5(ctx context.Context, b *Benchmark) error {
	b.Steady = true
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
	ids, err := branches(ctx, pool)
	if err != nil {
		return row, nil, err
	}
	s, err := l.server(ctx, database, database)
	if err != nil {
		return row, nil, err
	}
	next, err := l.flow(s.url, ids)
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
	row = Measured{Name: name, Rounds: []Round{round}}
	if row.Memory, err = s.peakMemory(); err != nil {
		return row, nil, err
	}
	figures = []Figure{
		{Name: name + ": goroutines before", Unit: "", Values: []float64{before}},
		{Name: name + ": goroutines after", Unit: "", Values: []float64{after}},
	}
	return row, figures, s.stop()
}

// branches adds some divisions to the clinic, to be deactivated and activated.
func branches(ctx context.Context, pool *pgxpool.Pool) (ids []uuid.UUID, err error) {
	err = pool.QueryRow(ctx, `
		WITH added AS (
			INSERT INTO prm.divisions (id, name, type, mountain_group, phones, email, legal_entity_id, status, is_active,
				inserted_by, inserted_at, updated_by, updated_at)
			SELECT gen_random_uuid(), name, type, mountain_group, phones, email, legal_entity_id, status, is_active,
				inserted_by, inserted_at, updated_by, updated_at
			FROM prm.divisions, generate_series(1, 1000) WHERE id = $1
			RETURNING id
		)
		SELECT array_agg(id) FROM added`, world.ID("division of the clinic")).Scan(&ids)
	if err != nil {
		return nil, fmt.Errorf("add divisions: %w", err)
	}
	return ids, nil
}

// flow is the order of the requests: ten at a time, the last of them a
// transition. All divisions are deactivated, then all are activated, and so on.
func (l *lab) flow(baseURL string, ids []uuid.UUID) (vegeta.Targeter, error) {
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
	var changes []request
	for _, operation := range []string{"deactivateDivision", "activateDivision"} {
		r, err := l.passing(operation)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			r.Path = "/api/divisions/" + id.String() + "/actions/" + strings.TrimSuffix(operation, "Division")
			changes = append(changes, r)
		}
	}
	changing, err := targets(baseURL, changes...)
	if err != nil {
		return nil, err
	}
	var n atomic.Uint64
	return func(t *vegeta.Target) error {
		i := n.Add(1) - 1
		turn, place := i/10, i%10
		if place < uint64(len(steady)) {
			*t = steady[place]
		} else {
			*t = changing[turn%uint64(len(changing))]
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
