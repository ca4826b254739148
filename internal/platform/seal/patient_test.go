package seal_test

import (
	"bytes"
	"testing"

	"github.com/google/uuid"
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

func TestDocumentCode(t *testing.T) {
	t.Parallel()
	former := bytes.Repeat([]byte{2}, 16)
	keys, err := seal.New([][]byte{bytes.Repeat([]byte{1}, 32)}, [][]byte{former})
	require.NoError(t, err)
	id := uuid.New()
	hidden, ok := keys.DocumentCode(id, "2364")
	require.True(t, ok)
	other, _ := keys.DocumentCode(uuid.New(), "2364")
	require.NotEqual(t, hidden, other, "nobody learns which documents have the same code")

	changed, err := seal.New([][]byte{bytes.Repeat([]byte{1}, 32)}, [][]byte{bytes.Repeat([]byte{3}, 16), former})
	require.NoError(t, err)
	fresh, err := changed.Rehide(hidden, keys.PatientKeyIDs()[0])
	require.NoError(t, err)
	code, err := changed.OpenDocumentCode(fresh, changed.PatientKeyIDs()[0])
	require.NoError(t, err)
	require.Equal(t, "2364", code)

	for _, wrong := range []string{"", "236", "23645"} {
		_, ok := keys.DocumentCode(id, wrong)
		require.False(t, ok, wrong)
	}
	_, err = keys.OpenDocumentCode("zz", "")
	require.Error(t, err)
}

func TestNumber(t *testing.T) {
	t.Parallel()
	keys, err := seal.New([][]byte{bytes.Repeat([]byte{1}, 32)}, [][]byte{bytes.Repeat([]byte{2}, 16)})
	require.NoError(t, err)
	id := uuid.New()
	number := keys.Number(id, "")
	require.Regexp(t, "^[0123456789ABCEHIKMOPTX]{16}$", number)
	require.Equal(t, number, keys.Number(id, ""))
	require.NotEqual(t, number, keys.Number(id, "again"))
	require.NotEqual(t, number, keys.Number(uuid.New(), ""))
	other, err := seal.New([][]byte{bytes.Repeat([]byte{3}, 32)}, [][]byte{bytes.Repeat([]byte{2}, 16)})
	require.NoError(t, err)
	require.NotEqual(t, number, other.Number(id, ""), "it cannot be computed from the id alone")
	_, ok := keys.Requisition(number)
	require.True(t, ok)
}
