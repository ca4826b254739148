package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"esoz/gen/db"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/episodes"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/medicalrecords"
	"esoz/internal/resource/persons"
	"esoz/internal/resource/servicerequests"
)

// rekeyLock is the key under which runs of Rekey take turns.
const rekeyLock = migrationLock + 1

// Rekey seals everything with the newest keys, in batches, while servers run that
// have the same list of keys. It can be interrupted and run again. progress gets
// how many rows or documents of a place were looked at. Codes and idempotency keys
// are hashed and cannot be made anew: the former keys are needed until lastUse.
func Rekey(
	ctx context.Context, pool *pgxpool.Pool, documents *mongo.Database, keys *seal.Keys, now time.Time,
	progress func(place string, seen int64),
) (lastUse time.Time, err error) {
	r := &rekeying{pool: pool, documents: documents, keys: keys, progress: progress}
	err = postgres.Alone(ctx, pool, rekeyLock, func() error {
		if err := CheckKeys(ctx, pool, documents, keys, now); err != nil {
			return err
		}
		if err := r.untilNothingChanges(ctx); err != nil {
			return err
		}
		for setting, ids := range map[string][]string{serverKeySetting: keys.ServerKeyIDs(), patientKeySetting: keys.PatientKeyIDs()} {
			if err := db.New().DeleteFormerKeys(ctx, pool, db.DeleteFormerKeysParams{Name: setting, ID: ids[0]}); err != nil {
				return fmt.Errorf("forget former keys of %s: %w", setting, postgres.Error(err))
			}
		}
		lastUse, err = db.New().LastUseOfFormerKeys(ctx, pool, now)
		return postgres.Error(err)
	})
	return lastUse, err
}

type rekeying struct {
	pool      *pgxpool.Pool
	documents *mongo.Database
	keys      *seal.Keys
	progress  func(place string, seen int64)
}

// untilNothingChanges repeats, because what changes while it is looked at is left
// for the next time.
func (r *rekeying) untilNothingChanges(ctx context.Context) error {
	for {
		var changed int64
		for _, c := range sealed() {
			n, err := r.column(ctx, c)
			if err != nil {
				return fmt.Errorf("seal %s.%s: %w", c.Table, c.Name, err)
			}
			changed += n
		}
		if err := jobs.Rehash(ctx, r.pool, r.keys); err != nil {
			return err
		}
		for collection := range hidden {
			if len(r.keys.PatientKeyIDs()) == 1 {
				break // documents need not name the only key
			}
			n, err := r.collection(ctx, collection)
			if err != nil {
				return fmt.Errorf("hide patients in %s: %w", collection, err)
			}
			changed += n
		}
		if changed == 0 {
			return nil
		}
	}
}

// rekeyBatch is how many rows or documents are usually read at a time.
const rekeyBatch = 500

// column seals the texts of a column anew and returns how many were sealed with a
// former key.
func (r *rekeying) column(ctx context.Context, c seal.Column) (changed int64, err error) {
	var seen int64
	var after *string
	for {
		page, last, err := r.page(ctx, c, after)
		if err != nil {
			return changed, err
		}
		seen += page.seen
		if len(page.keys) > 0 {
			// What a server has written since keeps its value.
			_, err := r.pool.Exec(ctx, "UPDATE "+c.Table+" t SET "+c.Name+" = v.fresh"+
				" FROM unnest($1::"+c.KeyType+"[], $2::bytea[], $3::bytea[]) AS v (key, old, fresh)"+
				" WHERE t."+c.Key+" = v.key AND t."+c.Name+" = v.old", page.keys, page.old, page.fresh)
			if err != nil {
				return changed, postgres.Error(err)
			}
			changed += int64(len(page.keys))
		}
		r.progress(c.Table+"."+c.Name, seen)
		if last == nil {
			return changed, nil
		}
		after = last
	}
}

// sealedPage is what of a page of rows is sealed with a former key.
type sealedPage struct {
	seen       int64
	keys       []string
	old, fresh [][]byte
}

// page reads the rows after a key. last is nil after the last page.
func (r *rekeying) page(ctx context.Context, c seal.Column, after *string) (p sealedPage, last *string, err error) {
	where := c.Name + " IS NOT NULL"
	batch := cmp.Or(c.Batch, rekeyBatch)
	args := []any{batch}
	if after != nil {
		where += " AND " + c.Key + " > $2::text::" + c.KeyType
		args = append(args, *after)
	}
	rows, err := r.pool.Query(ctx, "SELECT "+c.Key+"::text, "+c.Name+" FROM "+c.Table+" WHERE "+where+" ORDER BY "+c.Key+" LIMIT $1", args...)
	if err != nil {
		return p, nil, postgres.Error(err)
	}
	var key string
	var text []byte
	_, err = pgx.ForEachRow(rows, []any{&key, &text}, func() error {
		p.seen++
		fresh, changed, err := r.keys.Reseal(c.Purpose, text)
		if err != nil {
			return fmt.Errorf("%s %s: %w", c.Key, key, err)
		}
		if changed {
			p.keys, p.old, p.fresh = append(p.keys, key), append(p.old, text), append(p.fresh, fresh)
			text = nil
		}
		return nil
	})
	if err != nil {
		return p, nil, postgres.Error(err)
	}
	if p.seen == int64(batch) {
		last = &key
	}
	return p, last, nil
}

