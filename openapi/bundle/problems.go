package main

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// problems collects everything that is wrong with the sources, so that an author sees it all at once.
type problems struct{ list []error }

// add notes a problem at a node; where is a source file, followed by the operation or rule if there is one.
func (p *problems) add(where string, n *yaml.Node, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if n != nil && n.Line > 0 {
		message = fmt.Sprintf("line %d: %s", n.Line, message)
	}
	p.list = append(p.list, fmt.Errorf("%s: %s", where, message))
}

func (p *problems) err() error { return errors.Join(p.list...) }
