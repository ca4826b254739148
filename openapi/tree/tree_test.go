package tree_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/openapi/tree"
)

const document = `
z: 1
a: [x, 2.50, null, true, 'no']
empty: {}
text: "<b> & \"Ї\""
`

func TestJSONKeepsOrderAndTypes(t *testing.T) {
	t.Parallel()
	root, err := tree.Parse([]byte(document))
	require.NoError(t, err)
	written, err := tree.JSON(root)
	require.NoError(t, err)
	require.Equal(t, `{
  "z": 1,
  "a": [
    "x",
    2.5,
    null,
    true,
    "no"
  ],
  "empty": {},
  "text": "<b> & \"Ї\""
}`, string(written))
}

func TestParseWantsAMapping(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "- a", "text", "a: [", "a: b: c"} {
		_, err := tree.Parse([]byte(content))
		require.Error(t, err, content)
	}
}

func TestReading(t *testing.T) {
	t.Parallel()
	root, err := tree.Parse([]byte(`{a: {b: [c]}, t: text}`))
	require.NoError(t, err)
	require.Equal(t, "text", tree.Text(root, "t"))
	require.Empty(t, tree.Text(root, "a", "b"), "a list is no text")
	require.Len(t, tree.Items(tree.At(root, "a", "b")), 1)
	require.Nil(t, tree.At(root, "t", "b"))
	require.Empty(t, tree.Items(root))
	for range tree.Entries(nil) {
		require.Fail(t, "nothing has no entries")
	}
}

func TestChanging(t *testing.T) {
	t.Parallel()
	root := tree.Mapping("a", "no", "b", 2)
	copied := tree.Clone(root)
	tree.Set(root, "a", tree.Sequence("x", 1))
	tree.Set(root, "c", "new")
	require.Equal(t, "2", tree.Delete(root, "b").Value)
	require.Nil(t, tree.Delete(root, "b"))
	written, err := tree.YAML(root)
	require.NoError(t, err)
	require.Equal(t, "a:\n  - x\n  - 1\nc: new\n", string(written))
	written, err = tree.YAML(copied)
	require.NoError(t, err)
	require.Equal(t, "a: 'no'\nb: 2\n", string(written))
	require.Panics(t, func() { tree.Set(root, "a", 1.5) })
}
