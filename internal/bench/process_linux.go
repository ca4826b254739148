package bench

import "syscall"

// dieWithUs has the kernel stop a child when we end.
func dieWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }
