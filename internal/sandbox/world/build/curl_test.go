package build_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world/build"
)

// hostile is text that every shell reads as something else when it is not quoted.
const hostile = `It's "quoted" 100% %PATH% !x! ^ & | <a> $HOME ` + "`ls`" + ` \ \\ \" Бердичів 𝄞 ї'я\`

var (
	withBody = build.Post("token", "/api/divisions").With(map[string]any{"name": hostile, "list": []string{`\`, `"`, ""}})
	bodiless = build.Patch("token", "/api/x?phone=%2B380931234567&y=1")
)

// The command of a POSIX shell gives curl what the request holds.
func TestCurlInBash(t *testing.T) {
	t.Parallel()
	for _, r := range []build.Request{withBody, bodiless} {
		script := "curl() { printf '%s\\0' \"$@\"; }\n" + r.Curl("http://localhost")
		said, err := exec.CommandContext(t.Context(), "bash", "-c", script).Output()
		require.NoError(t, err)
		requireWords(t, r, strings.Split(strings.TrimSuffix(string(said), "\x00"), "\x00"))
	}
}

func TestCurlOnWindows(t *testing.T) {
	t.Parallel()
	for _, r := range []build.Request{withBody, bodiless} {
		cmd, powerShell := r.CurlWindows("http://localhost")
		for _, line := range []string{cmd, powerShell} {
			require.NotContains(t, line, "\n", "one line, which all shells paste")
			require.Regexp(t, `^[ -~]+$`, line, "no letter that depends on a code page")
		}
		requireWords(t, r, split(t, strings.TrimPrefix(cmd, "curl.exe ")))
		requireReadByCmd(t, cmd)
		if powerShell == cmd { // what stands between quotes must mean itself
			require.NotRegexp(t, "[\\\\$`]", powerShell)
			continue
		}
		rest, verbatim := strings.CutPrefix(powerShell, "curl.exe --% ")
		require.True(t, verbatim)
		require.Equal(t, strings.TrimPrefix(cmd, "curl.exe "), rest)
		require.NotContains(t, rest, "|", "it ends what is verbatim")
		require.NotContains(t, rest, "%", "variables are put in all the same")
	}
	cmd, powerShell := bodiless.CurlWindows("http://localhost")
	require.Equal(t, cmd, powerShell)
	_, powerShell = bodiless.Header("X", "$HOME").CurlWindows("http://localhost")
	require.Contains(t, powerShell, "--%")
}

// Git's bash takes the line of cmd, too.
func TestCurlOfCmdInBash(t *testing.T) {
	t.Parallel()
	cmd, _ := withBody.CurlWindows("http://localhost")
	said, err := exec.CommandContext(t.Context(), "bash", "-c", "set -- "+strings.TrimPrefix(cmd, "curl.exe ")+"; printf '%s\\0' \"$@\"").Output()
	require.NoError(t, err)
	requireWords(t, withBody, strings.Split(strings.TrimSuffix(string(said), "\x00"), "\x00"))
}

// requireWords compares the words that curl gets with the request.
func requireWords(t *testing.T, r build.Request, words []string) {
	t.Helper()
	require.Equal(t, []string{"-sS", "-X", r.Method, "http://localhost" + r.Path}, words[:4])
	got := map[string]string{}
	words = words[4:]
	for len(words) > 0 && words[0] == "-H" {
		name, value, _ := strings.Cut(words[1], ": ")
		got[name] = value
		words = words[2:]
	}
	require.Equal(t, r.Headers, got)
	if r.Body == nil {
		require.Empty(t, words)
		return
	}
	require.Len(t, words, 2)
	require.Equal(t, "--data-raw", words[0])
	want, err := json.Marshal(r.Body)
	require.NoError(t, err)
	require.JSONEq(t, string(want), words[1])
}

// split splits a command line as the runtime of C does on Windows.
func split(t *testing.T, line string) (words []string) {
	t.Helper()
	var word strings.Builder
	quoted, backslashes := false, 0
	for _, c := range line + " " {
		switch c {
		case '\\':
			backslashes++
			continue
		case '"':
			word.WriteString(strings.Repeat(`\`, backslashes/2))
			if backslashes%2 == 1 {
				word.WriteByte('"')
			} else {
				quoted = !quoted
			}
		default:
			word.WriteString(strings.Repeat(`\`, backslashes))
			if c == ' ' && !quoted {
				words = append(words, word.String())
				word.Reset()
			} else {
				word.WriteRune(c)
			}
		}
		backslashes = 0
	}
	require.False(t, quoted, "an open quote")
	return words
}

// requireReadByCmd finds what cmd reads as its own: it knows no backslash, so each quote opens or closes.
func requireReadByCmd(t *testing.T, line string) {
	t.Helper()
	quoted := false
	for i, c := range line {
		if c == '"' {
			quoted = !quoted
		}
		require.False(t, !quoted && strings.ContainsRune("&|<>^", c), "cmd reads %q at %d of %s", c, i, line)
	}
	require.NotContains(t, line, "!")
	require.NotRegexp(t, `%[A-Za-z_]+%`, line, "a variable of cmd")
}
