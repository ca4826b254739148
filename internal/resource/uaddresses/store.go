package uaddresses

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/versioned"
)

// cacheName is the row of prm.cache_versions that tells of changed addresses.
const cacheName = "uaddresses"

func load(ctx context.Context, tx pgx.Tx) (*snapshot, error) {
	all, err := loadRows(ctx, tx)
	if err != nil {
		return nil, err
	}
	return newSnapshot(all), nil
}

func loadRows(ctx context.Context, tx pgx.Tx) (*rows, error) {
	q := db.New()
	all, err := loadPlaces(ctx, tx)
	if err != nil {
		return nil, err
	}
	settlements, err := q.ListSettlements(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list settlements: %w", err)
	}
	all.settlements = make([]Settlement, 0, len(settlements))
	types, regionIDs := map[string]string{}, map[uuid.UUID]*uuid.UUID{}
	for _, p := range settlements {
		all.settlements = append(all.settlements, Settlement{
			ID: p.ID, Name: p.Name, Type: shared(types, p.Type), AreaID: p.AreaID, RegionID: sharedID(regionIDs, p.RegionID),
			MountainGroup: p.MountainGroup, KOATUU: p.Koatuu, ParentID: p.ParentSettlementID,
		})
	}
	aliases, err := q.ListStreetAliases(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list street aliases: %w", err)
	}
	names := map[uuid.UUID][]string{}
	for _, alias := range aliases {
		names[alias.StreetID] = append(names[alias.StreetID], alias.Name)
	}
	streets, err := q.ListStreets(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list streets: %w", err)
	}
	for _, p := range streets {
		all.streets = append(all.streets, Street{ID: p.ID, SettlementID: p.SettlementID, Type: p.Type, Name: p.Name, Aliases: names[p.ID]})
	}
	return all, nil
}

// shared and sharedID keep one copy of what thousands of settlements repeat.
func shared(known map[string]string, text string) string {
	if one, ok := known[text]; ok {
		return one
	}
	known[text] = text
	return text
}

func sharedID(known map[uuid.UUID]*uuid.UUID, id *uuid.UUID) *uuid.UUID {
	if id == nil {
		return nil
	}
	if one, ok := known[*id]; ok {
		return one
	}
	known[*id] = id
	return id
}

// loadPlaces reads the areas and regions alone.
func loadPlaces(ctx context.Context, tx pgx.Tx) (*rows, error) {
	q, all := db.New(), &rows{}
	areas, err := q.ListAreas(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list areas: %w", postgres.Error(err))
	}
	for _, a := range areas {
		all.areas = append(all.areas, Area{ID: a.ID, Name: a.Name, KOATUU: a.Koatuu})
	}
	regions, err := q.ListRegions(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("list regions: %w", postgres.Error(err))
	}
	for _, r := range regions {
		all.regions = append(all.regions, Region{ID: r.ID, AreaID: r.AreaID, Name: r.Name, KOATUU: r.Koatuu})
	}
	return all, nil
}

// Changed makes every process load the addresses anew. It belongs in the
// transaction of the change.
func Changed(ctx context.Context, tx pgx.Tx, at time.Time) error {
	return versioned.Changed(ctx, tx, cacheName, at)
}
