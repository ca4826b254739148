package torture

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// dieWithUs has the kernel end a server when we end.
func dieWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// smallDisk is a file system of its own for a rig's data, when we may mount one.
func smallDisk(t *testing.T, megabytes int) (dir string, mounted bool) {
	t.Helper()
	at := t.TempDir()
	// Everybody may enter: PostgreSQL does not run as root.
	err := syscall.Mount("tmpfs", at, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0755", megabytes))
	if err != nil {
		return at, false // no right to: see limitFiles
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(at, syscall.MNT_DETACH)) })
	return at, true
}

// limitFiles makes processes of PostgreSQL fail to write beyond a size of their
// files, as a full disk does. It asks for no right but that of their owner.
func limitFiles(t *testing.T, r *rig, bytes int, pids ...int) {
	t.Helper()
	info, err := os.Stat(filepath.Join(r.dir, "postgres"))
	require.NoError(t, err)
	owner, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	for _, pid := range pids {
		cmd := exec.Command("prlimit", "--pid", strconv.Itoa(pid), "--fsize="+strconv.Itoa(bytes)+":")
		if os.Geteuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
		}
		if output, err := cmd.CombinedOutput(); err != nil && syscall.Kill(pid, 0) == nil {
			require.NoError(t, err, "%s", output)
		}
	}
}
