package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/sandbox/world"
)

// token is what the server knows in place of the doctor's.
const token = "real-and-secret-token"

// smallWorld has one case: a settlement that is not there.
func smallWorld() *world.World {
	return &world.World{
		Tokens: []world.Token{{Name: "doctor", Value: "sandbox-doctor"}},
		Cases: []world.Case{{
			ID: "getSettlement:settlement.get.not_found", OperationID: "getSettlement", Title: "an unknown settlement",
			Rules: []rules.ID{"settlement.get.not_found"},
			Request: world.Request{
				Method: http.MethodGet, Path: "/api/uaddresses/settlements/1",
				Headers: map[string]string{"Authorization": "Bearer sandbox-doctor", "API-key": "sandbox-key"},
			},
			Expect: world.Expect{Status: http.StatusNotFound, Type: "not_found"},
		}},
	}
}

// serve answers every request of the API with a status and a text, and has no
// /_sandbox.
func serve(t *testing.T, status int, body string) (url string, seen *http.Header) {
	t.Helper()
	seen = new(http.Header)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_sandbox") {
			http.NotFound(w, r)
			return
		}
		*seen = r.Header.Clone()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(front.Close)
	return front.URL, seen
}

const notFound = `{"meta":{"code":404,"url":"http://x","type":"object","request_id":"1"},"error":{"type":"not_found"}}`

// file writes a value as JSON, or a text as it is.
func file(t *testing.T, content any) string {
	t.Helper()
	raw, text := []byte(nil), ""
	if s, ok := content.(string); ok {
		text = s
	} else {
		var err error
		raw, err = json.Marshal(content)
		require.NoError(t, err)
		text = string(raw)
	}
	path := filepath.Join(t.TempDir(), "file.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// call runs the program.
func call(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

func TestConforms(t *testing.T) {
	t.Parallel()
	url, seen := serve(t, http.StatusNotFound, notFound)
	junit, html := filepath.Join(t.TempDir(), "r.xml"), filepath.Join(t.TempDir(), "r.html")
	code, out, errOut := call(t, "--base-url", url+"/", "--world", file(t, smallWorld()), "--operations", "getSettlement",
		"--token-file", file(t, map[string]string{"doctor": token, "sandbox-key": "real-key"}), "--junit", junit, "--html", html)
	require.Zero(t, code, "%s%s", out, errOut)
	require.Contains(t, out, "1 of 1 documented checks: 1 of 1 requests answered as documented")
	require.Equal(t, "Bearer "+token, seen.Get("Authorization"))
	require.Equal(t, "real-key", seen.Get("API-key"))
	for _, name := range []string{junit, html} {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Contains(t, string(raw), "settlement.get.not_found")
		require.NotContains(t, string(raw), token)
	}
}

// A server that tells a world of its own does not pass by asking for little.
func TestAServerThatAsksForLittle(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(smallWorld())
	require.NoError(t, err)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/_sandbox/world" {
			_, _ = w.Write(raw)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, notFound)
	}))
	t.Cleanup(front.Close)
	code, out, errOut := call(t, "--base-url", front.URL)
	require.Equal(t, exitMiss, code, errOut)
	require.Contains(t, out, "\nMISS division.create.zip: the world has no case for it\n")
	require.NotContains(t, out, "MISS settlement.get.not_found")
	require.Contains(t, out, "checks without a case")

	code, out, _ = call(t, "--base-url", front.URL, "--world", file(t, smallWorld()))
	require.Zero(t, code, "who writes a world file asks for what they like")
	require.NotContains(t, out, "MISS")
}

// A miss is told with what was expected, what came and the curl, and with no
// token in it, though the server sends it back.
func TestMiss(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, http.StatusNotFound, strings.Replace(notFound, `"not_found"`, `"not_found","message":"no `+token+`"`, 1))
	html := filepath.Join(t.TempDir(), "r.html")
	code, out, errOut := call(t, "--base-url", strings.Replace(url, "://", "://user:pass-of-a-proxy@", 1), "--world", file(t, smallWorld()), "--html", html,
		"--token-file", file(t, map[string]string{"sandbox-doctor": token, "sandbox-key": "real-key"}))
	require.Equal(t, exitMiss, code, errOut)
	require.Contains(t, out, "error.message: want none\n    got \"no ***\"")
	require.Contains(t, out, "Authorization: Bearer <doctor>")
	require.Contains(t, out, "API-key: ***")
	raw, err := os.ReadFile(html)
	require.NoError(t, err)
	for _, text := range []string{out, errOut, string(raw)} {
		require.NotContains(t, text, token)
		require.NotContains(t, text, "real-key")
		require.NotContains(t, text, "pass-of-a-proxy")
		require.NotContains(t, text, "sandbox-doctor")
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, http.StatusNotFound, notFound)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no address":           {nil, "--base-url"},
		"no URL":               {[]string{"--base-url", "localhost:8080"}, "http://"},
		"the path as well":     {[]string{"--base-url", url + "/api/"}, "leave out /api"},
		"unknown flag":         {[]string{"--base-url", url, "--colour"}, "--colour"},
		"unknown operation":    {[]string{"--base-url", url, "--operations", "createDivison"}, "createDivision"},
		"no case for the rule": {[]string{"--base-url", url, "--rules", "no.such"}, "no.such"},
		"no pattern":           {[]string{"--base-url", url, "--rules", "["}, "--rules"},
		"negative":             {[]string{"--base-url", url, "--order", "-1"}, "--order"},
	} {
		code, _, errOut := call(t, c.args...)
		require.Equal(t, exitUsage, code, "%s: %s", name, errOut)
		oneLine(t, name, errOut)
		require.Contains(t, errOut, c.says, name)
	}
	code, out, _ := call(t, "--help")
	require.Zero(t, code)
	require.Contains(t, out, "Exit codes")
}

