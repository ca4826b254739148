package completion_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"esoz/internal/platform/completion"
)

type program struct {
	Completion completion.Flag `placeholder:"SHELL" help:"Print completions."`
	BaseURL    string          `required:"" help:"It's an address: http://…"`

	Run struct {
		Data  string `help:"Folder."`
		Quick bool   `help:"Quickly."`
	} `cmd:"" default:"withargs" help:"Run."`
	Import struct {
		Codes  struct{} `cmd:"" help:"Import codes."`
		Names  struct{} `cmd:"" help:"Import names."`
		Secret struct{} `cmd:"" hidden:""`
	} `cmd:"" help:"Import data."`
}

// printed is what the program prints when it is asked for completions, and its exit code.
func printed(t *testing.T, args ...string) (text string, code int, err error) {
	t.Helper()
	var out bytes.Buffer
	code = -1
	parser, err := kong.New(&program{}, kong.Name("the-program"), kong.Writers(&out, &out), kong.Exit(func(c int) { code = c; panic("exit") }))
	require.NoError(t, err)
	func() {
		defer func() { _ = recover() }() // in place of the end of the process
		_, err = parser.Parse(args)
	}()
	return out.String(), code, err
}

func TestNoRequiredFlagIsMissed(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		text, code, err := printed(t, "--completion", shell)
		require.NoError(t, err)
		require.Zero(t, code)
		require.Contains(t, text, "the-program")
		require.NotContains(t, text, "secret")
	}
	_, code, err := printed(t, "--completion=tcsh")
	require.ErrorContains(t, err, `not for "tcsh"`)
	require.Equal(t, -1, code)
	_, _, err = printed(t, "import", "codes")
	require.ErrorContains(t, err, "--base-url")
}

// What bash offers, asked as bash asks.
func TestBash(t *testing.T) {
	t.Parallel()
	text, _, err := printed(t, "--completion", "bash")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "completions")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	for line, want := range map[string]string{
		"":                         "run import --help --completion --base-url --data --quick",
		"im":                       "import",
		"--b":                      "--base-url",
		"import ":                  "codes names --help --completion --base-url",
		"--base-url import ":       "run import --help --completion --base-url --data --quick",
		"import --base-url x co":   "codes",
		"import codes ":            "--help --completion --base-url",
		"run --":                   "--help --completion --base-url --data --quick",
		"run --data ":              "", // bash offers files
		"nothing --q":              "--quick",
		"import names --base-url ": "",
		"run --quick --da":         "--data",
	} {
		words := append([]string{"the-program"}, strings.Split(line, " ")...)
		script := `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _the_program; echo "${COMPREPLY[*]}"`
		said, err := exec.CommandContext(t.Context(), "bash", append([]string{"-c", script, file}, words...)...).CombinedOutput()
		require.NoError(t, err, "%s", said)
		require.Equal(t, want, strings.TrimSpace(string(said)), "%q", line)
	}
}
