package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"esoz/internal/platform/postgres"
	sqlfiles "esoz/sql"
)

// Reasons why tables do not fit the program.
var (
	ErrOldTables = errors.New("the tables are older than this program: run esoz migrate")
	ErrNewTables = errors.New("the tables were made by a newer version of this program: run that one")
)

// checkTables compares the migrations that were made with those of this program:
// goose's of our tables, and River's of its own. Newer tables are fit for a server
// that runs already (Migrate may run while servers run), not for one that starts.
func checkTables(ctx context.Context, pool *pgxpool.Pool) error {
	all, err := tables()
	if err != nil {
		return err
	}
	for _, of := range all {
		made, err := versions(ctx, pool, of.query)
		if err != nil {
			return fmt.Errorf("read the versions of %s's tables: %w", of.what, postgres.Error(err))
		}
		if i := slices.IndexFunc(of.known, func(v int64) bool { return !slices.Contains(made, v) }); i >= 0 {
			return fmt.Errorf("%s's migration %d is missing: %w", of.what, of.known[i], ErrOldTables)
		}
		if newest := slices.Max(made); newest > slices.Max(of.known) {
			return fmt.Errorf("%s's migration %d is not known here: %w", of.what, newest, ErrNewTables)
		}
	}
	return nil
}

const undefinedTable = "42P01"

// versions reads the migrations that were made: none where their table is missing.
func versions(ctx context.Context, pool *pgxpool.Pool, query string) (made []int64, err error) {
	err = pool.QueryRow(ctx, query).Scan(&made)
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == undefinedTable {
		return nil, nil
	}
	return made, err
}

// migrations are those of some tables.
type migrations struct {
	what  string
	query string  // of those that were made
	known []int64 // those that this program can make
}

var tables = sync.OnceValues(func() ([]migrations, error) {
	ours := migrations{what: "esoz", query: "SELECT coalesce(array_agg(version_id), '{}') FROM goose_db_version WHERE is_applied"}
	files, err := fs.Glob(sqlfiles.Migrations, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
		ours.known = append(ours.known, version)
	}
	rivers := migrations{what: "River", query: "SELECT coalesce(array_agg(version), '{}') FROM " + riverSchema + ".river_migration WHERE line = 'main'"}
	migrator, err := rivermigrate.New(riverpgxv5.New(nil), &rivermigrate.Config{Schema: riverSchema})
	if err != nil {
		return nil, fmt.Errorf("read River's migrations: %w", err)
	}
	for _, m := range migrator.AllVersions() {
		rivers.known = append(rivers.known, int64(m.Version))
	}
	return []migrations{ours, rivers}, nil
})
