package engines

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// InUseError says that another process uses the data folder.
type InUseError struct {
	Dir string
	PID string // as that process wrote it
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("data folder %s is in use by process %s: stop it, or choose another folder", e.Dir, e.PID)
}

var errHeld = errors.New("lock is held")

// lockFolder takes the lock of a data folder, without waiting. The kernel
// releases it when the process ends, however it ends, so the file may stay.
func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	f, err := lockFile(path)
	if errors.Is(err, errHeld) {
		pid, _ := os.ReadFile(path)
		return nil, &InUseError{Dir: dir, PID: strings.TrimSpace(string(pid))}
	}
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if err = f.Truncate(0); err == nil {
		_, err = f.WriteString(strconv.Itoa(os.Getpid()) + "\n")
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return f, nil
}

// lockFile opens path and locks it exclusively; errHeld when somebody else has
// it. On Unix the lock lasts until every descriptor of this opening is closed,
// inherited ones included.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err = lock(f); err == nil {
		// Between open and lock the former holder may have removed the file;
		// then this lock guards nothing.
		err = samePlace(f, path)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func samePlace(f *os.File, path string) error {
	open, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(path)
	if err != nil || !os.SameFile(open, named) {
		return errHeld
	}
	return nil
}
