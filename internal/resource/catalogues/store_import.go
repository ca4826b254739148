package catalogues

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/platform/postgres"
)

// Report tells what an import has done.
type Report struct {
	Rows     int   // of the file
	Inserted int64 // rows that the table did not have
	Changed  int64 // rows of the table that have become different
	Bad      []BadRow
}

// BadRow is why a file is not imported.
type BadRow struct {
	Line   int
	Reason string
}

func (b BadRow) String() string { return fmt.Sprintf("line %d: %s", b.Line, b.Reason) }

// ErrBadRows is returned with a report that lists them.
var ErrBadRows = errors.New("nothing was imported, because rows are bad")

// Import fills a table from CSV in one transaction: all rows, or none when one is bad.
// Rows of the table that are not in the file stay as they are, and so do those that are
// in it and have not changed.
func Import(ctx context.Context, pool *pgxpool.Pool, table string, r io.Reader, at time.Time, by uuid.UUID) (report Report, err error) {
	t, known := tables[table]
	if !known {
		return Report{}, fmt.Errorf("no import fills %q", table)
	}
	// Not postgres.InTx: it may try again, and r can be read only once.
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		report, err = t.importInto(ctx, tx, r, at, by)
		return err
	})
	if err != nil && !errors.Is(err, ErrBadRows) {
		return report, fmt.Errorf("import into %s: %w", table, postgres.Error(err))
	}
	return report, err
}

// table says how a file becomes rows of a table.
type table struct {
	name     string
	required []string // columns that a file must have, and each row a value for
	optional []string // columns that may be missing, or empty
	inMemory bool     // servers have to load the services anew

	key  func(k *keys, r *record) string // what tells rows apart
	ids  func(k *keys) map[string]uuid.UUID
	row  func(k *keys, r *record) row
	done func(k *keys, all []*record) // looks at all rows together

	write func(ctx context.Context, tx pgx.Tx, p params) (result, error)
}

// row is one of the table, by column.
type row map[string]any

// namespace of the ids of rows whose file names none.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://esoz/catalogues"))

func (t *table) importInto(ctx context.Context, tx pgx.Tx, r io.Reader, at time.Time, by uuid.UUID) (report Report, err error) {
	all, bad, err := t.read(r)
	report.Rows = len(all)
	if err != nil {
		return report, err
	}
	k, err := readKeys(ctx, tx)
	if err != nil {
		return report, err
	}
	t.identify(k, all)
	rows := make([]row, len(all))
	for i, r := range all {
		rows[i] = t.row(k, r)
		rows[i]["id"] = r.id
	}
	if t.done != nil {
		t.done(k, all)
	}
	for _, r := range all {
		bad = append(bad, r.bad...)
	}
	if len(bad) > 0 {
		slices.SortStableFunc(bad, func(a, b BadRow) int { return cmp.Compare(a.Line, b.Line) })
		report.Bad = bad
		return report, ErrBadRows
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return report, fmt.Errorf("encode rows: %w", err)
	}
	written, err := t.write(ctx, tx, params{By: by, At: at, Rows: encoded})
	if err != nil {
		return report, err
	}
	report.Inserted, report.Changed = written.Inserted, written.Changed
	if t.inMemory && report.Inserted+report.Changed > 0 {
		return report, ServicesChanged(ctx, tx, at)
	}
	return report, nil
}

// identify finds the row of the table that each record means, or gives it an id.
func (t *table) identify(k *keys, all []*record) {
	ids, keyOf, lines := t.ids(k), map[uuid.UUID]string{}, map[string]int{}
	for key, id := range ids {
		keyOf[id] = key
	}
	for _, r := range all {
		key := t.key(k, r)
		if len(r.bad) > 0 {
			continue
		}
		if line := lines[key]; line > 0 {
			r.refuse("the same stands on line %d already", line)
			continue
		}
		lines[key] = r.line
		named, isNamed := r.uuid("id")
		id, known := ids[key]
		switch {
		case known && isNamed && id != named:
			r.refuse("the table has it under the id %s", id)
		case known:
		case isNamed:
			id = named
		default:
			id = uuid.NewSHA1(namespace, []byte(t.name+"/"+key))
		}
		if other, taken := keyOf[id]; taken && other != key {
			r.refuse("another row has the id %s", id)
		}
		r.id, ids[key], keyOf[id] = id, id, key
	}
}
