package engines

import (
	"os"
	"os/exec"
	"os/user"
	"syscall"
)

// inheritedFolder is how a child names the folder that it was given as file
// descriptor 3. The kernel follows this link without looking at the folders
// above, so a server without privileges can work in a data folder under a
// closed parent, such as /root.
func inheritedFolder() (path string, ok bool) {
	_, err := os.Stat("/proc/self/fd")
	return "/proc/self/fd/3", err == nil
}

// dieWithUs makes the kernel ask a child to end when its parent ends: SIGINT
// is PostgreSQL's fast shutdown, and initdb's clean-up. The signal comes when
// the parent's thread ends, so the child must be started from a goroutine that
// stays locked to its thread (https://go.dev/issue/27505).
func dieWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }

// named runs cmd in a user namespace in which our number is that of a user with a
// name.
func named(cmd *exec.Cmd) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		if as, err := accountOf(u); err == nil {
			cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: int(as.uid), HostID: os.Geteuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: int(as.gid), HostID: os.Getegid(), Size: 1}}
			return
		}
	}
}
