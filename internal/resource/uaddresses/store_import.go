package uaddresses

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

// Import loads the national codifier of settlements (KATOTTG) in one
// transaction. It may be run again with the same or a newer edition: rows that
// have not changed are not touched, nothing is deleted, and what is known of
// mountain settlements stays.
func Import(ctx context.Context, pool *pgxpool.Pool, r io.Reader, at time.Time) (report Report, err error) {
	// Not postgres.InTx: it may try again, and r can be read only once.
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		report, err = importInto(ctx, tx, r, at, true)
		return err
	})
	if err != nil {
		return report, fmt.Errorf("import the codifier: %w", postgres.Error(err))
	}
	return report, nil
}

// importInto imports within a transaction. With overwrite false, what is there
// stays as it is.
func importInto(ctx context.Context, tx pgx.Tx, r io.Reader, at time.Time, overwrite bool) (Report, error) {
	all, err := loadPlaces(ctx, tx)
	if err != nil {
		return Report{}, err
	}
	im := newImporter(all.areas, all.regions)
	im.overwrite = overwrite
	im.rename = func(ctx context.Context, ids []uuid.UUID) error {
		if len(ids) == 0 {
			return nil
		}
		if err := db.New().FreeNames(ctx, tx, ids); err != nil {
			return fmt.Errorf("free the names of renamed places: %w", postgres.Error(err))
		}
		return nil
	}
	im.write = func(ctx context.Context, b *batch) error {
		for _, write := range []func() (int64, int64, error){
			func() (int64, int64, error) { return upsertAreas(ctx, tx, b.areas, at, overwrite) },
			func() (int64, int64, error) { return upsertRegions(ctx, tx, b.regions, at, overwrite) },
			func() (int64, int64, error) { return upsertSettlements(ctx, tx, b.settlements, at, overwrite) },
		} {
			inserted, changed, err := write()
			if err != nil {
				return err
			}
			im.report.Inserted += inserted
			im.report.Changed += changed
		}
		return nil
	}
	if err := im.run(ctx, r); err != nil {
		return im.report, err
	}
	if im.report.Inserted+im.report.Changed == 0 {
		return im.report, nil
	}
	return im.report, Changed(ctx, tx, at)
}

func upsertAreas(ctx context.Context, tx pgx.Tx, areas []Area, at time.Time, overwrite bool) (inserted, changed int64, err error) {
	if len(areas) == 0 {
		return 0, 0, nil
	}
	p := db.UpsertAreasParams{At: at, Overwrite: overwrite}
	for _, a := range areas {
		p.IDs, p.Names, p.Koatuus = append(p.IDs, a.ID), append(p.Names, a.Name), append(p.Koatuus, a.KOATUU)
	}
	n, err := db.New().UpsertAreas(ctx, tx, p)
	if err != nil {
		return 0, 0, fmt.Errorf("write areas: %w", postgres.Error(err))
	}
	return n.Inserted, n.Changed, nil
}

func upsertRegions(ctx context.Context, tx pgx.Tx, regions []Region, at time.Time, overwrite bool) (inserted, changed int64, err error) {
	if len(regions) == 0 {
		return 0, 0, nil
	}
	p := db.UpsertRegionsParams{At: at, Overwrite: overwrite}
	for _, r := range regions {
		p.IDs, p.AreaIDs = append(p.IDs, r.ID), append(p.AreaIDs, r.AreaID)
		p.Names, p.Koatuus = append(p.Names, r.Name), append(p.Koatuus, r.KOATUU)
	}
	n, err := db.New().UpsertRegions(ctx, tx, p)
	if err != nil {
		return 0, 0, fmt.Errorf("write regions: %w", postgres.Error(err))
	}
	return n.Inserted, n.Changed, nil
}

func upsertSettlements(ctx context.Context, tx pgx.Tx, settlements []Settlement, at time.Time, overwrite bool) (inserted, changed int64, err error) {
	if len(settlements) == 0 {
		return 0, 0, nil
	}
	p := db.UpsertSettlementsParams{At: at, Overwrite: overwrite}
	for _, s := range settlements {
		region := uuid.Nil // what the query takes for none
		if s.RegionID != nil {
			region = *s.RegionID
		}
		p.IDs, p.AreaIDs, p.RegionIDs = append(p.IDs, s.ID), append(p.AreaIDs, s.AreaID), append(p.RegionIDs, region)
		p.Names, p.Types, p.Koatuus = append(p.Names, s.Name), append(p.Types, s.Type), append(p.Koatuus, s.KOATUU)
	}
	n, err := db.New().UpsertSettlements(ctx, tx, p)
	if err != nil {
		return 0, 0, fmt.Errorf("write settlements: %w", postgres.Error(err))
	}
	return n.Inserted, n.Changed, nil
}
