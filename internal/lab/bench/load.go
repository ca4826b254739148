package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"esoz/internal/sandbox/world"
)

// request is a request of the world with the statuses that are right answers.
type request struct {
	world.Request
	right []int
}

// caseOf is the request of a case of the world.
func (l *lab) caseOf(id string) (request, error) {
	for _, c := range l.world.Cases {
		if c.ID == id {
			return request{Request: c.Request, right: []int{c.Expect.Status}}, nil
		}
	}
	return request{}, fmt.Errorf("the world has no case %q", id)
}

// passing is the request of the first case in which an operation passes.
func (l *lab) passing(operation string) (request, error) {
	c, ok := l.world.Passing(operation)
	if !ok {
		return request{}, fmt.Errorf("the world has no case in which %s passes", operation)
	}
	return request{Request: c.Request, right: []int{c.Expect.Status}}, nil
}

// target is a request as the load generator sends it. The fragment never leaves
// it: there the result finds which answers are right.
func target(baseURL string, r request) (vegeta.Target, error) {
	t := vegeta.Target{Method: r.Method, URL: fmt.Sprint(baseURL, r.Path, "#", r.right), Header: http.Header{}}
	for name, value := range r.Headers {
		t.Header.Set(name, value)
	}
	if r.Body == nil {
		return t, nil
	}
	var err error
	if t.Body, err = json.Marshal(r.Body); err != nil {
		return t, fmt.Errorf("encode the body of %s: %w", r.Path, err)
	}
	return t, nil
}

func targets(baseURL string, requests ...request) ([]vegeta.Target, error) {
	all := make([]vegeta.Target, len(requests))
	for i, r := range requests {
		var err error
		if all[i], err = target(baseURL, r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// inTurns sends the targets one after the other, from the first again after the last.
func inTurns(all []vegeta.Target) vegeta.Targeter {
	var n atomic.Uint64
	return func(t *vegeta.Target) error {
		*t = all[(n.Add(1)-1)%uint64(len(all))]
		return nil
	}
}

// once sends each target once.
func once(all []vegeta.Target) vegeta.Targeter {
	var n atomic.Uint64
	return func(t *vegeta.Target) error {
		i := n.Add(1) - 1
		if i >= uint64(len(all)) {
			return vegeta.ErrNoTargets
		}
		*t = all[i]
		return nil
	}
}

// closedLoop has so many clients send as fast as they get answers.
func closedLoop(ctx context.Context, next vegeta.Targeter, clients int, d time.Duration) (Round, error) {
	n := uint64(clients) //nolint:gosec // a handful
	return attack(ctx, next, vegeta.ConstantPacer{}, d,
		vegeta.Workers(n), vegeta.MaxWorkers(n), vegeta.Connections(clients), vegeta.MaxConnections(clients))
}

// most is how many requests of an open loop may wait at a time.
const most = 2000

// openLoop sends at a constant rate, whether answers come or not, over so many
// connections. The time that a request waits for one of them counts.
func openLoop(ctx context.Context, next vegeta.Targeter, connections int, perSecond float64, d time.Duration) (Round, error) {
	pace := vegeta.ConstantPacer{Freq: int(perSecond * 1000), Per: 1000 * time.Second}
	return attack(ctx, next, pace, d,
		vegeta.Workers(uint64(connections)), vegeta.MaxWorkers(most), //nolint:gosec // a handful
		vegeta.Connections(connections), vegeta.MaxConnections(connections))
}

const answerTimeout = time.Minute

func attack(ctx context.Context, next vegeta.Targeter, pace vegeta.Pacer, d time.Duration, how ...func(*vegeta.Attacker)) (Round, error) {
	attacker := vegeta.NewAttacker(append(how, vegeta.Timeout(answerTimeout), vegeta.MaxBody(0))...)
	defer context.AfterFunc(ctx, func() { attacker.Stop() })()
	var metrics vegeta.Metrics
	r := Round{}
	for result := range attacker.Attack(next, pace, d, "") {
		if result.Error == vegeta.ErrNoTargets.Error() {
			continue
		}
		metrics.Add(result)
		if right := fragment(result.URL); !strings.Contains(right, strconv.Itoa(int(result.Code))) {
			r.Wrong++
			r.Example = strings.TrimSpace(fmt.Sprintf("%s %s: %d in place of %s %s", result.Method, pathOf(result.URL), result.Code, right, result.Error))
		}
	}
	metrics.Close()
	r.Requests = int(metrics.Requests) //nolint:gosec // of some seconds
	r.Time = metrics.Duration + metrics.Wait
	r.P50, r.P99 = metrics.Latencies.P50, metrics.Latencies.P99
	return r, ctx.Err()
}

func fragment(address string) string {
	_, fragment, _ := strings.Cut(address, "#")
	return fragment
}

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Path
}
