package main

import (
	"fmt"
	"io/fs"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// fillExamples gives the examples of the operation's body and of its answers that succeed their values: what a sandbox
// was sent and has answered in the cases that they name. Examples that are not recorded yet are left out, because the
// server that is to be asked is built from this document.
func (c *contract) fillExamples(op *operation, dir fs.FS, p *problems) {
	file := op.id + ".yaml"
	op.recorded = mapping()
	if content, err := fs.ReadFile(dir, file); err == nil {
		root, err := tree.Parse(content)
		if err != nil {
			p.add(file, nil, "%v", err)
			return
		}
		op.recorded = normalise(root, file, p)
	}
	fill := func(part string, content *yaml.Node) {
		examples := at(content, "application/json", "examples")
		kept := mapping()
		for name, example := range entries(examples) {
			title := remove(example, "case")
			if title == nil {
				p.add(op.where, example, "example %s names no case of the sandbox's world", name)
				continue
			}
			if value := at(op.recorded, title.Value, part); value != nil {
				set(example, "value", clone(value))
				set(kept, name, example)
			} else {
				c.unrecorded = append(c.unrecorded, fmt.Sprintf("%s: the %s of case %q is not recorded", op.where, part, title.Value))
			}
		}
		if examples != nil {
			examples.Content = kept.Content
		}
	}
	fill("request", at(op.node, "requestBody", "content"))
	for _, response := range entries(at(op.node, "responses")) {
		fill("answer", at(response, "content"))
	}
}
