//go:build !linux

package bench

import "syscall"

// dieWithUs and hardware are never asked: newLab refuses other systems.
func dieWithUs(*syscall.SysProcAttr) {}

func hardware() (cpu string, memory uint64, err error) { return "", 0, nil }
