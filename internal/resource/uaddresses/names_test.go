package uaddresses

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSameName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"Бердичів", "БЕРДИЧІВ", true},
		{"Кам’янець-Подільський", "Кам'янець-Подільський", true},
		{"Кам’янець-Подільський", "камʼянець-подільський", true},
		{"Слов’янськ", "Слов`янськ", true},
		{" Київ ", "Київ", true},
		{"Київ", "Ки\u0456\u0308в", true},  // ї of two characters
		{"J\u030c", "\u01f0", true},        // ǰ has no capital of one character
		{"Ямпіль", "Ямпiль", false},        // a Latin i
		{"Новосілки", "Нові Сілки", false}, // blanks inside a name count
		{"Кам’янка", "Камянка", false},
	} {
		require.Equal(t, c.same, SameName(c.a, c.b), "%q and %q", c.a, c.b)
	}
}

// Ids are kept by clients and stand in stored divisions: they must never change.
func TestIDIsForEver(t *testing.T) {
	t.Parallel()
	require.Equal(t, "c2a32a74-3898-5b34-932b-37a8441235d2", ID(CodeBerdychiv).String())
}
