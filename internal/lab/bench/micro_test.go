package bench

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadMicro(t *testing.T) {
	t.Parallel()
	all, err := readMicro(strings.NewReader(`goos: linux
pkg: esoz/internal/platform/envelope
cpu: Intel(R) Xeon(R) Processor
BenchmarkEncode-2   	   47991	     10419 ns/op	     545 B/op	      17 allocs/op
BenchmarkEncode-2   	   47991	     10421 ns/op	     544 B/op	      17 allocs/op
PASS
ok  	esoz/internal/platform/envelope	0.654s
pkg: esoz/internal/platform/validation
BenchmarkCreateDivisionBody-2   	    3015	     93395 ns/op	   6.20 MB/s	   13810 B/op	     413 allocs/op
PASS
`))
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "envelope.Encode", all[0].Name)
	require.InDeltaSlice(t, []float64{10419, 10421}, all[0].Times, 0.001)
	require.InDelta(t, 544, all[0].Bytes, 0)
	require.InDelta(t, 17, all[0].Allocs, 0)
	require.Equal(t, "validation.CreateDivisionBody", all[1].Name)

	_, err = readMicro(strings.NewReader("FAIL\n"))
	require.ErrorContains(t, err, "measured nothing")
}
