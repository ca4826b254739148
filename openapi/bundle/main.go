// Bundle merges openapi/src into openapi/openapi.yaml, the one document that the server, the generators, the tests and
// the readers share, and writes the rules and the status machines of that document as Go values to gen/rules and gen/machines. What a server asks of it about
// requests goes to openapi/requests.json, which it reads at its start, and what answers are checked against to
// openapi/shapes.json.
//
// What follows from the rules is not written by hand: the error responses of an operation, with an example for each
// rule that can refuse it, and the list of the gateway's rules that guard it (x-guards).
//
// The sources have every text in English and in Ukrainian, and short forms for what repeats itself (templates.go). What
// servers have answered to the cases of the sandbox's world stands in openapi/examples.
//
// Run it in the module's root: go run ./openapi/bundle.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	sourceDir    = "openapi/src"
	examplesDir  = "openapi/examples"
	documentPath = "openapi/openapi.yaml"
	requestsPath = "openapi/requests.json"
	shapesPath   = "openapi/shapes.json"
	rulesPath    = "gen/rules/rules.gen.go"
	machinesPath = "gen/machines/machines.gen.go"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	c, err := bundle(os.DirFS(sourceDir), os.DirFS(examplesDir))
	if err != nil {
		return fmt.Errorf("bundle %s:\n%w", sourceDir, err)
	}
	if len(c.unrecorded) > 0 {
		fmt.Fprintf(os.Stderr, "examples are missing; run make examples and bundle again:\n%s\n", strings.Join(c.unrecorded, "\n"))
	}
	document, err := c.yaml()
	if err != nil {
		return fmt.Errorf("write %s: %w", documentPath, err)
	}
	requests, err := c.requests()
	if err != nil {
		return fmt.Errorf("write %s: %w", requestsPath, err)
	}
	shapes, err := c.shapes()
	if err != nil {
		return fmt.Errorf("write %s: %w", shapesPath, err)
	}
	code, err := c.goRules()
	if err != nil {
		return fmt.Errorf("write %s: %w", rulesPath, err)
	}
	machines, err := c.goMachines()
	if err != nil {
		return fmt.Errorf("write %s: %w", machinesPath, err)
	}
	if err := write(documentPath, document); err != nil {
		return err
	}
	if err := write(requestsPath, requests); err != nil {
		return err
	}
	if err := write(shapesPath, shapes); err != nil {
		return err
	}
	if err := write(rulesPath, code); err != nil {
		return err
	}
	return write(machinesPath, machines)
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
