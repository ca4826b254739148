package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// resource is what a tag of the document holds.
type resource struct {
	name        name
	description string
	operations  []operation
}

// operation is a method of a resource.
type operation struct {
	id, method, path, summary string
	name                      name
	all                       name // of the iterator over all pages; empty when there are none
	ids                       bool // the path has some
	query, queryRequired      bool
	body                      bool
	answers                   []string // schemas of what may be answered, none twice
}

// read finds the resources of the document, in the order of their names.
func read(document []byte) ([]*resource, error) {
	root, err := tree.Parse(document)
	if err != nil {
		return nil, err
	}
	byTag := map[string]*resource{}
	for _, tag := range tree.Items(tree.At(root, "tags")) {
		title := tree.Text(tag, "name")
		byTag[title] = &resource{name: resourceName(title), description: oneLine(tree.Text(tag, "description"))}
	}
	for path, item := range tree.Entries(tree.At(root, "paths")) {
		for method, node := range tree.Entries(item) {
			tags := tree.Items(tree.At(node, "tags"))
			if len(tags) != 1 || byTag[tags[0].Value] == nil {
				return nil, fmt.Errorf("%s %s: want one tag that the document describes", method, path)
			}
			r := byTag[tags[0].Value]
			op, err := readOperation(root, node, method, path, r.name)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			r.operations = append(r.operations, op)
		}
	}
	var resources []*resource
	for _, r := range byTag {
		if len(r.operations) == 0 {
			continue
		}
		slices.SortFunc(r.operations, func(a, b operation) int { return cmp.Compare(a.name.inGo(), b.name.inGo()) })
		resources = append(resources, r)
	}
	slices.SortFunc(resources, func(a, b *resource) int { return cmp.Compare(a.name.inGo(), b.name.inGo()) })
	return resources, unique(resources)
}

func readOperation(root, node *yaml.Node, method, path string, r name) (operation, error) {
	op := operation{
		id: tree.Text(node, "operationId"), method: strings.ToUpper(method), path: path,
		summary: oneLine(tree.Text(node, "summary")), body: tree.At(node, "requestBody") != nil, ids: strings.Contains(path, "{"),
	}
	op.name = operationName(op.id, path, r)
	var paging int
	for _, parameter := range tree.Items(tree.At(node, "parameters")) {
		parameter = target(root, parameter)
		if tree.Text(parameter, "in") != "query" {
			continue
		}
		op.query = true
		op.queryRequired = op.queryRequired || tree.Text(parameter, "required") == "true"
		if called := tree.Text(parameter, "name"); called == "page" || called == "page_size" {
			paging++
		}
	}
	if paging == 2 {
		op.all = iteratorName(op.name)
	}
	if op.query && op.body {
		return op, errors.New("no method is known that has both a query and a body")
	}
	for status, answer := range tree.Entries(tree.At(node, "responses")) {
		if status >= "400" {
			continue
		}
		ref := tree.Text(target(root, answer), "content", "application/json", "schema", "$ref")
		schema, ok := strings.CutPrefix(ref, "#/components/schemas/")
		if !ok {
			return op, fmt.Errorf("the answer %s has no schema with a name", status)
		}
		if !slices.Contains(op.answers, schema) {
			op.answers = append(op.answers, schema)
		}
	}
	return op, nil
}

// target is what a node refers to, or the node itself.
func target(root, node *yaml.Node) *yaml.Node {
	if ref := tree.Text(node, "$ref"); ref != "" {
		return tree.At(root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return node
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
