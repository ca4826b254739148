package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"esoz/gen/db"
)

func TestReadPgbench(t *testing.T) {
	t.Parallel()
	r, err := readPgbench([]byte(`pgbench (15.18)
number of transactions actually processed: 5000
number of failed transactions: 3 (0.060%)
latency average = 4.000 ms
initial connection time = 19.9 ms
tps = 2500.000000 (without initial connection time)
`))
	require.NoError(t, err)
	require.Equal(t, Round{Requests: 5003, Wrong: 3, Time: 2 * time.Second}, r)
	_, err = readPgbench([]byte("pgbench: error: the script is wrong"))
	require.ErrorContains(t, err, "the script is wrong")
}

// What sqlc's code would have sent becomes a script with the same text.
func TestScript(t *testing.T) {
	t.Parallel()
	var n notebook
	id := uuid.New()
	_, err := db.New().GetUser(t.Context(), &n, id)
	require.ErrorIs(t, err, errNotRun)
	n.take("-- name: Another :exec\nSELECT $1, $2::jsonb, $1, $3", []any{"text: with :colons", `[{"id":"` + id.String() + `"}]`, (*string)(nil)})

	s, err := n.script([]string{id.String()})
	require.NoError(t, err)
	fresh := `(lpad(:f0a::text, 8, '0') || '-0000-4000-8000-' || lpad(:f0b::text, 12, '0'))`
	require.Contains(t, s.text, "\\set f0a random(0, 99999999)\n\\set f0b random(0, 999999999999)\n")
	require.Contains(t, s.text, "WHERE id = "+fresh+"::uuid")
	require.Contains(t, s.text, "SELECT :s1p1, replace(:s1p2, '"+id.String()+"', "+fresh+")::jsonb::jsonb, :s1p1, NULL;\n")
	require.NotContains(t, s.text, "-- name")
	require.Equal(t, []string{"-D", "s1p1=text: with :colons", "-D", `s1p2=[{"id":"` + id.String() + `"}]`}, s.defines)
	require.Equal(t, 2, strings.Count(s.text, ";\n"))

	n.take("-- name: Odd :exec\nSELECT $1", []any{struct{}{}})
	_, err = n.script(nil)
	require.ErrorContains(t, err, "struct {}")
}
