package sqlfiles_test

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// reading are the queries that read all of a table by design, for the copies
// that a server holds in memory and for imports.
var reading = map[string]string{
	"ListAreas": "areas", "ListRegions": "regions", "ListSettlements": "settlements",
	"ListStreets": "streets", "ListStreetAliases": "streets_aliases",
	"ListDictionaries": "dictionaries", "ListCacheVersions": "cache_versions",
	"ListServiceGroups": "service_groups", "ListServiceCodes": "services", "ListServiceGroupCodes": "service_groups",
	"ListServiceInclusionKeys": "service_inclusions", "ListProgramServiceKeys": "program_services",
	"ListDeviceDefinitionNameKeys": "device_definition_names", "ListProgramDeviceKeys": "program_devices",
	"ListDeviceDefinitionClassificationTypeKeys": "device_definition_classification_types",
}

// However much a table grows, no query reads all of it: each finds its rows by
// an index.
func TestQueriesFindTheirRowsByAnIndex(t *testing.T) {
	t.Parallel()
	s := testkit.New(t, testkit.Idle())
	found := map[string]string{}
	for name, query := range queries(t) {
		tx, err := s.Pool.Begin(t.Context())
		require.NoError(t, err)
		tables, err := readWhole(t.Context(), tx, query)
		require.NoError(t, err, name)
		require.NoError(t, tx.Rollback(t.Context()))
		if len(tables) > 0 {
			found[name] = strings.Join(tables, ", ")
		}
	}
	require.Equal(t, reading, found)
}

// readWhole plans a query for parameters that are not known, and names the
// tables of which an index finds nothing.
func readWhole(ctx context.Context, tx pgx.Tx, query string) ([]string, error) {
	// A table is read as a whole now only where there is no other way.
	for _, setting := range []string{"plan_cache_mode = force_generic_plan", "enable_seqscan = off", "enable_indexonlyscan = off"} {
		if _, err := tx.Exec(ctx, "SET LOCAL "+setting); err != nil {
			return nil, err
		}
	}
	if _, err := tx.Exec(ctx, "PREPARE q AS "+query); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	call := "q"
	if n := parameters(query); n > 0 {
		call += "(" + strings.TrimSuffix(strings.Repeat("NULL, ", n), ", ") + ")"
	}
	var raw []byte
	if err := tx.QueryRow(ctx, "EXPLAIN (FORMAT JSON) EXECUTE "+call).Scan(&raw); err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	if _, err := tx.Exec(ctx, "DEALLOCATE q"); err != nil {
		return nil, err
	}
	var plans []struct{ Plan plan }
	if err := json.Unmarshal(raw, &plans); err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	return plans[0].Plan.whole(), nil
}

// plan is a node of a plan. An index that gives the order and finds nothing is
// used where a LIMIT ends the reading.
type plan struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Plans    []plan
}

func (p plan) whole() (tables []string) {
	if p.Type == "Seq Scan" {
		tables = append(tables, p.Relation)
	}
	for _, child := range p.Plans {
		tables = append(tables, child.whole()...)
	}
	return tables
}

var parameter = regexp.MustCompile(`\$(\d+)`)

// parameters is how many a query has.
func parameters(query string) (most int) {
	for _, found := range parameter.FindAllStringSubmatch(query, -1) {
		n, err := strconv.Atoi(found[1])
		if err == nil {
			most = max(most, n)
		}
	}
	return most
}

var named = regexp.MustCompile(`^-- name: (\w+) `)

// queries are the generated ones, by name.
func queries(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../gen/db/*.sql.go")
	require.NoError(t, err)
	all := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			if name := named.FindStringSubmatch(text); name != nil {
				all[name[1]] = text
			}
			return true
		})
	}
	require.NotEmpty(t, all)
	return all
}
