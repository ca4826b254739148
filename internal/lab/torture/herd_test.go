package torture

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/seal"
	"esoz/internal/resource/approvals"
	"esoz/internal/sandbox/world"
)

// herd are the copies of one object of the world.
type herd struct {
	id       uuid.UUID // of the original
	table    string    // of rows
	document string    // collection of documents
	original bson.D    // document
	secret   string    // value of the token
	exchange bool      // the token is a code

	numbers []string // of the original's person, which each copy has others in place of
	methods []string // by which the original confirms, and each copy by one of its own in place of each
	place   int      // among the herds

	ids    []uuid.UUID
	phones []string // of codes
	next   atomic.Int64
}

// take returns a copy that nobody has had, and leaves some.
func (h *herd) take(leaves int) (i int, ok bool) {
	if h.left() <= leaves {
		return 0, false
	}
	i = int(h.next.Add(1)) - 1
	return i, i < len(h.ids)
}

// left is how many copies nobody has had.
func (h *herd) left() int { return len(h.ids) - len(h.taken()) }

// value is that of a copy of a token.
func (h *herd) value(id uuid.UUID) string { return h.secret + "-" + id.String() }

// taken are the copies that somebody has had.
func (h *herd) taken() []uuid.UUID { return h.ids[:min(len(h.ids), int(h.next.Load()))] }

// number is the tax id and the number of the document of a copy's person, as rows makes it.
func (h *herd) number(i int) string { return fmt.Sprintf("7%03d%06d", h.place, i+1) }

// herd copies an object, wherever it is kept, once for each operation on it.
func (l *load) herd(t *testing.T, operation string, id uuid.UUID) *herd {
	t.Helper()
	key := uuid.NewSHA1(id, []byte(operation))
	if known := l.herds[key]; known != nil {
		return known
	}
	h := l.rows(t, id)
	if h == nil {
		h = l.documents(t, id)
	}
	require.NotNil(t, h, "%s works on %s, which no table and no collection has", operation, id)
	l.herds[key] = h
	return h
}

