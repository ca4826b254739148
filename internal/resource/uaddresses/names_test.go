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
		{"Київ", "Ки\u0456\u0308в", true}, // ї of two characters
		{"J\u030c", "\u01f0", true},       // ǰ has no capital of one character
		{"Ямпіль", "Ямпiль", false},       // a Latin i
		{"Автономна\u00a0Республіка", "Автономна Республіка", true},
		{"Автономна \u202f Республіка", "Автономна Республіка", true},
		{"Автономна\t\nРеспубліка\u2003", "Автономна Республіка", true},
		{"Берди\u00adчів", "Бердичів", true},             // a soft hyphen
		{"\ufeffБерди\u200bчів\u200e", "Бердичів", true}, // unseen characters
		{"Ки\u0456\u00ad\u0308в", "Київ", true},          // one of them within ї
		{"Кам’янець–Подільський", "Кам'янець-Подільський", true},
		{"Кам’янець\u2011Подільський", "Кам'янець-Подільський", true},
		{"Кам’янець−Подільський", "Кам'янець—Подільський", true},
		{"М.КИЇВ", "Київ", false},          // the prefix is an area's alone
		{"Новосілки", "Нові Сілки", false}, // a blank inside a name counts
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

func TestSameArea(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"М.КИЇВ", "м. Київ", "м.\u00a0київ", " Київ", "КИЇВ", "м.Ки\u0456\u0308в"} {
		require.True(t, SameArea(name, "Київ"), name)
		require.False(t, SameArea(name, "Севастополь"), name)
	}
	require.True(t, SameArea("М.СЕВАСТОПОЛЬ", "Севастополь"))
	for _, name := range []string{"M.КИЇВ", "мКиїв", "місто Київ", "м.м.Київ"} { // the first has a Latin letter
		require.False(t, SameArea(name, "Київ"), name)
	}
	require.False(t, SameArea("м.Вінницька", "Вінницька"), "no city")
}
