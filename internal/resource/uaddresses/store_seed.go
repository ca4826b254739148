package uaddresses

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

// builtin is an excerpt of the codifier: all areas, and a few of their regions
// and settlements.
//
//go:embed builtin.csv
var builtin []byte

// Codes of the built-in settlements that others refer to.
const (
	CodeKyiv       = "UA80000000000093317"
	CodeBerdychiv  = "UA18020030010047029"
	CodeVerkhovyna = "UA26020030010013669"
	CodeKryvorivna = "UA26020030150071897"
)

// mountain are the built-in settlements of the mountain group, which the
// codifier does not tell.
var mountain = []uuid.UUID{ID(CodeVerkhovyna), ID(CodeKryvorivna)}

// streets of the built-in settlements; the first name is today's.
var streets = []struct {
	settlement, kind string
	names            []string
}{
	{CodeKyiv, "STREET", []string{"Володимирська", "Короленка"}},
	{CodeKyiv, "STREET", []string{"Хрещатик"}},
	{CodeKyiv, "AVENUE", []string{"Берестейський", "Перемоги"}},
	{CodeBerdychiv, "STREET", []string{"Вінницька"}},
	{CodeBerdychiv, "STREET", []string{"Європейська", "Карла Лібкнехта"}},
}

// Seed writes the built-in addresses, enough to run without an import. It adds
// what is missing and leaves what a newer edition of the codifier has brought.
func Seed(ctx context.Context, tx pgx.Tx, at time.Time) error {
	// Rows that are refused here are in the way of somebody else's addresses: an
	// area of the same name under another id. Theirs stay.
	if _, err := importInto(ctx, tx, bytes.NewReader(builtin), at, false); err != nil {
		return fmt.Errorf("write the built-in addresses: %w", err)
	}
	q := db.New()
	marked, err := q.SetMountainGroup(ctx, tx, db.SetMountainGroupParams{MountainGroup: true, At: at, IDs: mountain})
	if err != nil {
		return fmt.Errorf("mark the built-in mountain settlements: %w", postgres.Error(err))
	}
	rows, aliases := db.UpsertStreetsParams{At: at}, db.UpsertStreetAliasesParams{}
	for _, s := range streets {
		settlementID := ID(s.settlement)
		id := uuid.NewSHA1(settlementID, []byte(s.kind+" "+s.names[0]))
		rows.IDs, rows.SettlementIDs = append(rows.IDs, id), append(rows.SettlementIDs, settlementID)
		rows.Types, rows.Names = append(rows.Types, s.kind), append(rows.Names, s.names[0])
		for _, name := range s.names {
			aliases.IDs = append(aliases.IDs, uuid.NewSHA1(id, []byte(name)))
			aliases.StreetIDs, aliases.Names = append(aliases.StreetIDs, id), append(aliases.Names, name)
		}
	}
	written, err := q.UpsertStreets(ctx, tx, rows)
	if err != nil {
		return fmt.Errorf("write the built-in streets: %w", postgres.Error(err))
	}
	named, err := q.UpsertStreetAliases(ctx, tx, aliases)
	if err != nil {
		return fmt.Errorf("write the names of the built-in streets: %w", postgres.Error(err))
	}
	if marked+written+named == 0 {
		return nil
	}
	return Changed(ctx, tx, at)
}