// tables are all tables whose rows have ids, as they are named in statements.
func (l *load) tables(t *testing.T) []string {
	t.Helper()
	rows, err := l.rig.pool.Query(t.Context(), `
		SELECT format('%I.%I', table_schema, table_name)
		FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
		WHERE column_name = 'id' AND udt_name = 'uuid' AND table_type = 'BASE TABLE'
		ORDER BY 1`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

func (l *load) rows(t *testing.T, id uuid.UUID) *herd {
	t.Helper()
	for _, table := range l.tables(t) {
		var here bool
		require.NoError(t, l.rig.pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT 1 FROM "+table+" WHERE id = $1)", id).Scan(&here))
		if !here {
			continue
		}
		h := &herd{id: id, table: table, place: len(l.herds)}
		require.NoError(t, l.rig.pool.QueryRow(t.Context(), `
			SELECT ARRAY (SELECT n FROM unnest(ARRAY[j #>> '{data,person,tax_id}', j #>> '{data,person,documents,0,number}']) n WHERE n <> '')
			FROM (SELECT to_jsonb(r) FROM `+table+` AS r WHERE id = $1) AS o (j)`, id).Scan(&h.numbers))
		rows, err := l.rig.pool.Query(t.Context(), fmt.Sprintf(`
			INSERT INTO %[1]s
			SELECT fresh.* FROM %[1]s original, generate_series(1, $2::integer) n,
				LATERAL (SELECT to_jsonb(original) AS j, '7' || lpad($4::integer::text, 3, '0') || lpad(n::text, 6, '0') AS number, gen_random_uuid() AS id) v,
				LATERAL jsonb_populate_record(original, -- what is stored within the row names the copy, too
					replace(replace(replace(j::text, j ->> 'id', v.id::text), coalesce(($3::text[])[1], ''), v.number), coalesce(($3::text[])[2], ''), v.number)::jsonb
					|| jsonb_build_object('declaration_id', gen_random_uuid(), 'declaration_number', gen_random_uuid(), '', n)) fresh
			WHERE original.id = $1
			ORDER BY n
			RETURNING id`, table), id, l.flock.rows, h.numbers, h.place)
		require.NoError(t, err)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		require.NoError(t, err, "copy a row of %s", table)
		l.belongings(t, id, ids)
		h.ids, h.methods = ids, l.methods(t, id, ids)
		return h
	}
	return nil
}

// belongings gives copies of an object what the original is confirmed by: its live code and its scans.
func (l *load) belongings(t *testing.T, original uuid.UUID, copies []uuid.UUID) {
	t.Helper()
	codes, hashes := make([]uuid.UUID, len(copies)), make([][]byte, len(copies))
	for i := range copies {
		codes[i] = uuid.New()
		hashes[i] = l.rig.keys.Code(codes[i], world.LiveCode)
	}
	_, err := l.rig.pool.Exec(t.Context(), `
		INSERT INTO otp.verifications (id, phone_number, resource_id, status, code_hash, code_expired_at, active, attempts_count, inserted_at)
		SELECT fresh.id, phone_number, fresh.resource, status, fresh.hash, code_expired_at, active, attempts_count, inserted_at
		FROM otp.verifications, unnest($2::uuid[], $3::uuid[], $4::bytea[]) AS fresh (id, resource, hash) WHERE resource_id = $1 AND active`,
		original, codes, copies, hashes)
	require.NoError(t, err, "copy a code")
	_, err = l.rig.pool.Exec(t.Context(), `
		INSERT INTO il.media SELECT replace(name, $1, fresh.id::text), content, inserted_at
		FROM il.media, unnest($2::uuid[]) AS fresh (id) WHERE name LIKE '%' || $1 || '%'`, original.String(), copies)
	require.NoError(t, err, "copy scans")
}

// methods gives copies of a person authentication methods of their own, and returns the original's.
func (l *load) methods(t *testing.T, original uuid.UUID, copies []uuid.UUID) []string {
	t.Helper()
	rows, err := l.rig.pool.Query(t.Context(), "SELECT id::text FROM mpi.person_authentication_methods WHERE person_id = $1", original)
	require.NoError(t, err)
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, method := range known {
		own := make([]uuid.UUID, len(copies))
		for i, person := range copies {
			own[i] = methodOf(person, method)
		}
		_, err := l.rig.pool.Exec(t.Context(), `
			INSERT INTO mpi.person_authentication_methods
			SELECT fresh.* FROM mpi.person_authentication_methods original, unnest($2::uuid[], $3::uuid[]) AS own (id, person_id),
				LATERAL jsonb_populate_record(original, jsonb_build_object('id', own.id, 'person_id', own.person_id)) fresh
			WHERE original.id = $1`, method, own, copies)
		require.NoError(t, err, "copy an authentication method")
	}
	return known
}

// methodOf a copy of a person stands for a method of the original.
func methodOf(person uuid.UUID, method string) uuid.UUID { return uuid.NewSHA1(person, []byte(method)) }

// naming is a body that names the copy's authentication method in place of the original's.
func (h *herd) naming(body any, person uuid.UUID) any {
	sent, _ := body.(map[string]any)
	method, _ := sent["authentication_method"].(map[string]any)
	if id, ok := method["id"].(string); ok && slices.Contains(h.methods, id) {
		return bodyWith(body, "authentication_method", bodyWith(method, "id", methodOf(person, id).String()))
	}
	return body
}

// tokens copies a token, with values of their own. The copies belong to no
// refresh token, with which a logout would end them all.
func (l *load) tokens(t *testing.T, secret string) *herd {
	t.Helper()
	h := &herd{table: tokenTable, secret: secret}
	hashes := [][]byte{}
	for range l.flock.documents {
		id := uuid.New()
		h.ids, hashes = append(h.ids, id), append(hashes, seal.Token(h.value(id)))
	}
	require.NoError(t, l.rig.pool.QueryRow(t.Context(), "SELECT id FROM mithril.tokens WHERE value_hash = $1", seal.Token(secret)).Scan(&h.id))
	_, err := l.rig.pool.Exec(t.Context(), `
		INSERT INTO mithril.tokens (id, name, value_hash, expires_at, user_id, details, inserted_at, updated_at)
		SELECT fresh.id, t.name, fresh.hash, t.expires_at, t.user_id, t.details - 'refresh_token_id', t.inserted_at, t.updated_at
		FROM mithril.tokens t, unnest($2::uuid[], $3::bytea[]) AS fresh (id, hash) WHERE t.id = $1`, h.id, h.ids, hashes)
	require.NoError(t, err)
	l.herds[uuid.New()] = h
	return h
}

const tokenTable = "mithril.tokens"

func (l *load) documents(t *testing.T, id uuid.UUID) *herd {
	t.Helper()
	var found *herd
	err := l.rig.withDocuments(t.Context(), func(store *mongo.Database) error {
		collections, err := store.ListCollectionNames(t.Context(), bson.D{})
		if err != nil {
			return err
		}
		for _, name := range collections {
			var original bson.D
			err := store.Collection(name).FindOne(t.Context(), bson.D{{Key: "_id", Value: id}}).Decode(&original)
			if errors.Is(err, mongo.ErrNoDocuments) {
				continue
			}
			if err != nil {
				return err
			}
			found = &herd{id: id, document: name, original: original}
			return found.copyDocuments(t.Context(), store.Collection(name), l.flock.documents+l.leaves)
		}
		return nil
	})
	require.NoError(t, err)
	if found != nil {
		l.belongings(t, id, found.ids)
	}
	return found
}

func (h *herd) copyDocuments(ctx context.Context, collection *mongo.Collection, n int) error {
	const batch = 200
	for len(h.ids) < n {
		documents := make([]any, min(batch, n-len(h.ids)))
		for i := range documents {
			id := uuid.New()
			copied := slices.Clone(h.original)
			for j := range copied {
				switch copied[j].Key {
				case "_id":
					copied[j].Value = bson.Binary{Subtype: bson.TypeBinaryUUID, Data: id[:]}
				case "granted_resources": // an approval ends earlier ones that open the same
					copied[j].Value = []approvals.Reference{approvals.To("episode_of_care", uuid.New())}
				}
			}
			documents[i] = copied
			h.ids = append(h.ids, id)
		}
		if _, err := collection.InsertMany(ctx, documents); err != nil {
			return fmt.Errorf("copy documents: %w", err)
		}
	}
	return nil
}

// prepareCodes sends codes to phones as if somebody had asked for them.
func (l *load) prepareCodes(t *testing.T) {
	t.Helper()
	before := clock.New().Now().Add(-time.Second)
	_, err := l.rig.pool.CopyFrom(t.Context(), pgx.Identifier{"otp", "verifications"},
		[]string{"id", "phone_number", "status", "code_hash", "code_expired_at", "active", "attempts_count", "inserted_at"},
		pgx.CopyFromSlice(l.flock.rows, func(i int) ([]any, error) {
			id := uuid.New()
			l.codes.ids = append(l.codes.ids, id)
			l.codes.phones = append(l.codes.phones, fmt.Sprintf("+38067%07d", i))
			return []any{id, l.codes.phones[i], "new", l.rig.keys.Code(id, world.LiveCode), before.Add(24 * time.Hour), true, 0, before}, nil
		}))
	require.NoError(t, err)
	l.codes.table = "otp.verifications"
}
