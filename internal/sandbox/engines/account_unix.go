//go:build unix

package engines

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that PostgreSQL runs as. The zero value is ourselves.
type account struct {
	uid, gid uint32
	drop     bool // we are root, and the server must not be
}

// accountFor chooses the user of the server: ourselves, or, as root, the owner
// of the data if there is data already, else one without privileges.
func accountFor(dataDir string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	if info, err := os.Stat(dataDir); err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 {
			return account{uid: stat.Uid, gid: stat.Gid, drop: true}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return accountOf(u)
		}
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it as")
}

func accountOf(u *user.User) (account, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("user %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("user %s: %w", u.Username, err)
	}
	return account{uid: uint32(uid), gid: uint32(gid), drop: true}, nil
}

// nameless returns whether the account is ourselves and the machine has no name for
// us, as in containers that run as any number. initdb does not work then.
func (a account) nameless() bool {
	if a.drop {
		return false
	}
	_, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	return err != nil
}

// give makes the account the owner of path and of everything in it.
func (a account) give(path string) error {
	if !a.drop {
		return nil
	}
	err := filepath.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(a.uid), int(a.gid))
	})
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("PostgreSQL does not run as root, and this root has no capability to become user %d: run as another user (docker run --user 1000:1000): %w", a.uid, err)
	}
	return err
}

// reaches reports whether the account may enter the folder, which needs the
// right to search it and every folder above it. Without root's powers it is
// our own business, and the answer is yes.
func (a account) reaches(dir string) bool {
	if !a.drop {
		return true
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	for {
		info, err := os.Stat(dir)
		if err != nil || !a.searches(info) {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

// environment of PostgreSQL's programs. A known locale also keeps macOS from
// starting threads in the server, which it refuses.
func environment() []string {
	return []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin:/usr/sbin:/sbin"}
}

func (a account) searches(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	switch {
	case stat.Uid == a.uid:
		return info.Mode()&0o100 != 0
	case stat.Gid == a.gid:
		return info.Mode()&0o010 != 0
	default:
		return info.Mode()&0o001 != 0
	}
}

// become makes cmd run as the account, apart from our terminal's process group:
// Ctrl-C is for us, and we stop the server when we are done with it.
func (a account) become(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithUs(cmd.SysProcAttr)
	if a.drop {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	cmd.Env = environment()
	cmd.Dir = "/" // ours may be closed to the account
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

// enclose does nothing: what must be closed to others has a mode that says so.
func enclose(string) error { return nil }
