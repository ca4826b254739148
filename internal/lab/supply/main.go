// Supply looks at what the programs that we hand out are made of: it fails when
// something in them, or in the TypeScript client, comes under a licence that we
// have not agreed to, and writes for each program the list of its parts (SBOM,
// CycloneDX) beside it.
//
//	go -C internal/lab run ./supply $PWD/bin/release/esoz $PWD/bin/release/esoz-sandbox
package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// clientLock names the packages that the TypeScript client needs to run.
const clientLock = "../../gen/ts/package-lock.json"

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(programs []string, out io.Writer) error {
	if len(programs) == 0 {
		return errors.New("name the programs")
	}
	cache, err := moduleCache()
	if err != nil {
		return err
	}
	lawyer, err := newLawyer(cache)
	if err != nil {
		return err
	}
	var refused []error
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return fmt.Errorf("read what %s is made of: %w", program, err)
		}
		parts, err := lawyer.judge(info.Deps)
		if err != nil {
			refused = append(refused, fmt.Errorf("%s: %w", program, err))
			continue
		}
		if err := writeSBOM(program, info, parts); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %d modules, all under licences that we have agreed to\n", filepath.Base(program), len(parts))
	}
	packages, err := judgePackages(clientLock)
	if err != nil {
		refused = append(refused, err)
	} else {
		fmt.Fprintf(out, "%s: %d packages, all under licences that we have agreed to\n", clientLock, packages)
	}
	return errors.Join(refused...)
}

func moduleCache() (string, error) {
	dir, err := exec.CommandContext(context.Background(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return "", fmt.Errorf("ask go for its module cache: %w", err)
	}
	return strings.TrimSpace(string(dir)), nil
}

// actual is the module that was built: what replaces it, if something does.
func actual(m *debug.Module) *debug.Module {
	if m.Replace != nil {
		return m.Replace
	}
	return m
}
