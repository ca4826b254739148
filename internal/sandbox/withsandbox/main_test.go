package main

import (
	"bytes"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out, faults bytes.Buffer
	err := run(t.Context(), []string{"sh", "-c", `echo "$ESOZ_URL"; echo fault >&2; exit 3`}, &out, &faults)

	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 3, exit.ExitCode())
	require.Regexp(t, `^http://127\.0\.0\.1:\d+\n$`, out.String())
	require.Equal(t, "fault\n", faults.String())

	address := strings.TrimSpace(strings.TrimPrefix(out.String(), "http://"))
	_, err = net.Dial("tcp", address)
	require.Error(t, err, "the sandbox has ended")
}
