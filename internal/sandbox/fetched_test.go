package sandbox

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFetchedIsShownInQuarters(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	var out bytes.Buffer
	show := showFetched(&out)
	for done := int64(0); done <= 40*mb; done += 32 << 10 {
		show(done, 40*mb)
	}
	require.Equal(t, "  10 of 40 MB\n  20 of 40 MB\n  30 of 40 MB\n  40 of 40 MB\n", out.String())

	out.Reset()
	showFetched(&out)(mb, -1)
	require.Empty(t, out.String(), "nobody knows how much there is")
}
