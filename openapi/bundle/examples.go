package main

import (
	"io/fs"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// fillExamples gives the examples of bodies and of answers that succeed their values from the recorded cases.
func (op *operation) fillExamples(dir fs.FS, p *problems) {
	file := op.id + ".yaml"
	content, err := fs.ReadFile(dir, file)
	if err != nil {
		p.add(op.where, op.node, "%v: make examples records it", err)
		return
	}
	recorded, err := tree.Parse(content)
	if err != nil {
		p.add(file, nil, "%v", err)
		return
	}
	fill := func(part string, content *yaml.Node) {
		for name, example := range entries(at(content, "application/json", "examples")) {
			value := at(recorded, name, part)
			if value == nil {
				p.add(op.where, example, "%s has no %s of %q", file, part, name)
				continue
			}
			set(example, "value", normalise(clone(value), file, p))
		}
	}
	fill("request", at(op.node, "requestBody", "content"))
	for _, response := range entries(at(op.node, "responses")) {
		fill("answer", at(response, "content"))
	}
}
