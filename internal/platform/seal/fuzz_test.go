package seal_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/seal"
)

func fuzzKeys(f *testing.F) *seal.Keys {
	f.Helper()
	keys, err := seal.New([][]byte{bytes.Repeat([]byte{1}, 32)}, [][]byte{bytes.Repeat([]byte{2}, 16)})
	require.NoError(f, err)
	return keys
}

// OpenRequisition returns the number that Requisition hid, and rejects other texts.
func FuzzRequisition(f *testing.F) {
	keys := fuzzKeys(f)
	f.Add("0223T16CPKX1P6TA")
	f.Add("0223Т16CPKX1P6TA") // one letter is Cyrillic
	f.Fuzz(func(t *testing.T, text string) {
		hidden, ok := keys.Requisition(text)
		require.Equal(t, len(text) == 16, ok)
		if ok {
			number, err := keys.OpenRequisition(hidden, "")
			require.NoError(t, err)
			require.Equal(t, text, number)
			require.NotContains(t, hidden, text)
		}
		if opened, err := keys.OpenRequisition(text, ""); err == nil {
			again, ok := keys.Requisition(opened)
			require.True(t, ok)
			require.Equal(t, strings.ToUpper(text), again)
		}
		if id, err := keys.OpenPatientID(text, ""); err == nil {
			require.Equal(t, strings.ToUpper(text), keys.PatientID(id))
		}
	})
}

// Open returns a sealed text for its purpose only, and rejects other texts.
func FuzzOpen(f *testing.F) {
	keys := fuzzKeys(f)
	f.Add("sms", []byte("Код авторизації: 1232"), 0)
	f.Add("", []byte{}, 27)
	f.Fuzz(func(t *testing.T, purpose string, text []byte, flip int) {
		_, err := keys.Open(purpose, text)
		require.Error(t, err, "nobody sealed it")

		sealed := keys.Seal(purpose, text)
		opened, err := keys.Open(purpose, sealed)
		require.NoError(t, err)
		require.True(t, bytes.Equal(text, opened))
		_, err = keys.Open(purpose+"x", sealed)
		require.Error(t, err, "another purpose")
		sealed[uint(flip)%uint(len(sealed))] ^= 1 << (uint(flip) % 8)
		_, err = keys.Open(purpose, sealed)
		require.Error(t, err, "a bit was changed")
	})
}
