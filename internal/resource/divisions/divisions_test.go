package divisions_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"esoz/internal/resource/uaddresses"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	owner         = "sandbox-owner"
	pharmacyOwner = "sandbox-pharmacy-owner"
)

type object = map[string]any

// address in Бердичів with the required fields alone, and more.
func address(kind string, more object) object {
	a := object{
		"type": kind, "country": "UA", "area": "Житомирська", "settlement": "Бердичів", "settlement_type": "CITY",
		"settlement_id": uaddresses.ID(uaddresses.CodeBerdychiv).String(),
	}
	maps.Copy(a, more)
	return a
}

func inVerkhovyna(kind string) object {
	return address(kind, object{
		"area": "Івано-Франківська", "settlement": "Верховина", "settlement_type": "SETTLEMENT",
		"settlement_id": uaddresses.ID(uaddresses.CodeVerkhovyna).String(),
	})
}

// body of a division with the required fields alone, and more.
func body(more object) object {
	b := object{
		"name": "Амбулаторія №2", "type": "AMBULANT_CLINIC", "email": "clinic@example.com",
		"addresses": []object{address("RESIDENCE", nil)},
		"phones":    []object{{"type": "LAND_LINE", "number": "+380414310870"}},
	}
	maps.Copy(b, more)
	return b
}

// full is a body with everything that can be sent.
func full() object {
	return body(object{
		"email": "Clinic@Example.COM", "external_id": "3213213", "legal_entity_id": world.ID("other_clinic").String(),
		"addresses": []object{
			inVerkhovyna("REGISTRATION"),
			address("RESIDENCE", object{
				"region": "бердичівський", "street_type": "STREET", "street": "вул. Ніжинська", "building": "15/2 а", "apartment": "23", "zip": "02090",
				"settlement_id": strings.ToUpper(uaddresses.ID(uaddresses.CodeBerdychiv).String()),
			}),
		},
		"phones":        []object{{"type": "MOBILE", "number": "+380503410870"}, {"type": "LAND_LINE", "number": "+380414310870"}},
		"working_hours": object{"mon": [][]string{{"08.00", "12.00"}, {"14.00", "18.00"}}, "sun": [][]string{}},
		"location":      object{"longitude": 28.5833, "latitude": 49.8992},
	})
}

// decoded is data as a client sees it.
func decoded(t *testing.T, r *testkit.Response) object {
	t.Helper()
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
	var data object
	r.Data(t, &data)
	return data
}

// rowOf reads one row as JSON by column.
func rowOf(t *testing.T, s *testkit.Server, query string, args ...any) object {
	t.Helper()
	rows := rowsOf(t, s, query, args...)
	require.Len(t, rows, 1)
	return rows[0]
}

func rowsOf(t *testing.T, s *testkit.Server, query string, args ...any) []object {
	t.Helper()
	found, err := s.Pool.Query(t.Context(), "SELECT to_jsonb(t) FROM ("+query+") t", args...)
	require.NoError(t, err)
	raw, err := pgx.CollectRows(found, pgx.RowTo[json.RawMessage])
	require.NoError(t, err)
	rows := make([]object, len(raw))
	for i := range raw {
		require.NoError(t, json.Unmarshal(raw[i], &rows[i]))
	}
	return rows
}

// counts are the rows of everything that an operation of this resource could write.
func counts(t *testing.T, s *testkit.Server) object {
	t.Helper()
	return rowOf(t, s, `SELECT
		(SELECT count(*) FROM prm.divisions) AS divisions, (SELECT count(*) FROM prm.division_addresses) AS addresses,
		(SELECT count(*) FROM prm.audit_log) AS audit, (SELECT count(*) FROM event_manager.events) AS events,
		(SELECT count(*) FROM jobs.jobs) AS jobs, (SELECT count(*) FROM otp.sms_logs) AS sms`)
}

// grown tells by how much counts have risen.
func grown(before, after object) object {
	diff := object{}
	for name, n := range after {
		if d := n.(float64) - before[name].(float64); d != 0 {
			diff[name] = d
		}
	}
	return diff
}

// stored reads a division and its addresses.
func stored(t *testing.T, s *testkit.Server, id string) (division object, addresses []object) {
	t.Helper()
	division = rowOf(t, s, "SELECT * FROM prm.divisions WHERE id = $1", id)
	return division, rowsOf(t, s, "SELECT * FROM prm.division_addresses WHERE division_id = $1 ORDER BY position", id)
}

// moment reads a timestamp as to_jsonb prints it.
func moment(t *testing.T, v any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, v.(string))
	require.NoError(t, err)
	return at
}

// noAudit makes every write of the audit log fail.
func noAudit(t *testing.T, s *testkit.Server) {
	t.Helper()
	_, err := s.Pool.Exec(context.Background(), "ALTER TABLE prm.audit_log ADD CONSTRAINT broken CHECK (false) NOT VALID")
	require.NoError(t, err)
}

func read(t *testing.T, s *testkit.Server, id string) object {
	t.Helper()
	return decoded(t, s.Send(t, testkit.As(owner, http.MethodGet, "/api/divisions/"+id, nil)))
}

func idOf(name string) string { return world.ID(name).String() }
