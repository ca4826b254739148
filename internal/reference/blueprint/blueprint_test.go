package blueprint

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryLineIsAnOperation(t *testing.T) {
	t.Parallel()
	require.Greater(t, len(All()), 400)
	seen := map[string]bool{}
	for _, op := range All() {
		key := op.Method + " " + Shape(op.Path)
		require.False(t, seen[key], key)
		seen[key] = true
		require.Contains(t, []string{"general.apib", "medical-events.apib"}, op.Document)
		line, err := strconv.Atoi(op.Line)
		require.NoError(t, err)
		require.Positive(t, line)
		require.Regexp(t, `^(/([a-z0-9_]+|\{[a-z_]+\}))+$`, op.Path)
		require.Contains(t, []string{"", "deprecated", "to be deprecated"}, op.State)
		require.NotEmpty(t, op.Title)
		require.Equal(t, strings.ToUpper(op.Method), op.Method)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/api/dictionaries":                         "general.apib L253",
		"/api/medical_programs/97d57238":            "general.apib L4018",
		"/api/patients/1/encounters":                "medical-events.apib L901",
		"/api/patients/1/encounters/":               "", // an empty id is none
		"/api/patients/1/encounters/2":              "medical-events.apib L883",
		"/api/nothing":                              "",
		"/api/nothing/dictionaries":                 "",
		"/api/drugs":                                "general.apib L4191",
		"/api/v2/drugs":                             "general.apib L4114",
		"/api/patients/1/episodes/2/anything/three": "",
	} {
		op, ok := Find(http.MethodGet, path)
		require.Equal(t, want != "", ok, path)
		if ok {
			require.Equal(t, want, op.Source(), path)
		}
	}
	_, ok := Find(http.MethodPut, "/api/dictionaries")
	require.False(t, ok)

	// What is written out goes before a placeholder.
	require.Equal(t, -1, fits("/a/{b}/c", "/a/b"))
	require.Greater(t, fits("/a/b/c", "/a/b/c"), fits("/a/{b}/c", "/a/b/c"))
}
