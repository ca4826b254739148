package main

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/publish"
	"esoz/openapi/tree"
)

// statusMachine is the x-status-machine of a schema.
type statusMachine struct {
	Title       string
	Place       string `yaml:"-"` // the schema, or its property
	Dictionary  string
	States      []string
	Initial     []string
	Final       []string
	Transitions []struct{ From, To, By, Source string }
	Note        string
}

// readStatusMachines returns the status machines of a document in its order.
func readStatusMachines(document []byte) ([]statusMachine, error) {
	root, err := tree.Parse(document)
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	var machines []statusMachine
	read := func(schema *yaml.Node, place string) error {
		n := tree.At(schema, "x-status-machine")
		if n == nil {
			return nil
		}
		machine := statusMachine{Place: place}
		if err := n.Decode(&machine); err != nil {
			return fmt.Errorf("read the status machine of %s: %w", place, err)
		}
		machines = append(machines, machine)
		return nil
	}
	for name, schema := range tree.Entries(tree.At(root, "components", "schemas")) {
		if err := read(schema, name); err != nil {
			return nil, err
		}
		for property, value := range tree.Entries(tree.At(schema, "properties")) {
			if err := read(value, name+"."+property); err != nil {
				return nil, err
			}
		}
	}
	return machines, nil
}

// Diagram draws a status machine for Mermaid.
func (m statusMachine) Diagram() string {
	var out strings.Builder
	out.WriteString("stateDiagram-v2\n")
	end := func(state string) string {
		if state == "" {
			return "[*]"
		}
		return state
	}
	for _, t := range m.Transitions {
		label := strings.NewReplacer(";", ",", ":", " ", "#", " ").Replace(t.By)
		fmt.Fprintf(&out, "    %s --> %s : %s\n", end(t.From), t.To, label)
	}
	for _, state := range m.Final {
		fmt.Fprintf(&out, "    %s --> [*]\n", state)
	}
	return out.String()
}

func statusMachinePage(machines []statusMachine) string {
	type row struct{ From, To, By, Source string }
	type section struct {
		statusMachine
		Rows []row
	}
	var sections []section
	for _, m := range machines {
		s := section{statusMachine: m}
		for _, t := range m.Transitions {
			source := t.Source
			if url := publish.SourceURL(source); url != "" {
				source = "[" + strings.NewReplacer("[", `\[`, "]", `\]`).Replace(source) + "](" + url + ")"
			}
			s.Rows = append(s.Rows, row{t.From, t.To, t.By, source})
		}
		sections = append(sections, s)
	}
	return render(`# Status machines

Made from `+"`x-status-machine`"+` of the contract by `+"`make generate`"+`. Each transition has its source. A transition made by an operation of this contract shows its operationId; others are described in words.
{{range .}}
## {{.Title}}

`+"`{{.Place}}`{{with .Dictionary}}, dictionary `{{.}}`{{end}}"+`

`+"```mermaid\n{{.Diagram}}```"+`
{{with .Note}}
{{.}}{{end}}
| from | to | by | source |
|---|---|---|---|
{{range .Rows}}| {{with .From}}`+"`{{.}}`{{end}} | `{{.To}}`"+` | {{cell .By}} | {{cell .Source}} |
{{end}}{{end}}`, sections)
}
