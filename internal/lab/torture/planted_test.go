package torture

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

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
			break
		}
	}
`,
		"authorizeApp", "app.authorize.client_blocked",
	},
}

// A copy of the sandbox with the faults fails where they are, and nowhere else.
// Its world is made from the same faulty sources, and cannot hide them.
func TestPlantedFaultsAreFound(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T5", "a copy of the sandbox with planted faults fails the conformance run where they are, and nowhere else")
	results, err := conformance.Run(t.Context(), conformance.Options{
		BaseURL: startFaulty(t), Order: amount(20, math.MaxInt), Timeout: 30 * time.Second, Clock: clock.New(), Worlds: runtime.GOMAXPROCS(0),
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
	tr.add("planted faults", len(planted))
	tr.add("requests", len(results.Results))
}

// startFaulty builds the sandbox with the planted faults and runs it.
func startFaulty(t *testing.T) (baseURL string) {
	t.Helper()
	sources := map[string]string{}
	for _, fault := range planted {
		source, read := sources[fault.file]
		if !read {
			raw, err := os.ReadFile(filepath.Join(repository, fault.file))
			require.NoError(t, err)
			source = string(raw)
		}
		search := regexp.MustCompile(fault.search)
		require.Len(t, search.FindAllString(source, -1), 1, "%s: %s must fit once in %s", fault.name, fault.search, fault.file)
		sources[fault.file] = search.ReplaceAllString(source, fault.replace)
		require.NotEqual(t, source, sources[fault.file], fault.name)
	}
	return startChanged(t, sources)
}

// A mark may stay when the server has said so, and not otherwise.
func TestKeptMarks(t *testing.T) {
	t.Parallel()
	raw, err := bson.Marshal(bson.D{{Key: "updated_at", Value: 2}, {Key: "applied_jobs", Value: bson.A{bson.D{{Key: "job", Value: "6b0b0ecc785b4488941ea44f"}}}}})
	require.NoError(t, err)
	var d bson.M
	require.NoError(t, bson.Unmarshal(raw, &d))
	line := `level=WARN msg="mark of an ended job stays on its document" job_id=6b0b0ecc785b4488941ea44f error="away"`
	said := keptMark.FindStringSubmatch(line)
	require.NotNil(t, said)
	for kept, findings := range map[string]int{said[1]: 0, "another": 1} {
		a := &auditor{changed: map[uuid.UUID]bool{}, kept: map[string]bool{kept: true}}
		a.lookAtDocument(uuid.New(), d, &herd{document: "service_requests", original: bson.D{{Key: "updated_at", Value: 1}}})
		require.Len(t, a.findings, findings, kept)
	}
}
