package main

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// requests is the part of the contract that a server asks about a request:
// operations, who may call them, parameters and bodies. Reading the whole
// document takes a server longer than everything else that it does at its start.
func (c *contract) requests() ([]byte, error) {
	paths := tree.Mapping()
	for path, item := range tree.Entries(tree.At(c.root, "paths")) {
		kept := tree.Mapping()
		for key, value := range tree.Entries(item) {
			switch {
			case key == "parameters":
				tree.Set(kept, key, bare(value))
			case slices.Contains(methods, key):
				tree.Set(kept, key, operationRequest(value))
			}
		}
		tree.Set(paths, path, kept)
	}
	components := tree.Mapping()
	for kind, all := range tree.Entries(tree.At(c.root, "components")) {
		if kind != "schemas" && kind != "parameters" && kind != "requestBodies" {
			continue
		}
		of := tree.Mapping()
		for name, component := range tree.Entries(all) {
			tree.Set(of, name, bare(component))
		}
		tree.Set(components, kind, of)
	}
	root := tree.Mapping(
		"openapi", tree.At(c.root, "openapi"),
		"info", tree.Mapping("title", tree.Text(c.root, "info", "title"), "version", tree.Text(c.root, "info", "version")),
		"paths", paths, "components", components)
	keepReferenced(root)
	raw, err := tree.JSON(root)
	if err != nil {
		return nil, fmt.Errorf("write the requests: %w", err)
	}
	return append(raw, '\n'), nil
}

func operationRequest(op *yaml.Node) *yaml.Node {
	kept := tree.Mapping()
	for _, key := range []string{"operationId", "summary", "tags", "security", "parameters", "requestBody"} {
		if value := tree.At(op, key); value != nil {
			tree.Set(kept, key, bare(value))
		}
	}
	// x-signed-content refers to the schema of what is signed, which the server checks as it does a body.
	for _, key := range []string{"x-source", "x-idempotent", "x-aliases", "x-signed-content"} {
		if value := tree.At(op, key); value != nil {
			tree.Set(kept, key, value)
		}
	}
	tree.Set(kept, "responses", tree.Mapping()) // readers of OpenAPI want one
	return kept
}

// bare copies a tree without the texts, examples and extensions of its objects.
func bare(n *yaml.Node) *yaml.Node {
	switch n.Kind {
	case yaml.SequenceNode:
		copied := tree.Sequence()
		for _, item := range n.Content {
			copied.Content = append(copied.Content, bare(item))
		}
		return copied
	case yaml.MappingNode:
		copied := tree.Mapping()
		for key, value := range tree.Entries(n) {
			switch {
			case key == "properties": // whose keys are names
				properties := tree.Mapping()
				for name, property := range tree.Entries(value) {
					tree.Set(properties, name, bare(property))
				}
				tree.Set(copied, key, properties)
			case key == "description" || key == "example" || key == "examples" || strings.HasPrefix(key, "x-"):
			default:
				tree.Set(copied, key, bare(value))
			}
		}
		return copied
	}
	return n
}

// keepReferenced deletes the components that nothing refers to any more.
func keepReferenced(root *yaml.Node) {
	used := map[string]bool{}
	var follow func(n *yaml.Node)
	follow = func(n *yaml.Node) {
		if ref := tree.Text(n, "$ref"); ref != "" && !used[ref] {
			used[ref] = true
			follow(tree.At(root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...))
		}
		for _, child := range n.Content {
			follow(child)
		}
	}
	follow(tree.At(root, "paths"))
	for kind, all := range tree.Entries(tree.At(root, "components")) {
		kept := tree.Mapping()
		for name, component := range tree.Entries(all) {
			if used["#/components/"+kind+"/"+name] {
				tree.Set(kept, name, component)
			}
		}
		all.Content = kept.Content
	}
}
