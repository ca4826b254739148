//go:build !linux

package bench

import "syscall"

// dieWithUs: only Linux has parent-death signals.
func dieWithUs(*syscall.SysProcAttr) {}
