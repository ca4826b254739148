package bench

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/uaddresses"
	"esoz/internal/sandbox/world"
)

const aboutGrowth = `The same requests on databases of different sizes: Create Division, Get Division Details and a page of Get Divisions, each at %.0f a second.
Legal entities have twenty divisions each, but for the one that asks, whose hundred lie scattered among all; each division has an address and an audit row.
Settlements are those of %s.`

// operations whose growth is looked at.
var growing = []string{"create", "get", "list"}

// growth looks at what more data do to the latencies.
func (l *lab) growth(ctx context.Context, b *Benchmark) error {
	const base = "growth"
	pool, err := l.database(ctx, base)
	if err != nil {
		return err
	}
	settlements, err := l.importCodifier(ctx, b, pool)
	pool.Close()
	if err != nil {
		return err
	}
	b.Steady = true
	b.About = about(aboutGrowth, l.plan.Steady, settlements)
	byOperation := make([][]contender, len(growing))
	for _, size := range l.plan.Sizes {
		requests, s, err := l.grow(ctx, base, size)
		if err != nil {
			return err
		}
		for i, name := range growing {
			all, err := targets(s.url, requests[i]...)
			if err != nil {
				return err
			}
			next := inTurns(all)
			byOperation[i] = append(byOperation[i], contender{
				name: rowOfSize(name, size), process: s.process,
				round: func(ctx context.Context, d time.Duration) (Round, error) {
					return openLoop(ctx, next, l.plan.Clients, l.plan.Steady, d)
				},
			})
		}
	}
	if b.Rows, err = l.interleave(ctx, slices.Concat(byOperation...)...); err != nil {
		return err
	}
	for _, name := range growing {
		least, most := b.row(rowOfSize(name, 1000)), b.row(rowOfSize(name, 1_000_000))
		b.keep(name+": p99 with 1 000 000 divisions beside 1 000", 1.2,
			ratio(most.P99().Median, least.P99().Median), "", len(most.Rounds) > 0 && len(least.Rounds) > 0)
	}
	return nil
}

func rowOfSize(operation string, size int) string {
	return fmt.Sprintf("%s, %s divisions", operation, number(float64(size)))
}

// importCodifier loads the national codifier when a file of it was given, and
// says which settlements there are now.
func (l *lab) importCodifier(ctx context.Context, b *Benchmark, pool *pgxpool.Pool) (string, error) {
	if l.Codifier == "" {
		return "the built-in addresses, because no file of the national codifier was given (--codifier)", nil
	}
	file, err := os.Open(l.Codifier)
	if err != nil {
		return "", fmt.Errorf("open the codifier: %w", err)
	}
	defer file.Close()
	took := clock.Stopwatch()
	report, err := uaddresses.Import(ctx, pool, file, l.clock.Now())
	if err != nil {
		return "", fmt.Errorf("import the codifier: %w", err)
	}
	b.figure("import of the national codifier", "s", took().Seconds())
	return fmt.Sprintf("the whole national codifier, %s rows", number(float64(report.Rows))), analyze(ctx, pool)
}

// grow makes a database with so many divisions, starts a server on it and tells
// what to ask it, for each operation.
func (l *lab) grow(ctx context.Context, base string, size int) (requests [][]request, s *service, err error) {
	name := fmt.Sprint("divisions ", size)
	if err := l.createDatabase(ctx, name, base); err != nil {
		return nil, nil, err
	}
	pool, err := postgres.Open(ctx, l.dsn(name), 2)
	if err != nil {
		return nil, nil, err
	}
	defer pool.Close()
	own, err := multiply(ctx, pool, size)
	if err != nil {
		return nil, nil, err
	}
	if s, err = l.server(ctx, name, name); err != nil {
		return nil, nil, err
	}
	create, err := l.passing("createDivision")
	if err != nil {
		return nil, nil, err
	}
	list := request{Request: world.Request{Method: "GET", Path: "/api/divisions?page_size=50", Headers: map[string]string{
		"Authorization": "Bearer " + world.TokenValue("hospital_owner"), "API-key": world.MISKey,
	}}, right: []int{200}}
	var details []request
	for _, id := range own {
		one := list
		one.Path = "/api/divisions/" + id.String()
		details = append(details, one)
	}
	return [][]request{{create}, details, {list}}, s, nil
}

// multiply adds divisions like the clinic's until there are so many, and tells
// which of them the hospital has got.
func multiply(ctx context.Context, pool *pgxpool.Pool, size int) ([]uuid.UUID, error) {
	const perLegalEntity, own = 20, 100
	steps := []struct {
		sql  string
		args []any
	}{
		{
			`INSERT INTO prm.legal_entities (id, name, type, status, is_active, edrpou, nhs_verified, inserted_by, inserted_at, updated_by, updated_at)
			SELECT md5('legal entity ' || n)::uuid, name, type, status, is_active, 'B' || n, nhs_verified, inserted_by, inserted_at, updated_by, updated_at
			FROM prm.legal_entities, generate_series(0, $2::int / $3::int) AS n WHERE id = $1`,
			[]any{world.ID("clinic"), size, perLegalEntity},
		},
		{
			`INSERT INTO prm.divisions (id, name, type, mountain_group, phones, email, legal_entity_id, longitude, latitude, status, is_active,
				inserted_by, inserted_at, updated_by, updated_at)
			SELECT md5('division ' || n)::uuid, name, type, mountain_group, phones, email,
				CASE WHEN n % ($3::int / $4::int) = 0 THEN $5::uuid ELSE md5('legal entity ' || n / $2::int)::uuid END,
				longitude, latitude, status, is_active, inserted_by, inserted_at, updated_by, updated_at
			FROM prm.divisions, generate_series(1, $3::int) AS n WHERE id = $1`,
			[]any{world.ID("division of the clinic"), perLegalEntity, size, own, world.ID("hospital")},
		},
		{
			`INSERT INTO prm.division_addresses (id, division_id, position, type, country, area, region, settlement, settlement_type, settlement_id,
				street_type, street, building, apartment, zip, inserted_by, inserted_at, updated_by, updated_at)
			SELECT md5('address ' || n)::uuid, md5('division ' || n)::uuid, position, type, country, area, region, settlement, settlement_type, settlement_id,
				street_type, street, building, apartment, zip, inserted_by, inserted_at, updated_by, updated_at
			FROM prm.division_addresses, generate_series(1, $2::int) AS n WHERE division_id = $1`,
			[]any{world.ID("division of the clinic"), size},
		},
		{
			`INSERT INTO prm.audit_log (id, actor_id, resource, resource_id, changeset, inserted_at)
			SELECT md5('audit ' || n)::uuid, $1::text, 'divisions', md5('division ' || n)::uuid::text, '{}', now() FROM generate_series(1, $2::int) AS n`,
			[]any{world.ID("owner").String(), size},
		},
	}
	for _, step := range steps {
		if _, err := pool.Exec(ctx, step.sql, step.args...); err != nil {
			return nil, fmt.Errorf("make %d divisions: %w", size, err)
		}
	}
	if err := analyze(ctx, pool); err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	err := pool.QueryRow(ctx, "SELECT array_agg(id) FROM prm.divisions WHERE legal_entity_id = $1", world.ID("hospital")).Scan(&ids)
	if err != nil {
		return nil, fmt.Errorf("list the divisions of the hospital: %w", err)
	}
	return ids, nil
}
