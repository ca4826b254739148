package personrequests

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTaxIDAgrees(t *testing.T) {
	t.Parallel()
	born := time.Date(1985, time.February, 3, 0, 0, 0, 0, time.UTC) // 31080 days after 1899-12-31
	for id, want := range map[string]bool{
		"3108000014": true,
		"3108000015": false, // another sum
		"3108100018": false, // another day
		"3108000020": false, // a woman's
	} {
		require.Equal(t, want, taxIDAgrees(id, born, "MALE"), id)
	}
}
