package torture

import "syscall"

// dieWithUs has the kernel end a server when we end.
func dieWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
