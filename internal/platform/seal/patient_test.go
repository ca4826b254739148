package seal_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/seal"
)

func TestRequisition(t *testing.T) {
	t.Parallel()
	keys, err := seal.New([][]byte{bytes.Repeat([]byte{1}, 32)}, [][]byte{bytes.Repeat([]byte{2}, 16)})
	require.NoError(t, err)
	hidden, ok := keys.Requisition("0223T16CPKX1P6TA")
	require.True(t, ok)
	require.Regexp(t, `^[0-9A-F]{32}$`, hidden)
	again, _ := keys.Requisition("0223T16CPKX1P6TA")
	require.Equal(t, hidden, again, "it can be searched for")
	number, err := keys.OpenRequisition(hidden, "")
	require.NoError(t, err)
	require.Equal(t, "0223T16CPKX1P6TA", number)

	for _, wrong := range []string{"", "0223T16C", "0223-T16C-PKX1-P6TA", "0223Т16CPKX1P6TA"} {
		_, ok := keys.Requisition(wrong)
		require.False(t, ok, wrong)
	}
	for _, wrong := range []string{"", "zz", hidden[2:]} {
		_, err := keys.OpenRequisition(wrong, "")
		require.Error(t, err)
	}
}
