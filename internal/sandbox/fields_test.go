package sandbox

import (
	"math/rand/v2"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// Objects that the contract leaves open get a field each, and nothing else changes.
func TestWiden(t *testing.T) {
	t.Parallel()
	of := func(operation string) *acts { return &acts{operation: operation, draw: rand.New(rand.NewPCG(1, 2))} }
	added := regexp.MustCompile(`"x_[0-9a-f]{8}":(null|true|42|"unknown"|\["unknown"\]|\{"unknown":0\.5\}),?`)
	for body, objects := range map[string]int{
		`{"data":[{"id":"1" , "addresses":[{"zip":1.50}]},{}],"meta":{},"paging":{"page":1e2}}` + "\n": 6,
		`{"data":[],"nobody_knows":{"a":{}}}`: 1,
	} {
		widened, ok := of("listDivisions").widen(http.StatusOK, []byte(body))
		require.True(t, ok)
		require.Len(t, added.FindAll(widened, -1), objects, "%s", widened)
		require.Equal(t, body, added.ReplaceAllString(string(widened), ""))
	}
	_, ok := of("verifyApproval").widen(http.StatusOK, []byte(`{"data":{}}`))
	require.True(t, ok)
	for body, operation := range map[string]string{`{"data":[`: "listDivisions", ``: "listDivisions", `{"data":[]}`: "nobody's"} {
		_, ok := of(operation).widen(http.StatusOK, []byte(body))
		require.False(t, ok, body)
	}
	refused, ok := of("").widen(http.StatusNotFound, []byte(`{"meta":{},"error":{"invalid":[{}]}}`))
	require.True(t, ok)
	require.Len(t, added.FindAll(refused, -1), 4, "%s", refused)
}
