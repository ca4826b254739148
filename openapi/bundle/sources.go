package main

import (
	"cmp"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The files of openapi/src that are no operations.
const (
	rootFile      = "root.yaml"      // the document without paths
	schemasFile   = "schemas.yaml"   // of a resource: its components, and the queries that are too long for an operation
	templatesFile = "templates.yaml" // of the document or of a resource: what several operations share
)

// source is one file of openapi/src, spelled out: a mapping with paths and components.
type source struct {
	name string
	root *yaml.Node
}

// readSources reads root.yaml and then, resource by resource, the operations in the order of their paths and the schemas.
func readSources(dir fs.FS, p *problems) ([]source, *templates, error) {
	files := map[string]*yaml.Node{}
	for _, pattern := range []string{"*.yaml", "*/*.yaml"} {
		names, err := fs.Glob(dir, pattern)
		if err != nil {
			return nil, nil, err
		}
		for _, name := range names {
			if files[name], err = readFile(dir, name, p); err != nil {
				return nil, nil, err
			}
		}
	}
	if err := p.err(); err != nil {
		return nil, nil, err
	}
	t := readTemplates(files, p)
	t.failures = t.checks(orEmpty(t.failures), "", templatesFile, p)
	for _, n := range []*yaml.Node{t.refusals, t.failures} {
		spellUkrainian(n)
		checkUkrainian(source{templatesFile, n}, p)
	}
	var sources []source
	for _, name := range slices.Sorted(maps.Keys(files)) {
		root := files[name]
		switch path.Base(name) {
		case rootFile:
			t.checks(orEmpty(at(root, "x-rules")), "", name, p)
		case templatesFile:
			continue
		case schemasFile:
			root = mapping("components", root)
		default:
			root = t.operation(root, name, p)
		}
		spellUkrainian(root)
		sources = append(sources, source{name, root})
	}
	t.checkUsed(p)
	slices.SortFunc(sources, func(a, b source) int {
		return cmp.Or(strings.Compare(path.Dir(a.name), path.Dir(b.name)), slices.Compare(place(a), place(b)))
	})
	return sources, t, p.err()
}

func readFile(dir fs.FS, name string, p *problems) (*yaml.Node, error) {
	content, err := fs.ReadFile(dir, name)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		p.add(name, nil, "%v", err)
		return nil, nil
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		p.add(name, nil, "holds no mapping")
		return nil, nil
	}
	return normalise(document.Content[0], name, p), nil
}

// place sorts the sources of a resource: operations by path and method, then schemas.
func place(s source) []string {
	for path, item := range entries(at(s.root, "paths")) {
		for method := range entries(item) {
			return []string{path, strconv.Itoa(slices.Index(methods, method))}
		}
	}
	return []string{"~"}
}
