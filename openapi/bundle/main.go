// Bundle merges openapi/src into openapi/openapi.yaml, the one document that the server, the generators, the tests and
// the readers share, and writes the rules of that document as Go values to gen/rules. What a server asks of it about
// requests goes to openapi/requests.json, which it reads at its start.
//
// What follows from the rules is not written by hand: the error responses of an operation, with an example for each
// rule that can refuse it, and the list of the gateway's rules that guard it (x-guards).
//
// openapi/uk.yaml says the same in Ukrainian. The rules get their wording from there; the document stays English.
//
// Run it in the module's root: go run ./openapi/bundle. With the word missing it only prints what uk.yaml lacks, to be
// pasted there and translated.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"esoz/openapi/tree"
)

const (
	sourceDir     = "openapi/src"
	ukrainianPath = "openapi/uk.yaml"
	documentPath  = "openapi/openapi.yaml"
	requestsPath  = "openapi/requests.json"
	rulesPath     = "gen/rules/rules.gen.go"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	c, err := bundle(os.DirFS(sourceDir))
	if err != nil {
		return fmt.Errorf("bundle %s:\n%w", sourceDir, err)
	}
	ukrainian, err := os.ReadFile(ukrainianPath)
	if err != nil {
		return err
	}
	if err := c.readUkrainian(ukrainian); err != nil {
		return err
	}
	if slices.Contains(os.Args[1:], "missing") {
		missing, err := tree.YAML(c.untranslated())
		if err != nil {
			return fmt.Errorf("print what %s lacks: %w", ukrainianPath, err)
		}
		_, err = os.Stdout.Write(missing)
		return err
	}
	if err := c.checkUkrainian(); err != nil {
		return fmt.Errorf("translate %s:\n%w", sourceDir, err)
	}
	document, err := c.yaml()
	if err != nil {
		return fmt.Errorf("write %s: %w", documentPath, err)
	}
	requests, err := c.requests()
	if err != nil {
		return fmt.Errorf("write %s: %w", requestsPath, err)
	}
	code, err := c.goRules()
	if err != nil {
		return fmt.Errorf("write %s: %w", rulesPath, err)
	}
	if err := write(documentPath, document); err != nil {
		return err
	}
	if err := write(requestsPath, requests); err != nil {
		return err
	}
	return write(rulesPath, code)
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
