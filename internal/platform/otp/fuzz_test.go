package otp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// IsPhone rejects text that is no phone, so that it does not get into a query.
func FuzzIsPhone(f *testing.F) {
	for _, text := range []string{"+380931234601", "380931234601", "+380931234601\n", "+38093123460٣", "+380931234\x00", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		number, found := strings.CutPrefix(text, "+380")
		require.Equal(t, found && len(number) == 9 && strings.Trim(number, "0123456789") == "", IsPhone(text))
	})
}
