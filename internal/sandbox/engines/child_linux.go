package engines

import (
	"os"
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
