package dictionaries

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.yaml.in/yaml/v3"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/versioned"
)

// published has the codes and texts of the national fixtures of 2019 (ehealth.api, priv/repo/fixtures/dictionaries.json),
// with what clients have seen since.
//
//go:embed published.json.gz
var published []byte

//go:embed builtin.yaml
var builtin []byte

// namespace of the ids of built-in dictionaries and values.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://esoz/dictionaries"))

// Definition is a built-in dictionary.
type Definition struct {
	Name        string
	Description string
	Labels      []string
	Open        bool
	Closed      bool // builtin.yaml completes a published list that is open
	Values      []DefinedValue
}

// DefinedValue is a code of a built-in dictionary.
type DefinedValue struct {
	Code, Description string
	Inactive          bool
	Values            []DefinedValue // under this one
}

// Builtin returns the published dictionaries together with what builtin.yaml adds.
func Builtin() ([]Definition, error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(published))
	if err != nil {
		return nil, fmt.Errorf("unpack the published dictionaries: %w", err)
	}
	var all, more []Definition
	if err := json.NewDecoder(unpacked).Decode(&all); err != nil {
		return nil, fmt.Errorf("read the published dictionaries: %w", err)
	}
	if err := yaml.Unmarshal(builtin, &more); err != nil {
		return nil, fmt.Errorf("read the built-in dictionaries: %w", err)
	}
	at := map[string]int{}
	for i, d := range all {
		at[d.Name] = i
	}
	for _, d := range more {
		i, known := at[d.Name]
		if !known {
			all = append(all, d)
			continue
		}
		all[i].Description = d.Description
		all[i].Open = (all[i].Open || d.Open) && !d.Closed
		all[i].Values = append(all[i].Values, d.Values...)
	}
	return all, nil
}

// seededName is the row of prm.cache_versions that says which built-in dictionaries a database has.
const seededName = "dictionaries.builtin"

// builtinVersion is another one whenever the built-in dictionaries are others.
func builtinVersion() int64 {
	hash := sha256.New()
	hash.Write(published)
	hash.Write(builtin)
	return int64(binary.BigEndian.Uint64(hash.Sum(nil)) >> 1)
}

// Seed writes the built-in dictionaries in the name of by, once for each version
// of them. What others have added or changed since stays.
func Seed(ctx context.Context, tx pgx.Tx, at time.Time, by uuid.UUID) error {
	q, current := db.New(), builtinVersion()
	have, err := versioned.Version(ctx, tx, seededName)
	if err != nil || have == current {
		return err
	}
	all, err := Builtin()
	if err != nil {
		return err
	}
	rows := db.UpsertDictionariesParams{UserID: by, At: at}
	values := db.UpsertDictionaryValuesParams{UserID: by, At: at}
	for _, d := range all {
		id := uuid.NewSHA1(namespace, []byte(d.Name))
		rows.IDs, rows.Names, rows.Descriptions = append(rows.IDs, id), append(rows.Names, d.Name), append(rows.Descriptions, d.Description)
		rows.Labels, rows.Open = append(rows.Labels, strings.Join(d.labels(), ",")), append(rows.Open, d.Open)
		addValues(&values, d.Name, id, d.Values, "", uuid.Nil)
	}
	changedRows, err := q.UpsertDictionaries(ctx, tx, rows)
	if err != nil {
		return fmt.Errorf("write dictionaries: %w", postgres.Error(err))
	}
	changedValues, err := q.UpsertDictionaryValues(ctx, tx, values)
	if err != nil {
		return fmt.Errorf("write the values of dictionaries: %w", postgres.Error(err))
	}
	if err := q.SetCacheVersion(ctx, tx, db.SetCacheVersionParams{Name: seededName, Version: current, At: at}); err != nil {
		return fmt.Errorf("note the version of the built-in dictionaries: %w", postgres.Error(err))
	}
	if changedRows+changedValues == 0 {
		return nil
	}
	return Changed(ctx, tx, at)
}

func (d Definition) labels() []string {
	if d.Labels == nil {
		return []string{"SYSTEM", "EXTERNAL"}
	}
	return d.Labels
}

// addValues adds values of all levels.
func addValues(rows *db.UpsertDictionaryValuesParams, dictionary string, dictionaryID uuid.UUID, values []DefinedValue, parent string, parentID uuid.UUID) {
	for _, v := range values {
		id := uuid.NewSHA1(dictionaryID, []byte(v.Code))
		rows.IDs, rows.Dictionaries, rows.Codes = append(rows.IDs, id), append(rows.Dictionaries, dictionary), append(rows.Codes, v.Code)
		rows.Descriptions, rows.Actives = append(rows.Descriptions, v.Description), append(rows.Actives, !v.Inactive)
		rows.Parents, rows.ParentIDs = append(rows.Parents, parent), append(rows.ParentIDs, parentID)
		addValues(rows, dictionary, dictionaryID, v.Values, v.Code, id)
	}
}

// Changed makes every process load the dictionaries anew. It belongs in the
// transaction of the change.
func Changed(ctx context.Context, tx pgx.Tx, at time.Time) error {
	return versioned.Changed(ctx, tx, cacheName, at)
}
