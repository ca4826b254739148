// Resources writes the methods of the Go and the TypeScript client that are found by resource: api.Divisions.List and
// divisions.list beside ListDivisionsWithResponse and GET /api/divisions. Resources and operations are those of
// openapi/openapi.yaml; how the Go client spells them is read from gen/client/client.gen.go, which is made before.
//
// Run it in the module's root: go run ./openapi/resources.
package main

import (
	"fmt"
	"os"
)

const (
	documentPath   = "openapi/openapi.yaml"
	clientPath     = "gen/client/client.gen.go"
	goPath         = "gen/client/resources.gen.go"
	typeScriptPath = "gen/ts/src/resources.gen.ts"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "resources:", err)
		os.Exit(1)
	}
}

func run() error {
	document, err := os.ReadFile(documentPath)
	if err != nil {
		return err
	}
	resources, err := read(document)
	if err != nil {
		return fmt.Errorf("read %s: %w", documentPath, err)
	}
	client, err := os.ReadFile(clientPath)
	if err != nil {
		return err
	}
	inGo, err := writeGo(resources, client)
	if err != nil {
		return fmt.Errorf("write %s: %w", goPath, err)
	}
	inTypeScript, err := writeTypeScript(resources)
	if err != nil {
		return fmt.Errorf("write %s: %w", typeScriptPath, err)
	}
	for path, content := range map[string][]byte{goPath: inGo, typeScriptPath: inTypeScript} {
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // sources are read by everybody
			return err
		}
	}
	return nil
}
