package engines

import (
	"os"
	"path/filepath"
	"syscall"
)

const ephemeralPrefix = "esoz-engines-"

// sweep removes the temporary data folders of processes that were killed
// before they could. It leaves alone what it cannot prove to be abandoned.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), ephemeralPrefix+"*"))
	for _, dir := range dirs {
		if ours(dir) {
			sweepFolder(dir)
		}
	}
}

func sweepFolder(dir string) {
	if _, err := os.Stat(filepath.Join(dir, "lock")); err != nil {
		return // just made, and not locked yet
	}
	lock, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		return
	}
	defer lock.Close()

	// Its PostgreSQL may still be on the way out.
	alive, err := lockFile(filepath.Join(dir, aliveFile))
	if err != nil {
		return
	}
	defer alive.Close()

	if removeSockets(filepath.Join(dir, socketsLink)) == nil {
		_ = os.RemoveAll(dir)
	}
}

// ours reports whether dir is a folder that belongs to this user: anybody can
// put a name into the system's temporary folder.
func ours(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
