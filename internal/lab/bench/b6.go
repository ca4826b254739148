package bench

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/authority"
	"esoz/internal/sandbox/world"
	"esoz/internal/sandbox/world/accounts"
)

const aboutB6 = `Create Declaration Request for %d persons in turns, confirmed by documents, so that both do the same statements (B4 measures codes); and Sign Declaration Request for each of them, signed with ECDSA P-256: all checks of the container are on, so that esoz verifies the content, its time stamp and their certificates. Both over %d connections as fast as answers come.
The floor does the same statements in the same transactions. It parses and verifies no signature, and checks nothing.`

// declarations are persons for whom declarations are asked and signed at one service.
type declarations struct {
	*service
	lab          *lab
	pool         *pgxpool.Pool
	create, sign []vegeta.Target
}

// b6 creates and signs.
func (l *lab) b6(ctx context.Context, b *Benchmark) error {
	b.About = about(aboutB6, l.plan.Phones, l.plan.Clients)
	roots := filepath.Join(l.Dir, "authorities.pem")
	if err := os.WriteFile(roots, authority.New().Trusted(), 0o600); err != nil {
		return fmt.Errorf("write the authorities: %w", err)
	}
	server, err := l.declarations(ctx, "declarations", func(ctx context.Context, name, database string) (*service, error) {
		return l.server(ctx, name, database, "SIGNATURE_ROOTS_FILE="+roots)
	})
	if err != nil {
		return err
	}
	defer server.pool.Close()
	floor, err := l.declarations(ctx, "declarations of the floor", l.floor)
	if err != nil {
		return err
	}
	defer floor.pool.Close()
	both := func(d *declarations, name string) []contender {
		return []contender{
			{name: "create: " + name, process: d.process, round: func(ctx context.Context, t time.Duration) (Round, error) {
				return closedLoop(ctx, inTurns(d.create), l.plan.Clients, t)
			}},
			{name: "sign: " + name, process: d.process, prepare: d.approve, round: func(ctx context.Context, t time.Duration) (Round, error) {
				return closedLoop(ctx, once(d.sign), l.plan.Clients, t)
			}},
		}
	}
	if b.Rows, err = l.interleave(ctx, append(both(server, ours), both(floor, bare)...)...); err != nil {
		return err
	}
	b.reachRate("creates beside the floor", 0.7, "create: "+ours, "create: "+bare)
	b.reachRate("signatures beside the floor", 0.7, "sign: "+ours, "sign: "+bare)
	return nil
}

// declarations starts a service on a database of its own with persons and, for each,
// an approved request with the container that signs it.
func (l *lab) declarations(ctx context.Context, name string, start func(context.Context, string, string) (*service, error)) (*declarations, error) {
	d := &declarations{lab: l}
	var err error
	if d.pool, err = l.database(ctx, name); err != nil {
		return nil, err
	}
	if err := d.addPersons(ctx); err != nil {
		return nil, err
	}
	if d.service, err = start(ctx, name, name); err != nil {
		return nil, err
	}
	create, err := l.passing("createDeclarationRequest")
	if err != nil {
		return nil, err
	}
	sign, err := l.passing("signDeclarationRequest")
	if err != nil {
		return nil, err
	}
	contents, err := d.addRequests(ctx)
	if err != nil {
		return nil, err
	}
	a := authority.New()
	key := a.KeyOf(authority.Owner{Signer: signature.Signer{DRFO: accounts.TaxID("doctor")}})
	for i, content := range contents {
		body := maps.Clone(create.Body.(map[string]any))
		body["person_id"] = benched("person", i).String()
		create.Body = body
		sign.Path = "/api/v3/declaration_requests/" + benched("request", i).String() + "/actions/sign"
		sign.Body = map[string]any{"signed_declaration_request": base64.StdEncoding.EncodeToString(a.Sign(content, key, l.clock.Now()))}
		made, err := targets(d.url, create, sign)
		if err != nil {
			return nil, err
		}
		d.create, d.sign = append(d.create, made[0]), append(d.sign, made[1])
	}
	return d, analyze(ctx, d.pool)
}

func benched(what string, i int) uuid.UUID { return world.ID(fmt.Sprint(what, " of a benchmark ", i)) }

