package torture

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// T14: the disk of PostgreSQL is full, and has room again. Tables cannot grow
// then, nor can the log, for which PostgreSQL ends itself.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	tr := begin(t, "T14", "the disk of PostgreSQL is full under load: 503, all acknowledged is there, and the server recovers within 5 s of room and leaks nothing")
	times := amount(2, 50)
	const megabytes = 640 // of PostgreSQL's logs (256), its databases and the rows of the load
	dir, mounted := smallDisk(t, megabytes)
	// The other engine has a disk of its own.
	require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(dir, "documents")))
	r := newRig(t, rigOptions{Documents: documentsOfTests(), Dir: dir})
	l := newLoad(t, r, flock{rows: amount(300, 2500), documents: amount(20, 300)})
	s := l.serve()
	before := l.warmUp(s)
	l.start(8, s)
	var slowest time.Duration
	for range times {
		wait(300*time.Millisecond, time.Second)
		refused := l.answers(http.StatusServiceUnavailable)
		if mounted {
			makeRoom := r.fillDisk()
			l.awaitRefusals(refused+3, s)
			makeRoom()
			r.awaitPostgres(func() bool { return true })
		} else {
			r.failWrites()
			l.awaitRefusals(refused+1, s)
		}
		slowest = max(slowest, l.recovers(s))
	}
	l.endsHealthy(s, before, slowest)
	marked := l.audit(true)
	if mounted {
		tr.add("times without room", times)
	} else {
		tr.add("times with failing writes", times)
	}
	l.report(tr)
	tr.add("messages marked as possibly sent twice", marked)
	tr.add("ms of the slowest recovery", int(slowest.Milliseconds()))
}

// fillDisk leaves no room where PostgreSQL writes, until makeRoom.
func (r *rig) fillDisk() (makeRoom func()) {
	r.t.Helper()
	ballast, err := os.Create(filepath.Join(r.dir, "ballast"))
	require.NoError(r.t, err)
	for size := 1 << 20; size > 0; {
		_, err := ballast.Write(make([]byte, size))
		switch {
		case errors.Is(err, syscall.ENOSPC):
			size /= 16
		default:
			require.NoError(r.t, err)
		}
	}
	require.NoError(r.t, ballast.Close())
	return func() { require.NoError(r.t, os.Remove(ballast.Name())) }
}

// failWrites makes every process of PostgreSQL fail to write, so that it ends
// itself. The one that is started then can write again.
func (r *rig) failWrites() {
	r.t.Helper()
	former := r.postmaster()
	rows, err := r.pool.Query(r.t.Context(), "SELECT pid FROM pg_stat_activity")
	require.NoError(r.t, err)
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(r.t, err)
	limitFiles(r.t, r, 4096, append([]int{former}, pids...)...)
	r.awaitPostgres(func() bool {
		_, err := os.Stat(fmt.Sprintf("/proc/%d", former))
		return errors.Is(err, os.ErrNotExist)
	})
}

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
