package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/gen/db"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/idempotency"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/media"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/sms"
	"esoz/internal/resource/servicerequests"
)

// Settings that hold keys, as admin.keys names them.
const (
	serverKeySetting  = "SERVER_KEY"
	patientKeySetting = "PERSON_PK_KEYPHRASE"
)

// ErrKey means that data lie under a key that the settings do not name.
var ErrKey = errors.New("data lie under another key than the setting names")

// CheckKeys compares the keys with those under which data lie, and records the
// ones that this process writes with. It returns ErrKey when a key is missing.
func CheckKeys(ctx context.Context, pool *pgxpool.Pool, documents *mongo.Database, keys *seal.Keys, now time.Time) error {
	if err := compareKeys(ctx, pool, documents, keys); err != nil {
		return err
	}
	for setting, ids := range map[string][]string{serverKeySetting: keys.ServerKeyIDs(), patientKeySetting: keys.PatientKeyIDs()} {
		if err := db.New().InsertKey(ctx, pool, db.InsertKeyParams{Name: setting, ID: ids[0], At: now}); err != nil {
			return fmt.Errorf("record %s: %w", setting, postgres.Error(err))
		}
	}
	return nil
}

// compareKeys makes the comparison of CheckKeys and records nothing.
func compareKeys(ctx context.Context, pool *pgxpool.Pool, documents *mongo.Database, keys *seal.Keys) error {
	_, err := compareKey(ctx, pool, serverKeySetting, keys.ServerKeyIDs(), func() (bool, error) { return opensTexts(ctx, pool, keys) })
	if err != nil {
		return err
	}
	oldest, err := compareKey(ctx, pool, patientKeySetting, keys.PatientKeyIDs(), func() (bool, error) { return opensNumbers(ctx, documents, keys) })
	if err != nil {
		return err
	}
	keys.SetUnmarked(oldest)
	return nil
}

// compareKey returns the id of the oldest key under which data lie. fits is asked
// where no key is recorded: data may be older than the records.
func compareKey(ctx context.Context, pool *pgxpool.Pool, setting string, ids []string, fits func() (bool, error)) (oldest string, err error) {
	known, err := db.New().ListKeys(ctx, pool, setting)
	if err != nil {
		return "", fmt.Errorf("read the records of %s: %w", setting, postgres.Error(err))
	}
	ok := !slices.ContainsFunc(known, func(id string) bool { return !slices.Contains(ids, id) })
	if len(known) == 0 {
		if ok, err = fits(); err != nil {
			return "", fmt.Errorf("try %s on what is stored: %w", setting, err)
		}
	}
	if !ok {
		return "", fmt.Errorf("%s: %w: set the former key, or set %s=new,former and run esoz rekey", setting, ErrKey, setting)
	}
	return append(known, ids[0])[0], nil
}

// sealed are the columns of sealed texts.
func sealed() []seal.Column {
	return append(slices.Clone(jobs.Sealed), sms.Sealed, idempotency.Sealed, media.Sealed)
}

// opensTexts tries the first key on one text of each column.
func opensTexts(ctx context.Context, pool *pgxpool.Pool, keys *seal.Keys) (bool, error) {
	for _, c := range sealed() {
		var text []byte
		err := pool.QueryRow(ctx, "SELECT "+c.Name+" FROM "+c.Table+" WHERE "+c.Name+" IS NOT NULL LIMIT 1").Scan(&text)
		if errors.Is(err, pgx.ErrNoRows) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("read %s: %w", c.Table, postgres.Error(err))
		}
		if _, former, err := keys.Reseal(c.Purpose, text); err != nil || former {
			return false, nil
		}
	}
	return true, nil
}

// opensNumbers tries the first key of patients on the number of a referral, which
// consists of letters and digits.
func opensNumbers(ctx context.Context, documents *mongo.Database, keys *seal.Keys) (bool, error) {
	stored, err := documents.Collection(servicerequests.Collection).FindOne(ctx, bson.D{}).Raw()
	if err = mongodb.Error(err); errors.Is(err, fault.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	d := mongodb.Document(stored)
	number, err := keys.OpenRequisition(d.Text(servicerequests.RequisitionField), d.Text(seal.KeyField))
	return err == nil && strings.Trim(number, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "", nil
}
