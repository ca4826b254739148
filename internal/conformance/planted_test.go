package conformance_test

import (
	"bufio"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/conformance"
	"esoz/internal/conformance/report"
	"esoz/internal/platform/clock"
)

// planted are faults of a server that a run must find: what is changed in the
// source, and where the run must say so.
var planted = []struct {
	name, file       string
	search           string // a regular expression that fits once
	replace          string
	operation, blame string // rule that is blamed; empty: a case that passes
}{
	{
		"a wrong message", "gen/rules/rules.gen.go",
		`(?s)(\bID: +ServiceRequestReleaseStatus,.*?Message: +)"[^"]*"`, `$1"Service request cannot be released"`,
		"releaseServiceRequest", "service_request.release.status",
	},
	{
		"a wrong status", "gen/rules/rules.gen.go",
		`(?s)(\bID: +DeviceDispenseStopNotFound,.*?Status: +)404`, `${1}409`,
		"stopDeviceDispense", "device_dispense.stop.not_found",
	},
	{
		"a missing field", "gen/api/api.gen.go",
		`(?s)(\ntype User struct \{.*?json:")is_blocked`, `${1}-`,
		"getUser", "",
	},
	{
		// A list in another order would stop the start, so the engine goes astray.
		"two checks swapped", "internal/operation/check.go",
		`(func Run\[S State\][^\n]*\n)`, `$1	checks = append([]Check[S]{}, checks...)
	for i := range checks {
		if checks[i].Rule == rules.AppAuthorizeClientBlocked {
			checks[i], checks[i+1] = checks[i+1], checks[i]
		}
	}
`,
		"authorizeApp", "app.authorize.client_blocked",
	},
}

// A copy of the sandbox with four faults fails where they are, and nowhere else.
// Its world is made from the same faulty sources, and cannot hide them.
func TestPlantedFaultsAreFound(t *testing.T) {
	t.Parallel()
	results, err := conformance.Run(t.Context(), conformance.Options{
		BaseURL: startFaulty(t), Order: math.MaxInt, Timeout: 30 * time.Second, Clock: clock.New(),
	})
	require.NoError(t, err)

	type place struct{ operation, rule string }
	expected, found := map[place]string{}, map[place]string{}
	for _, fault := range planted {
		expected[place{fault.operation, fault.blame}] = fault.name
	}
	for _, r := range results.Results {
		if r.Outcome == report.Passed {
			continue
		}
		at := place{operation: r.OperationID}
		if len(r.Rules) > 0 {
			at.rule = string(r.Rules[0])
		}
		require.Contains(t, expected, at, "%s: %s", r.ID, strings.Join(r.Misses, "; "))
		found[at] = expected[at]
	}
	require.Equal(t, expected, found)
	require.Equal(t, len(rules.All)-3, results.Met(), "a missing field is no rule's")
}

// startFaulty builds the sandbox with the planted faults and runs it.
func startFaulty(t *testing.T) (baseURL string) {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	sources, overlay := map[string]string{}, map[string]string{}
	for _, fault := range planted {
		source, read := sources[fault.file]
		if !read {
			raw, err := os.ReadFile(filepath.Join(root, fault.file))
			require.NoError(t, err)
			source = string(raw)
		}
		search := regexp.MustCompile(fault.search)
		require.Len(t, search.FindAllString(source, -1), 1, "%s: %s must fit once in %s", fault.name, fault.search, fault.file)
		sources[fault.file] = search.ReplaceAllString(source, fault.replace)
		require.NotEqual(t, source, sources[fault.file], fault.name)
	}
	for file, source := range sources {
		mutated := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		require.NoError(t, os.WriteFile(mutated, []byte(source), 0o600))
		overlay[filepath.Join(root, file)] = mutated
	}
	raw, err := json.Marshal(map[string]any{"Replace": overlay})
	require.NoError(t, err)
	replacements, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "esoz-sandbox")
	require.NoError(t, os.WriteFile(replacements, raw, 0o600))
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", replacements, "-o", binary, "./cmd/esoz-sandbox")
	build.Dir = root
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)

	sandbox := exec.Command(binary, "--ephemeral", "--listen", "127.0.0.1:0")
	sandbox.Stderr = os.Stderr
	out, err := sandbox.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, sandbox.Start())
	t.Cleanup(func() {
		require.NoError(t, sandbox.Process.Signal(syscall.SIGTERM))
		require.NoError(t, sandbox.Wait())
	})
	address := regexp.MustCompile(`API +(http://\S+)`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if found := address.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }() // the banner goes on
			return found[1]
		}
	}
	t.Fatal("the faulty sandbox did not start")
	return ""
}
