package verifications

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhole(t *testing.T) {
	t.Parallel()
	for number, code := range map[float64]int{
		3782: 3782, 0: 0, 999_999_999: 999_999_999,
		3782.5: noCode, -3782: noCode, -1: noCode, 1e10: noCode, 1e300: noCode, -1e300: noCode,
	} {
		require.Equal(t, code, whole(number), "%v", number)
	}
}

// A number is the code that it equals, or no code at all: nothing is rounded to
// one that could be right.
func FuzzWhole(f *testing.F) {
	for _, number := range []float64{1232, 1232.5, -1232, 0, math.Copysign(0, -1), 1e9, 1e10, 1e308, 5e-324, math.Inf(1), math.NaN()} {
		f.Add(number)
	}
	f.Fuzz(func(t *testing.T, number float64) {
		code := whole(number)
		if code == noCode {
			require.False(t, number >= 0 && number <= 1e9 && number == math.Trunc(number), "%v is a code", number)
			return
		}
		require.GreaterOrEqual(t, code, 0)
		require.True(t, float64(code) == number, "%v is not %d", number, code)
	})
}
