//go:build unix && !linux

package engines

import (
	"os/exec"
	"syscall"
)

// inheritedFolder: only Linux can name a folder by its descriptor.
func inheritedFolder() (path string, ok bool) { return "", false }

// dieWithUs: without parent-death signals a killed sandbox leaves its server
// to the next start.
func dieWithUs(*syscall.SysProcAttr) {}

// named does nothing: other systems have no user namespaces.
func named(*exec.Cmd) {}
