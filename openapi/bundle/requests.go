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
	return c.part(func(op *yaml.Node) (*yaml.Node, error) {
		kept := keep(op, "operationId", "summary", "tags", "security", "parameters", "requestBody", "x-source", "x-idempotent", "x-aliases")
		tree.Set(kept, "responses", tree.Mapping()) // readers of OpenAPI want one
		return kept, nil
	}, nil, "schemas", "parameters", "requestBodies")
}

// shapes is the part of the contract that answers are checked against: all but its texts, examples and rules. A response
// that many operations have stands in it once.
func (c *contract) shapes() ([]byte, error) {
	shared, refs := tree.Mapping(), map[string]string{}
	return c.part(func(op *yaml.Node) (*yaml.Node, error) {
		kept := keep(op, "operationId", "summary", "tags", "security", "parameters", "requestBody", "responses", "x-source", "x-idempotent", "x-aliases")
		responses := tree.Mapping()
		for status, response := range tree.Entries(tree.At(kept, "responses")) {
			text, err := tree.JSON(response)
			if err != nil {
				return nil, fmt.Errorf("answer %s: %w", status, err)
			}
			name := refs[string(text)]
			if name == "" {
				name = tree.Text(op, "operationId") + "-" + status
				refs[string(text)] = name
				tree.Set(shared, name, response)
			}
			tree.Set(responses, status, tree.Mapping("$ref", "#/components/responses/"+name))
		}
		tree.Set(kept, "responses", responses)
		return kept, nil
	}, shared, "schemas", "parameters", "requestBodies", "headers")
}

// part is the contract with the named kinds of components and these responses, and of each operation what it returns
// for it.
func (c *contract) part(operation func(*yaml.Node) (*yaml.Node, error), responses *yaml.Node, kinds ...string) ([]byte, error) {
	paths := tree.Mapping()
	for path, item := range tree.Entries(tree.At(c.root, "paths")) {
		kept := tree.Mapping()
		for key, value := range tree.Entries(item) {
			switch {
			case key == "parameters":
				tree.Set(kept, key, bare(value))
			case slices.Contains(methods, key):
				op, err := operation(value)
				if err != nil {
					return nil, fmt.Errorf("%s %s: %w", key, path, err)
				}
				tree.Set(kept, key, op)
			}
		}
		tree.Set(paths, path, kept)
	}
	components := tree.Mapping()
	for kind, all := range tree.Entries(tree.At(c.root, "components")) {
		if !slices.Contains(kinds, kind) {
			continue
		}
		of := tree.Mapping()
		for name, component := range tree.Entries(all) {
			tree.Set(of, name, bare(component))
		}
		tree.Set(components, kind, of)
	}
	if responses != nil {
		tree.Set(components, "responses", responses)
	}
	root := tree.Mapping(
		"openapi", tree.At(c.root, "openapi"),
		"info", tree.Mapping("title", tree.Text(c.root, "info", "title"), "version", tree.Text(c.root, "info", "version")),
		"paths", paths, "components", components)
	keepReferenced(root)
	raw, err := tree.JSON(root)
	if err != nil {
		return nil, fmt.Errorf("write a part of the contract: %w", err)
	}
	return append(raw, '\n'), nil
}

// keep copies the values of an operation that have these keys.
func keep(op *yaml.Node, keys ...string) *yaml.Node {
	kept := tree.Mapping()
	for _, key := range keys {
		switch value := tree.At(op, key); {
		case value == nil:
		case strings.HasPrefix(key, "x-"):
			tree.Set(kept, key, value)
		default:
			tree.Set(kept, key, bare(value))
		}
	}
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
			case key == contentField: // the schema of what is signed
				tree.Set(copied, key, value)
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
