package persons_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/resource/persons"
)

func TestCumulative(t *testing.T) {
	t.Parallel()
	for want, streams := range map[string][][]string{
		persons.Verified:           {nil, {persons.Verified}, {persons.Verified, persons.VerificationNotNeeded}},
		persons.VerificationNeeded: {{persons.Verified, persons.VerificationNeeded}, {persons.InReview, persons.Verified}},
		persons.ChangesNeeded:      {{persons.NotVerified}, {persons.VerificationNeeded, persons.NotVerified, persons.Verified}},
	} {
		for _, statuses := range streams {
			require.Equal(t, want, persons.Cumulative(statuses), "%v", statuses)
		}
	}
}
