package report_test

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"esoz/internal/conformance/report"
)

func example() *report.Report {
	return &report.Report{
		Title: "A report", Subtitle: "of two operations", Facts: []report.Fact{{Name: "Server", Value: "http://127.0.0.1:8080"}},
		Suites: []report.Suite{
			{Name: "createDivision", Title: "Create Division", Cases: []report.Case{
				{ID: "createDivision:passes", Title: "a clinic", Outcome: report.Passed, Took: 1500 * time.Microsecond},
				{ID: "division.create.party", Outcome: report.Failed, Detail: "want 409\ngot <b>200</b> \x00 ]]> Ї", Source: "seed 003"},
			}},
			{Name: "listDivisions", Cases: []report.Case{
				{ID: "gateway.psk", Outcome: report.Skipped, Detail: "needs GATEWAY_PSK"},
				{ID: "division.list.ids", Outcome: report.Missing, Detail: "never met"},
			}},
		},
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	r := example()
	require.Equal(t, 4, r.Total())
	for _, outcome := range report.Outcomes {
		require.Equal(t, 1, r.Count(outcome), outcome)
	}
}

func TestJUnit(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, example().WriteJUnit(&out))
	var read junit.Testsuites
	require.NoError(t, xml.Unmarshal(out.Bytes(), &read), "%s", out.String())
	require.Equal(t, 4, read.Tests)
	require.Equal(t, 1, read.Failures)
	require.Equal(t, 2, read.Skipped)
	require.Equal(t, "createDivision:passes: a clinic", read.Suites[0].Testcases[0].Name)
	failed := read.Suites[0].Testcases[1]
	require.Equal(t, "want 409", failed.Failure.Message)
	require.Equal(t, "want 409\ngot <b>200</b> \uFFFD ]]> Ї", failed.Failure.Data)
}

func TestHTML(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, example().WriteHTML(&out))
	_, err := html.Parse(strings.NewReader(out.String()))
	require.NoError(t, err)
	for _, part := range []string{
		"Create Division", "division.create.party", "seed 003", "got &lt;b&gt;200&lt;/b&gt;", `class="failed"`, `href="#createDivision"`, `id="listDivisions"`,
	} {
		require.Contains(t, out.String(), part)
	}
	require.NotContains(t, out.String(), "src=", "the page needs nothing beside it")
}
