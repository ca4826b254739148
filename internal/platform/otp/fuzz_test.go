package otp

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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

// What is no phone does not come into a query.
func FuzzIsPhone(f *testing.F) {
	for _, text := range []string{"+380931234601", "380931234601", "+380931234601\n", "+38093123460٣", "+380931234\x00", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		number, found := strings.CutPrefix(text, "+380")
		require.Equal(t, found && len(number) == 9 && strings.Trim(number, "0123456789") == "", isPhone(text))
	})
}
