package engines

import (
	"os"
	"path/filepath"
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
	// Its PostgreSQL may still be on the way out.
	for _, name := range []string{"lock", aliveFile} {
		held, err := lockFile(filepath.Join(dir, name))
		if err != nil {
			return
		}
		// Windows removes no open file, and nobody takes up an abandoned folder.
		_ = held.Close()
	}
	if removeSockets(filepath.Join(dir, socketsLink)) == nil {
		_ = os.RemoveAll(dir)
	}
}
