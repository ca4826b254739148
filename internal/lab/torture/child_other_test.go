//go:build !linux

package torture

import "syscall"

// dieWithUs: a killed test run leaves its servers behind here.
func dieWithUs(*syscall.SysProcAttr) {}
