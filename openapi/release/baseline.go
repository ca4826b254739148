package main

import (
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// baseline keeps the contract as the one that was released last. Examples of bodies are left out: no comparison looks at
// them, and they are most of the document.
func baseline(p paths) error {
	content, err := os.ReadFile(p.contract)
	if err != nil {
		return err
	}
	root, err := tree.Parse(content)
	if err != nil {
		return fmt.Errorf("read %s: %w", p.contract, err)
	}
	version := tree.Text(root, "info", "version")
	if _, err := readAnnounced(p.changelog, version); err != nil {
		return err
	}
	if err := releaseChanges(io.Discard, p); err != nil {
		return err
	}
	withoutExamples(root)
	if components := tree.At(root, "components"); components != nil {
		tree.Delete(components, "examples")
	}
	released, err := tree.YAML(root)
	if err != nil {
		return fmt.Errorf("write %s: %w", p.released, err)
	}
	head := fmt.Sprintf("# The contract as released with %s, without examples; written by make openapi-release.\n", version)
	return os.WriteFile(p.released, append([]byte(head), released...), 0o644)
}

// withoutExamples takes the examples out of parameters and contents: mappings that hold a schema.
func withoutExamples(n *yaml.Node) {
	if tree.At(n, "schema") != nil {
		tree.Delete(n, "example")
		tree.Delete(n, "examples")
	}
	for _, child := range n.Content {
		withoutExamples(child)
	}
}
