package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/app"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/httpapi"
	"esoz/internal/sandbox/traffic"
)

// sandboxWith serves the coverage of a sandbox that has answered these requests.
func sandboxWith(t *testing.T, exchanges ...httpapi.Exchange) *httptest.Server {
	t.Helper()
	doc, err := app.Document()
	require.NoError(t, err)
	recorder, err := traffic.New(doc, clock.New())
	require.NoError(t, err)
	for _, e := range exchanges {
		e.Config = &config.Config{}
		recorder.Observe(t.Context(), e)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_sandbox/coverage" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(recorder.Coverage(&config.Config{}))
	}))
	t.Cleanup(server.Close)
	return server
}

// parsed reads a command line as main does.
func parsed(t *testing.T, args ...string) (c commands, command string) {
	t.Helper()
	parser, err := kong.New(&c)
	require.NoError(t, err)
	context, err := parser.Parse(args)
	require.NoError(t, err)
	return c, context.Command()
}

func TestNoCommandRunsTheSandbox(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--ephemeral", "--listen", "127.0.0.1:1"}, {"run", "--ephemeral", "--listen=127.0.0.1:1"}} {
		c, command := parsed(t, args...)
		require.Equal(t, "run", command)
		require.True(t, c.Run.Ephemeral)
		require.Equal(t, "127.0.0.1:1", c.Run.Listen)
	}
	_, command := parsed(t)
	require.Equal(t, "run", command)
}

func TestVersionCommand(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	parser, err := kong.New(&commands{}, kong.Writers(&out, &out))
	require.NoError(t, err)
	context, err := parser.Parse([]string{"version"})
	require.NoError(t, err)
	require.NoError(t, context.Run())
	require.Equal(t, version()+"\n", out.String())
	require.Contains(t, out.String(), "esoz-sandbox ")
}

func TestCoverageCommand(t *testing.T) {
	t.Parallel()
	server := sandboxWith(t,
		httpapi.Exchange{Operation: "createDivision", Status: 200},
		httpapi.Exchange{Operation: "createDivision", Status: 422, Rules: []rules.ID{rules.DivisionCreateZip}},
	)
	dir := t.TempDir()
	html, junit := filepath.Join(dir, "coverage.html"), filepath.Join(dir, "coverage.xml")
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"just told":            {nil, 0, ""},
		"files":                {[]string{"--html", html, "--junit", junit}, 0, ""},
		"enough":               {[]string{"--fail-under", "1", "--require", "createDivision,division.create.zip"}, 0, ""},
		"too little":           {[]string{"--fail-under", "50"}, exitShort, "fewer than 50 %"},
		"an operation missing": {[]string{"--require", "createDivision,listDivisions"}, exitShort, "required and never met: listDivisions"},
		"two things missing":   {[]string{"--require", "listDivisions", "--fail-under", "50"}, exitShort, "; checks met"},
		"a misspelt name":      {[]string{"--require", "createDivisions"}, 1, "called createDivisions"},
		"nobody answers":       {[]string{"--url", "http://127.0.0.1:1"}, exitNoAnswer, "the sandbox does not answer"},
		"no address":           {[]string{"--url", "::"}, exitNoAnswer, "--url"},
		"no sandbox":           {[]string{"--url", server.URL + "/elsewhere"}, exitNoAnswer, "is it a sandbox?"},
		"no such folder":       {[]string{"--html", filepath.Join(dir, "none", "c.html")}, exitUnwritable, "none"},
		"a full disk":          {[]string{"--junit", "/dev/full"}, exitUnwritable, "/dev/full"},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, command := parsed(t, append([]string{"coverage", "--url", server.URL}, c.args...)...)
			require.Equal(t, "coverage", command)
			var out bytes.Buffer
			err := parsed.Coverage.run(t.Context(), &out)
			if c.says == "" {
				require.NoError(t, err)
				require.Contains(t, out.String(), "createDivision  called 2  succeeded 1")
				return
			}
			require.ErrorContains(t, err, c.says)
			require.Equal(t, c.code, exitCode(err))
			require.NotContains(t, err.Error(), "\n", "one line")
		})
	}
	page, err := os.ReadFile(html)
	require.NoError(t, err)
	require.Contains(t, string(page), "division.create.zip")
	xml, err := os.ReadFile(junit)
	require.NoError(t, err)
	require.Contains(t, string(xml), `<testsuite name="createDivision"`)
}
