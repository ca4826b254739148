// Release is what goes out and what must not break: it writes the published documents, and compares the contract with the
// one that was released last.
//
//	go run ./openapi/release publish    writes bin/openapi
//	go run ./openapi/release changes    writes the pages of changed rules into docs
//	go run ./openapi/release diff       fails when a breaking change is not announced in CHANGELOG.md
//	go run ./openapi/release baseline   makes the contract the one that was released last
//
// Run it in the module's root.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"esoz/openapi/publish"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var files = paths{contract: "openapi/openapi.yaml", released: "openapi/released.yaml", changelog: "CHANGELOG.md", docs: "docs"}

// paths tell where the contract, the one released last, the list of changes and the documents are.
type paths struct{ contract, released, changelog, docs string }

func run(ctx context.Context, out io.Writer, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: go run ./openapi/release publish | changes | diff | baseline")
	}
	switch args[0] {
	case "publish":
		return writeDocuments(out, "bin/openapi")
	case "changes":
		return writeChanges(out, files)
	case "diff":
		return diff(ctx, out, files)
	case "baseline":
		return baseline(files)
	default:
		return fmt.Errorf("%q is none of publish, changes, diff, baseline", args[0])
	}
}

func writeDocuments(out io.Writer, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, document := range []struct {
		name string
		read func() ([]byte, error)
	}{{"esoz.yaml", publish.National.YAML}, {"esoz.json", publish.National.JSON}, {"esoz-3.1.yaml", publish.National.YAML31}} {
		content, err := document.read()
		if err != nil {
			return err
		}
		path := filepath.Join(dir, document.name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
		fmt.Fprintln(out, path)
	}
	return nil
}