// addPersons makes copies of the world's person who may have a declaration, two for
// each number: a new request cancels the one that is to be signed.
func (d *declarations) addPersons(ctx context.Context) error {
	for _, kind := range []string{"person", "signing person"} {
		ids := make([]uuid.UUID, d.lab.plan.Phones)
		for i := range ids {
			ids[i] = benched(kind, i)
		}
		for _, query := range []string{
			`INSERT INTO mpi.persons SELECT new.* FROM mpi.persons old, unnest($2::uuid[]) AS made (id), jsonb_populate_record(old, jsonb_build_object('id', made.id, 'tax_id', NULL)) new WHERE old.id = $1`,
			`INSERT INTO mpi.person_documents SELECT new.* FROM mpi.person_documents old, unnest($2::uuid[]) AS made (id), jsonb_populate_record(old, jsonb_build_object('person_id', made.id)) new WHERE old.person_id = $1`,
			`INSERT INTO mpi.person_authentication_methods SELECT new.* FROM mpi.person_authentication_methods old, unnest($2::uuid[]) AS made (id),
				jsonb_populate_record(old, jsonb_build_object('id', made.id, 'person_id', made.id)) new WHERE old.person_id = $1`,
		} {
			if _, err := d.pool.Exec(ctx, query, world.ID("offline_declarant"), ids); err != nil {
				return fmt.Errorf("make persons: %w", err)
			}
		}
	}
	return nil
}

// addRequests makes copies of the world's request that the doctor may sign, and gives
// what is signed of each.
func (d *declarations) addRequests(ctx context.Context) ([][]byte, error) {
	var stored json.RawMessage
	id := world.ID("declaration request to sign")
	if err := d.pool.QueryRow(ctx, "SELECT data_to_be_signed FROM il.declaration_requests WHERE id = $1", id).Scan(&stored); err != nil {
		return nil, fmt.Errorf("read what is to be signed: %w", err)
	}
	var content map[string]any
	if err := json.Unmarshal(stored, &content); err != nil {
		return nil, fmt.Errorf("read what is to be signed: %w", err)
	}
	contents := make([][]byte, d.lab.plan.Phones)
	ids, texts := make([]uuid.UUID, len(contents)), make([]string, len(contents))
	for i := range contents {
		ids[i] = benched("request", i)
		person := content["person"].(map[string]any) //nolint:forcetypeassert // as the world has it
		content["id"], content["declaration_id"], person["id"] = ids[i], benched("declaration", i), benched("signing person", i)
		for signed, into := range map[bool]*[]byte{true: &contents[i], false: nil} {
			person["patient_signed"] = signed
			encoded, err := json.Marshal(content)
			if err != nil {
				return nil, fmt.Errorf("encode what is to be signed: %w", err)
			}
			if into == nil {
				texts[i] = string(encoded)
				continue
			}
			*into = encoded
		}
	}
	_, err := d.pool.Exec(ctx, `INSERT INTO il.declaration_requests SELECT new.*
		FROM il.declaration_requests old, unnest($2::uuid[], $3::text[]) made (id, content), LATERAL (SELECT made.content::jsonb AS signed) c,
			jsonb_populate_record(old, jsonb_build_object(
				'id', made.id, 'declaration_id', signed -> 'declaration_id', 'declaration_number', 'B' || made.id, 'data_to_be_signed', signed,
				'mpi_id', signed -> 'person' -> 'id', 'data', jsonb_set(old.data, '{person_id}', signed -> 'person' -> 'id'))) new
		WHERE old.id = $1`, id, ids, texts)
	if err != nil {
		return nil, fmt.Errorf("make declaration requests: %w", err)
	}
	return contents, nil
}

// approve makes the requests such as can be signed again.
func (d *declarations) approve(ctx context.Context) error {
	for _, query := range []string{
		"DELETE FROM ops.declarations WHERE declaration_number LIKE 'B%'", "DELETE FROM il.media WHERE name LIKE 'declarations/%'",
		"UPDATE il.declaration_requests SET status = 'APPROVED' WHERE declaration_number LIKE 'B%' AND status = 'SIGNED'",
	} {
		if _, err := d.pool.Exec(ctx, query); err != nil {
			return fmt.Errorf("approve the requests again: %w", err)
		}
	}
	return nil
}
