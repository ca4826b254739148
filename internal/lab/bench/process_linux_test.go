package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A process is accounted for with its children, those included that have ended,
// and it ends when it is told to.
func TestProcess(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ready := filepath.Join(folder, "ready")
	p, err := launch("a shell", filepath.Join(folder, "log"), exec.Command("sh", "-c", `sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; echo done; touch "`+ready+`"; sleep 60`))
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.stop() })
	require.NoError(t, p.await(t.Context(), time.Minute, exists(ready)))
	used, err := p.cpu()
	require.NoError(t, err)
	require.Positive(t, used)
	for _, memory := range []func() (uint64, error){p.peakMemory, p.residentMemory} {
		held, err := memory()
		require.NoError(t, err)
		require.Positive(t, held)
	}
	require.NoError(t, p.stop())
	require.NoError(t, p.stop(), "again")

	p, err = launch("a shell", filepath.Join(folder, "log"), exec.Command("sh", "-c", "echo no way >&2; exit 3"))
	require.NoError(t, err)
	err = p.await(t.Context(), time.Minute, exists(filepath.Join(folder, "never")))
	require.ErrorContains(t, err, "a shell ended before it was ready: exit status 3; it said:\nno way\n")

	_, err = launch("nothing", filepath.Join(folder, "log"), exec.Command(filepath.Join(folder, "missing")))
	require.ErrorIs(t, err, os.ErrNotExist)
}
