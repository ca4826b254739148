package sandbox

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world/build"
)

func TestBannerCommands(t *testing.T) {
	t.Parallel()
	with := build.Post("token", "/api/divisions").With(map[string]string{"name": "Відділення"})
	without := build.Patch("token", "/api/x")
	shown := func(system string, r build.Request) string {
		var out bytes.Buffer
		printCommand(&out, system, "createDivision", r, "http://localhost")
		return out.String()
	}
	require.Equal(t, "\n# createDivision\n"+with.Curl("http://localhost")+"\n", shown("linux", with))
	require.Equal(t, shown("linux", with), shown("darwin", with))
	cmd, powerShell := with.CurlWindows("http://localhost")
	require.Equal(t, "\n# createDivision, in PowerShell\n"+powerShell+"\n# createDivision, in cmd\n"+cmd+"\n", shown("windows", with))
	cmd, _ = without.CurlWindows("http://localhost")
	require.Equal(t, "\n# createDivision\n"+cmd+"\n", shown("windows", without), "one command for both")
}
