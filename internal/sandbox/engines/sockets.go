package engines

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	socketsLink    = "sockets"
	postgresSocket = ".s.PGSQL.5432"
	mongoEnding    = ".sock" // by which the driver knows a socket

	// maxSocketPath is what every supported kernel takes: macOS has the
	// smallest sockaddr_un.
	maxSocketPath = 103
)

// makeSockets makes a folder for sockets that only owner (and root) may enter
// and points link at it. It cannot be in the data folder: the path of a socket
// is limited to a hundred bytes, the server's user may not reach the data
// folder, and shared folders of virtual machines have no sockets.
func makeSockets(link string, owner account) (string, error) {
	for _, parent := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if !owner.reaches(parent) || strings.ContainsAny(parent, `,"\`) {
			continue
		}
		dir, err := os.MkdirTemp(parent, "esoz-")
		if err != nil {
			continue
		}
		if len(filepath.Join(dir, postgresSocket+".lock")) > maxSocketPath {
			_ = os.Remove(dir)
			continue
		}
		if err := errors.Join(owner.give(dir), os.Symlink(dir, link)); err != nil {
			_ = os.Remove(dir)
			return "", fmt.Errorf("make folder for sockets: %w", err)
		}
		return dir, nil
	}
	return "", errors.New("no temporary folder is fit for sockets: set TMPDIR to a short path that every user can enter")
}

// removeSockets removes the folder that link points at, and link. Nothing
// there is no error.
func removeSockets(link string) error {
	dir, err := os.Readlink(link)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find folder of sockets: %w", err)
	}
	removeServerSockets(dir)
	left, _ := filepath.Glob(filepath.Join(dir, "*"+mongoEnding))
	for _, socket := range left {
		_ = os.Remove(socket)
	}
	// Gone with a reboot, or holding something that is not ours: either way
	// only the link matters.
	_ = os.Remove(dir)
	return os.Remove(link)
}

// removeServerSockets clears what a killed PostgreSQL leaves. The server would
// do so itself, unless the pid in the lock file has a new bearer.
func removeServerSockets(dir string) {
	_ = os.Remove(filepath.Join(dir, postgresSocket))
	_ = os.Remove(filepath.Join(dir, postgresSocket+".lock"))
}