func oneLine(t *testing.T, name, text string) {
	t.Helper()
	require.True(t, strings.HasPrefix(text, "esoz-conformance: "), "%s: %s", name, text)
	require.Equal(t, 1, strings.Count(text, "\n"), "%s: %s", name, text)
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, http.StatusNotFound, notFound)
	change := func(f func(*world.Case)) *world.World {
		w := smallWorld()
		f(&w.Cases[0])
		return w
	}
	for name, c := range map[string]struct {
		flag    string
		content any
		says    string
	}{
		"a world that is not JSON":    {"--world", "<html>", "not a world"},
		"a world of another shape":    {"--world", `{"cases": {"id": 1}}`, "not a world"},
		"a world without cases":       {"--world", `{"tokens": []}`, "no cases"},
		"an unknown operation in it":  {"--world", change(func(c *world.Case) { c.OperationID = "getSettlment" }), "getSettlment"},
		"an unknown rule in it":       {"--world", change(func(c *world.Case) { c.Rules = []rules.ID{"no.such"} }), "no.such"},
		"a rule of another operation": {"--world", change(func(c *world.Case) { c.Rules = []rules.ID{"division.create.zip"} }), "createDivision"},
		"no status":                   {"--world", change(func(c *world.Case) { c.Expect.Status = 0 }), "expect.status"},
		"no path":                     {"--world", change(func(c *world.Case) { c.Request.Path = "api" }), "request.path"},
		"a refusal without a rule":    {"--world", change(func(c *world.Case) { c.Rules = nil }), "no rule"},
		"tokens that are not JSON":    {"--token-file", "doctor=" + token, "not a JSON object"},
		"tokens of another shape":     {"--token-file", []string{token}, "not a JSON object"},
		"a token that is empty":       {"--token-file", map[string]string{"doctor": ""}, "doctor"},
	} {
		code, _, errOut := call(t, "--base-url", url, c.flag, file(t, c.content))
		require.Equal(t, exitFile, code, "%s: %s", name, errOut)
		oneLine(t, name, errOut)
		require.Contains(t, errOut, c.says, name)
		require.Contains(t, errOut, "file.json", name)
		require.NotContains(t, errOut, token, name)
	}
	code, _, errOut := call(t, "--base-url", url, "--world", filepath.Join(t.TempDir(), "absent.json"))
	require.Equal(t, exitFile, code)
	oneLine(t, "absent", errOut)
	code, _, errOut = call(t, "--base-url", url, "--world", file(t, smallWorld()), "--html", filepath.Join(t.TempDir(), "no", "folder.html"))
	require.Equal(t, exitFile, code)
	oneLine(t, "report", errOut)
}

func TestServersThatCannotBeJudged(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(func() { close(release); slow.Close() })
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<h1>It works</h1>"))
	}))
	t.Cleanup(page.Close)
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"refused":   {[]string{"--base-url", gone.URL}, exitNoAnswer, "refused"},
		"no host":   {[]string{"--base-url", "http://esoz.invalid"}, exitNoAnswer, "esoz.invalid"},
		"timeout":   {[]string{"--base-url", slow.URL, "--timeout", "50ms"}, exitNoAnswer, "in time"},
		"HTML":      {[]string{"--base-url", page.URL}, exitNotJSON, "text/html"},
		"HTML, too": {[]string{"--base-url", page.URL, "--world", file(t, smallWorld())}, exitNotJSON, "/api/uaddresses/settlements/1"},
	} {
		code, _, errOut := call(t, append(c.args, "--operations", "getSettlement")...)
		require.Equal(t, c.code, code, "%s: %s", name, errOut)
		oneLine(t, name, errOut)
		require.Contains(t, errOut, c.says, name)
	}
}

// What begins well is judged to its end: an answer that is not JSON is a miss
// then, and a server that goes away is told apart from one that is wrong.
func TestServersThatChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		later func(http.ResponseWriter)
		code  int
		says  string
	}{
		"to HTML":    {func(w http.ResponseWriter) { _, _ = w.Write([]byte("<h1>")) }, exitMiss, "is not JSON"},
		"to silence": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, exitNoAnswer, "does not answer any more, after 2 of 4 requests"},
	} {
		requests := 0
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if requests++; requests > 1 {
				c.later(w)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(notFound))
		}))
		w := smallWorld()
		for _, id := range []string{"2", "3", "4"} {
			again := w.Cases[0]
			again.ID += id
			w.Cases = append(w.Cases, again)
		}
		code, out, errOut := call(t, "--base-url", front.URL, "--keep-world", "--world", file(t, w))
		front.Close()
		require.Equal(t, c.code, code, "%s: %s%s", name, out, errOut)
		require.Contains(t, out+errOut, c.says, name)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, http.StatusNotFound, notFound)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errOut bytes.Buffer
	require.Equal(t, exitInterrupted, run(ctx, []string{"--base-url", url}, &out, &errOut))
	require.Equal(t, "esoz-conformance: interrupted\n", errOut.String())
}
