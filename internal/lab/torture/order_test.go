package torture

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/app"
	"esoz/internal/conformance"
	"esoz/internal/conformance/report"
	"esoz/internal/platform/clock"
	"esoz/internal/sandbox"
	"esoz/internal/sandbox/traffic"
	"esoz/internal/testkit"
)

// renewable starts a server that takes a new world and other settings, as the
// sandbox does. Nothing runs in its background that a new world could disturb.
func renewable(t *testing.T) (baseURL string) {
	t.Helper()
	s := testkit.New(t, testkit.Idle())
	doc, err := app.Document()
	require.NoError(t, err)
	recorder, err := traffic.New(doc, s.Clock)
	require.NoError(t, err)
	handler, err := sandbox.NewHandler(t.Context(), s.App, s.Config, s.Clock, s.World, recorder, sandbox.NewDials(), slog.New(slog.DiscardHandler), "", false)
	require.NoError(t, err)
	front := httptest.NewUnstartedServer(handler)
	front.Config.WriteTimeout = time.Minute // of each request: without it the deadline of one would stay for the next
	front.Start()
	t.Cleanup(front.Close)
	return front.URL
}

// Whatever two rules of an operation a request can break at once, the one that
// the contract names first answers, and nothing of the other.
func TestFirstBrokenRuleAnswers(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T6", "of two rules that a request breaks the one that is documented first answers")
	var operations []string
	for _, op := range subjects(t) {
		operations = append(operations, op.id)
	}
	results, err := conformance.Run(t.Context(), conformance.Options{ // make conformance sends all
		BaseURL: renewable(t), Operations: sampleOf(operations, amount(10, len(operations))),
		Order: 20, Timeout: 30 * time.Second, Clock: clock.New(),
	})
	require.NoError(t, err)
	require.True(t, results.Renewed)
	type pair struct{ first, later string }
	pairs := map[pair]bool{}
	for _, r := range results.Results {
		if r.Outcome != report.Passed {
			t.Errorf("%s: %s\n%s%s\n%s", r.ID, r.Title, strings.Join(r.Misses, "\n"), r.Reason, r.Curl)
		}
		for _, later := range r.Before {
			pairs[pair{r.OperationID + " " + string(r.Rules[0]), string(later)}] = true
		}
	}
	require.NotEmpty(t, pairs)
	tr.add("requests that break two rules", results.Orders())
	tr.add("pairs of rules", len(pairs))
}
