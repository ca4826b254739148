package envelope_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/envelope"
)

var canonicalID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// ParseID accepts the canonical form only.
func FuzzParseID(f *testing.F) {
	for _, text := range []string{
		"d290f1ee-6c54-4b01-90e6-d701748f0851", "D290F1EE-6C54-4B01-90E6-D701748F0851", "{d290f1ee-6c54-4b01-90e6-d701748f085}",
		"urn:uuid:d290f1ee-6c54-4b01-90e6-d701748f0851", "d290f1ee6c544b0190e6d701748f0851", "d290f1ee-6c54-4b01-90e6-d701748f085\x00", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := envelope.ParseID(text)
		require.Equal(t, canonicalID.MatchString(text), ok)
		if ok {
			require.Equal(t, strings.ToLower(text), id.String())
		}
	})
}