// hidden names the fields that hold hidden ids of patients or numbers, or
// references, among which may be one to a patient.
var hidden = map[string][]string{
	persons.Collection:         {"_id"},
	approvals.Collection:       {"patient_id", "granted_resources", "granted_to", "granted_by", "created_by", "reason"},
	servicerequests.Collection: {"subject", servicerequests.RequisitionField},
	devicedispenses.Collection: {"subject"},
	devicerequests.Collection:  {"subject", devicerequests.RequisitionField, devicerequests.VerificationCodeField},
	episodes.Collection:        {"patient_id"},
	medicalevents.Numbers:      {medicalevents.NumberField},

	medicalrecords.Visits: {"patient_id"},

	"encounters":           {"patient_id"},
	"conditions":           {"patient_id"},
	"observations":         {"patient_id"},
	"diagnostic_reports":   {"patient_id"},
	"procedures":           {"patient_id"},
	"immunizations":        {"patient_id"},
	"allergy_intolerances": {"patient_id"},
	"risk_assessments":     {"patient_id"},

	// No operation makes these yet.
	"specimens":    {"patient_id"},
	"compositions": {"patient_id"},
	"care_plans":   {"patient_id"},
	"activities":   {"patient_id"},
}

// collection hides patients and numbers anew, and returns how many documents were
// hidden under a former key.
func (r *rekeying) collection(ctx context.Context, name string) (changed int64, err error) {
	newest := r.keys.PatientKeyIDs()[0]
	collection := r.documents.Collection(name)
	for {
		cursor, err := collection.Find(ctx, bson.D{{Key: seal.KeyField, Value: bson.D{{Key: "$ne", Value: newest}}}}, options.Find().SetLimit(rekeyBatch))
		var batch []bson.D
		if err == nil {
			err = cursor.All(ctx, &batch)
		}
		if err != nil {
			return changed, mongodb.Error(err)
		}
		for _, stored := range batch {
			if err := r.document(ctx, collection, stored); err != nil {
				return changed, err
			}
		}
		changed += int64(len(batch))
		r.progress(name, changed)
		if len(batch) < rekeyBatch {
			return changed, nil
		}
	}
}

func (r *rekeying) document(ctx context.Context, collection *mongo.Collection, stored bson.D) error {
	var keyID string
	for _, field := range stored {
		if field.Key == seal.KeyField {
			keyID, _ = field.Value.(string)
		}
	}
	mark := bson.E{Key: seal.KeyField, Value: r.keys.PatientKeyIDs()[0]}
	filter, set := bson.D{}, bson.D{mark}
	fresh := bson.D{mark}
	for _, field := range stored {
		if field.Key == seal.KeyField {
			continue
		}
		if field.Key == "_id" || field.Key == "subject" || field.Key == "patient_id" {
			filter = append(filter, field)
		}
		if slices.Contains(hidden[collection.Name()], field.Key) {
			value, err := r.rehide(field.Value, keyID)
			if err != nil {
				return fmt.Errorf("%s: %w", field.Key, err)
			}
			field.Value = value
			set = append(set, field)
		}
		fresh = append(fresh, field)
	}
	if collection.Name() == persons.Collection {
		return move(ctx, collection, filter, fresh)
	}
	_, err := collection.UpdateOne(ctx, filter, bson.D{{Key: "$set", Value: set}})
	return mongodb.Error(err)
}

// rehide hides a text anew, or the ids of patients in references.
func (r *rekeying) rehide(value any, keyID string) (any, error) {
	switch v := value.(type) {
	case string:
		return r.keys.Rehide(v, keyID)
	case bson.A:
		for i := range v {
			fresh, err := r.rehide(v[i], keyID)
			if err != nil {
				return nil, err
			}
			v[i] = fresh
		}
	case bson.D: // a reference, or the identifier in it
		for i := range v {
			if v[i].Key != "identifier" && v[i].Key != "value" {
				continue
			}
			fresh, err := r.rehide(v[i].Value, keyID)
			if err != nil {
				return nil, err
			}
			v[i].Value = fresh
		}
	}
	return value, nil
}

// move gives a patient another _id. In between the patient is there twice, which
// reads do not mind.
func move(ctx context.Context, collection *mongo.Collection, former, fresh bson.D) error {
	if _, err := collection.InsertOne(ctx, fresh); err != nil && !mongo.IsDuplicateKeyError(err) {
		return mongodb.Error(err)
	}
	gone, err := collection.DeleteOne(ctx, former)
	if err == nil && gone.DeletedCount == 0 { // deleted in the meantime
		_, err = collection.DeleteOne(ctx, bson.D{{Key: seal.KeyField, Value: fresh[0].Value}, {Key: "_id", Value: idOf(fresh)}})
	}
	return mongodb.Error(err)
}

func idOf(document bson.D) any {
	for _, field := range document {
		if field.Key == "_id" {
			return field.Value
		}
	}
	return nil
}
