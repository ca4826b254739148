package bench

import (
	"context"
	"fmt"
	"time"
)

// Names of the contenders.
const (
	ours      = "esoz"
	bare      = "floor"
	raw       = "pgbench"
	prism     = "Prism"
	specmatic = "Specmatic"
	wireMock  = "WireMock"
)

const aboutB1 = `One kind of request, POST /api/divisions with a body of about a kilobyte, sent over %d connections as fast as answers come.
esoz does everything that the contract says: token, scopes, API-key, legal entity, schema, dictionaries, addresses, mapping of types, and then one durable statement that writes the division, its address and the audit row.
The floor is a bare echo with pgx that decodes the body, runs the same two statements on a pool of the same size and encodes the answer, with no check at all.
pgbench runs the same two statements, prepared, and nothing around them.
Prism and Specmatic serve the same contract from memory: they store nothing and know no rule beyond the schema.
WireMock gives one canned answer to whatever comes.
Two more rows give esoz and the floor a constant rate, so that their latencies are those of a server that has time.`

// b1 creates divisions.
func (l *lab) b1(ctx context.Context, b *Benchmark) error {
	b.About = about(aboutB1, l.plan.Clients)
	create, err := l.passing("createDivision")
	if err != nil {
		return err
	}
	contenders, err := l.creators(ctx, create)
	if err != nil {
		return err
	}
	if b.Rows, err = l.interleave(ctx, contenders...); err != nil {
		return err
	}
	b.reachRate("rate beside the floor", 0.85, ours, bare)
	b.reachRate("rate beside pgbench", 0.30, ours, raw)
	b.reachRate("rate beside Prism", 1.5, ours, prism)
	b.reachRate("rate beside Specmatic", 4, ours, specmatic)
	own := b.row(ours)
	b.keep("p99 beside p50", 4, ratio(own.P99().Median, own.P50().Median), "", len(own.Rounds) > 0)
	return nil
}

// creators are all who can take a Create Division, each on data of its own.
func (l *lab) creators(ctx context.Context, create request) ([]contender, error) {
	for _, name := range []string{ours, bare, raw} { // the databases
		if err := l.createDatabase(ctx, name, original); err != nil {
			return nil, err
		}
	}
	server, err := l.server(ctx, ours, ours)
	if err != nil {
		return nil, err
	}
	floor, err := l.floor(ctx, bare, bare)
	if err != nil {
		return nil, err
	}
	all := []contender{
		{name: ours, process: server.process, round: l.saturate(server, create)},
		{name: bare, process: floor.process, round: l.saturate(floor, create)},
		l.pgbench(ctx, raw, create),
		{name: l.steadily(ours), process: server.process, round: l.steady(server, create)},
		{name: l.steadily(bare), process: floor.process, round: l.steady(floor, create)},
	}
	if l.NoPeers {
		return all, nil
	}
	return append(all, l.peers(ctx, create)...), nil
}

// saturate sends requests as fast as the service answers.
func (l *lab) saturate(s *service, requests ...request) func(context.Context, time.Duration) (Round, error) {
	return func(ctx context.Context, d time.Duration) (Round, error) {
		all, err := targets(s.url, requests...)
		if err != nil {
			return Round{}, err
		}
		return closedLoop(ctx, inTurns(all), l.plan.Clients, d)
	}
}

// steady sends requests at a constant rate, whether answers come or not.
func (l *lab) steady(s *service, requests ...request) func(context.Context, time.Duration) (Round, error) {
	return func(ctx context.Context, d time.Duration) (Round, error) {
		all, err := targets(s.url, requests...)
		if err != nil {
			return Round{}, err
		}
		return openLoop(ctx, inTurns(all), l.plan.Clients, l.plan.Steady, d)
	}
}

func (l *lab) steadily(name string) string { return fmt.Sprintf("%s at %.0f/s", name, l.plan.Steady) }
