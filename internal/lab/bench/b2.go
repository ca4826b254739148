package bench

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// refusals are cases of the world that are refused, each at another depth.
var refusals = []string{
	"listDivisions:gateway.token.missing",
	"listDivisions:gateway.token.expired",
	"getDivision:division.get.owner",
	"activateDivision:division.activate.not_found",
	"activateDivision:division.activate.status",
	"createDivision:division.create.schema",
	"createDivision:division.create.phone_number",
	"createDivision:division.create.settlement_match",
}

const aboutB2 = `A mix of eight refusals, from a missing token to a settlement whose name and id do not belong together: 401 twice, 403, 404, 409 and 422 three times, over %d connections as fast as answers come.
Beside it the same server creates divisions, on a database of its own.
Rows written are those that PostgreSQL counted in all tables while only refusals were sent, without the tables of River, whose idle workers keep their leader there.`

// Names of B2's rows.
const (
	refused  = "refusals"
	accepted = "accepted creates"
)

// noCleaning keeps the scheduled clean-ups from writing meanwhile.
var noCleaning = []string{
	"DEACTIVATOR_SCHEDULE=" + newYear, "TERMINATOR_SCHEDULE=" + newYear, "APPROVALS_CLEANUP_SCHEDULE=" + newYear,
	"JOBS_CLEANUP_SCHEDULE=" + newYear, "EVENTS_TERMINATION_SCHEDULE=" + newYear,
}

const newYear = "0 0 1 1 *"

// b2 is refused.
func (l *lab) b2(ctx context.Context, b *Benchmark) error {
	b.About = about(aboutB2, l.plan.Clients)
	create, err := l.passing("createDivision")
	if err != nil {
		return err
	}
	mix := make([]request, len(refusals))
	for i, id := range refusals {
		if mix[i], err = l.caseOf(id); err != nil {
			return err
		}
	}
	pool, err := l.database(ctx, "refusals")
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := l.createDatabase(ctx, "accepts", original); err != nil {
		return err
	}
	before, err := written(ctx, pool)
	if err != nil {
		return err
	}
	refusing, err := l.server(ctx, refused, "refusals", noCleaning...)
	if err != nil {
		return err
	}
	accepting, err := l.server(ctx, accepted, "accepts")
	if err != nil {
		return err
	}
	b.Rows, err = l.interleave(ctx,
		contender{name: refused, process: refusing.process, round: l.saturate(refusing, mix...)},
		contender{name: accepted, process: accepting.process, round: l.saturate(accepting, create)})
	if err != nil {
		return err
	}
	// A connection tells its last counts when it ends.
	if err := l.stopChildren(); err != nil {
		return err
	}
	after, err := written(ctx, pool)
	if err != nil {
		return err
	}
	b.figure("rows written while refusing", "rows", float64(after-before))
	b.reachRate("rate beside accepted creates", 2.5, refused, accepted)
	b.keep("rows written while refusing", 0, float64(after-before), "", true)
	return nil
}

// written counts the rows that were ever inserted, updated or deleted, but for
// those of River.
func written(ctx context.Context, pool *pgxpool.Pool) (rows int64, err error) {
	err = pool.QueryRow(ctx, `
		SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
		FROM pg_stat_user_tables WHERE schemaname <> 'river'`).Scan(&rows)
	if err != nil {
		return 0, fmt.Errorf("ask for the rows written: %w", err)
	}
	return rows, nil
}
